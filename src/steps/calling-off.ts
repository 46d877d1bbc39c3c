/** What is said to whoever calls a job off? That it has ended; or, once it is paid for, that the work goes on. */
import { CUSTOMER_ERRORS, isRejection } from '../core/errors.js'
import type { Job, OpenJob, OpenState } from '../core/job.js'
import type { Fact } from '../core/transition.js'
import { buildErrorFeedback, buildProcessing } from '../nostr/kinds/job-feedback.js'
import type { StepContext } from './context.js'
import { aboutJob, answerJob } from './delivery.js'
import { settledFact } from './settled.js'

const STOPPABLE: ReadonlySet<OpenState> = new Set<OpenState>([
  'gathering',
  'quoting',
  'invoicing',
  'offering',
  'awaiting',
])

/** Whether nobody has paid, and nothing was executed that could be delivered. */
export const isStoppable = (
  job: Job,
): job is Extract<OpenJob, { state: 'gathering' | 'quoting' | 'invoicing' | 'offering' | 'awaiting' }> =>
  STOPPABLE.has(job.state as OpenState)

/** Signed once and saved with the end that it tells of. A payment that was found meanwhile comes first. */
export async function callOff(context: StepContext, job: Job): Promise<Fact> {
  const settled = job.state === 'offering' || job.state === 'awaiting' ? settledFact(context, job) : null
  if (settled) return settled
  const code = 'cancelled'
  const error = { ...aboutJob(context, job), code, message: CUSTOMER_ERRORS[code], httpStatus: null, sealed: '' }
  const delivery = await answerJob(context, job, buildErrorFeedback(error), { purpose: 'error', notAfter: null })
  if (isRejection(delivery)) throw new Error('an error feedback is never too large')
  return { type: 'cancelled', delivery }
}

const NOTE_LIFETIME_S = 600

/** Best effort beside the work: nothing depends on it. */
export async function sayGoesOn(context: StepContext, job: Job): Promise<void> {
  try {
    const template = buildProcessing(aboutJob(context, job), [
      'not-cancelled',
      'It is too late to cancel: the work goes on, and its result is delivered.',
    ])
    const notAfter = template.created_at + NOTE_LIFETIME_S
    const delivery = await answerJob(context, job, template, { purpose: 'processing', notAfter })
    if (!isRejection(delivery)) context.send(job, delivery)
  } catch (error) {
    context.log.warn({ job: job.id, reason: error instanceof Error ? error.name : 'unknown' }, 'not said')
  }
}
