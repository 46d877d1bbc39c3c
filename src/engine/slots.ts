/** Whose turn is it? At most N steps run at once; paid work goes before unpaid, and a quarter of the slots is kept for it. */

export interface Slots {
  /** Resolves with the function that gives the slot back. */
  take(urgent: boolean): Promise<() => void>
}

/** One in this many is kept: slow calls that anybody may cause for nothing must not hold up what is paid. */
const KEPT_SHARE = 4

export function createSlots(limit: number): Slots {
  const limitOfUnpaid = limit - Math.floor(limit / KEPT_SHARE)
  const urgentQueue: (() => void)[] = []
  const queue: (() => void)[] = []
  let taken = 0
  let takenByUnpaid = 0

  const hasRoom = (urgent: boolean): boolean => taken < limit && (urgent || takenByUnpaid < limitOfUnpaid)
  const count = (urgent: boolean, step: 1 | -1): void => {
    taken += step
    if (!urgent) takenByUnpaid += step
  }
  function give(urgent: boolean): void {
    count(urgent, -1)
    const nextIsUrgent = urgentQueue.length > 0
    if (!hasRoom(nextIsUrgent)) return
    const next = nextIsUrgent ? urgentQueue.shift() : queue.shift()
    if (!next) return
    count(nextIsUrgent, 1)
    next()
  }

  return {
    async take(urgent) {
      if (hasRoom(urgent)) count(urgent, 1)
      else await new Promise<void>((resolve) => (urgent ? urgentQueue : queue).push(resolve))
      let given = false
      return () => {
        if (given) return
        given = true
        give(urgent)
      }
    },
  }
}
