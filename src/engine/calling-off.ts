/** Which jobs were called off by their authors? A word that holds from then on, whatever the step under way finds out. */
import type { EventId, Pubkey } from '../core/identifiers.js'
import { isOpen, type Job, type OpenJob } from '../core/job.js'
import type { Fact } from '../core/transition.js'
import { callOff, isStoppable, sayGoesOn } from '../steps/calling-off.js'
import type { Pause, StepContext } from '../steps/context.js'
import type { performStep } from '../steps/index.js'
import { createRecentIds } from './recent-ids.js'

/** What came of it. `goesOn`: paid for, or executed already; the customer is told so. `foreign`: not the author of that job. */
export type CancelOutcome = 'stopping' | 'goesOn' | 'ended' | 'foreign' | 'unknown'

export interface CallingOff {
  /** The author's word on a job that is known. `stopping` wants the job to be looked at. */
  request(context: StepContext, job: Job, author: Pubkey): Exclude<CancelOutcome, 'unknown'>
  /** Performs the step, or the end in its place. */
  perform(context: StepContext, job: OpenJob, step: typeof performStep): Promise<Fact | Pause>
  /** The job has ended. */
  forget(jobId: EventId): void
}

export function createCallingOff(): CallingOff {
  const requested = new Set<EventId>()
  /** Told that the work goes on: once each, however often they ask. */
  const told = createRecentIds(10_000)

  return {
    request(context, job, author) {
      if (job.customer !== author) return 'foreign'
      if (isStoppable(context, job)) {
        requested.add(job.id)
        return 'stopping'
      }
      if (!isOpen(job) || job.state === 'failing') return 'ended'
      if (!told.has(job.id)) {
        told.add(job.id)
        void sayGoesOn(context, job)
      }
      return 'goesOn'
    },
    async perform(context, job, step) {
      if (!requested.has(job.id)) {
        const fact = await step(context, job)
        if (!requested.has(job.id)) return fact
        // What was paid or executed is delivered; and what became of a payment is never forgotten.
        if (fact.type === 'settled' || fact.type === 'answered' || job.state === 'paying') return fact
      }
      if (isStoppable(context, job)) return callOff(context, job)
      requested.delete(job.id)
      return step(context, job)
    },
    forget: (jobId) => void requested.delete(jobId),
  }
}
