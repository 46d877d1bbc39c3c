/** What may not overlap? Runs one piece of work after the other, in the order in which they were asked for. */

export type OneAtATime = <T>(work: () => Promise<T>) => Promise<T>

/** What fails, fails for its caller alone: the next one has its turn all the same. */
export function createOneAtATime(): OneAtATime {
  let last: Promise<unknown> = Promise.resolve()
  return (work) => {
    const done = last.then(work)
    last = done.catch(() => undefined) // its caller is told
    return done
  }
}
