/** When does a job's lane wake by itself? One timer for each job that waits for a time. */
import type { EventId, Millis } from '../core/identifiers.js'
import type { Clock } from '../ports.js'

const LONGEST_MS = 2 ** 31 - 1

export interface Alarms {
  /** Expects that none is set for the job. */
  set(jobId: EventId, at: Millis): void
  cancel(jobId: EventId): void
  stop(): void
}

export function createAlarms(clock: () => Clock, ring: (jobId: EventId) => void): Alarms {
  const timers = new Map<EventId, () => void>()
  return {
    set(jobId, at) {
      const delay = Math.min(Math.max(0, at - clock().now()), LONGEST_MS)
      const cancel = clock().after(delay, () => {
        timers.delete(jobId)
        ring(jobId)
      })
      timers.set(jobId, cancel)
    },
    cancel(jobId) {
      timers.get(jobId)?.()
      timers.delete(jobId)
    },
    stop() {
      for (const cancel of timers.values()) cancel()
      timers.clear()
    },
  }
}
