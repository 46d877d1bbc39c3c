/** Whose turn is it? At most N steps run at once; paid work goes before unpaid. */

export interface Slots {
  /** Resolves with the function that gives the slot back. */
  take(urgent: boolean): Promise<() => void>
}

export function createSlots(limit: number): Slots {
  const urgentQueue: (() => void)[] = []
  const queue: (() => void)[] = []
  let taken = 0
  const give = (): void => {
    const next = urgentQueue.shift() ?? queue.shift()
    if (next) next()
    else taken -= 1
  }
  return {
    async take(urgent) {
      if (taken < limit) taken += 1
      else await new Promise<void>((resolve) => (urgent ? urgentQueue : queue).push(resolve))
      let given = false
      return () => {
        if (given) return
        given = true
        give()
      }
    },
  }
}
