/** What becomes of a step that failed? The lane tries again, ever later; what nobody paid for is given up in the end. */
import { TollbridgeError, isFault } from '../core/errors.js'
import type { EventId, Millis } from '../core/identifiers.js'
import type { Job } from '../core/job.js'

const RETRY_MS = 1_000
const MAX_RETRY_MS = 60_000
/** A job that nobody paid for is given up after so many faults in one state. */
const MAX_UNPAID = 5

export interface Faults {
  count(
    job: Job,
    error: unknown,
  ): {
    readonly inARow: number
    readonly reason: string
    readonly giveUp: boolean
    readonly delayMs: Millis
  }
  forget(jobId: EventId): void
  /** The jobs whose last step failed. */
  jobs(): readonly EventId[]
}

export function createFaults(): Faults {
  const inARow = new Map<EventId, number>()
  return {
    count(job, error) {
      const count = (inARow.get(job.id) ?? 0) + 1
      inARow.set(job.id, count)
      const mayGiveUp = job.state === 'gathering' || job.state === 'quoting' || job.state === 'invoicing'
      return {
        inARow: count,
        reason: error instanceof TollbridgeError ? error.message : error instanceof Error ? error.name : 'unknown',
        // A signer that is away stalls jobs and loses none.
        giveUp: mayGiveUp && count >= MAX_UNPAID && !isFault(error, 'signer-unavailable'),
        delayMs: Math.min(MAX_RETRY_MS, RETRY_MS * 2 ** Math.min(count - 1, 10)),
      }
    },
    forget: (jobId) => void inARow.delete(jobId),
    jobs: () => [...inARow.keys()],
  }
}
