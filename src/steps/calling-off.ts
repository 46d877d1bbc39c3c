/** What is said to whoever calls a job off? That it has ended; or, once it is paid for, that the work goes on. */
import { CUSTOMER_ERRORS, isRejection, rejection } from '../core/errors.js'
import type { Job, OpenState } from '../core/job.js'
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

/** Whether nothing was spent or executed: nobody has paid, or what is held can be given back. */
export const isStoppable = (context: Pick<StepContext, 'run' | 'begun'>, job: Job): boolean =>
  STOPPABLE.has(job.state as OpenState) || isHeldUnspent(context, job)

function isHeldUnspent({ run, begun }: Pick<StepContext, 'run' | 'begun'>, job: Job): boolean {
  if (job.state !== 'paying' || job.hold === undefined) return false
  const { attempt } = job.spending
  return attempt === null || (attempt.run === run && !begun.has(attempt))
}

/** Signed once and saved with the end that it tells of. A payment that was found meanwhile comes first. */
export async function callOff(context: StepContext, job: Job): Promise<Fact> {
  if (job.state === 'paying') {
    return { type: 'payRefused', rejection: rejection('payment-returned', 'called off before the upstream was paid') }
  }
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
