/** What follows once there is an answer, or a failure? The last states of a job, and the operator's second try. */
import type { Channel } from './arrival.js'
import type { Rejection } from './errors.js'
import type { KeptInput } from './job-input.js'
import { NO_CALLS, type Delivery, type Failing, type Job, type JobFailure, type JobIn } from './job.js'
import type { Fact } from './fact.js'
import { unsentRefund } from './refund.js'

export function followPublishing(job: JobIn<'publishing'>, fact: Fact): Job | null {
  const { output, inBlob: _, ...facts } = job
  switch (fact.type) {
    case 'signed':
      return { ...job, output: fact.keepOutput === true ? output : null, outbox: [...job.outbox, fact.delivery] }
    case 'reworked':
      return { ...job, outbox: replaced(job.outbox, fact) }
    case 'outsized':
      // What was signed is taken back: no relay of the customer has it, and none will.
      return { ...job, inBlob: true, outbox: job.outbox.filter(({ purpose }) => purpose !== 'result') }
    case 'delivered':
      return { ...facts, state: 'completed', ...withoutPayload(job) }
    case 'refused': {
      // The answer was paid for: another try begins with it, and not with another call.
      const answer = output !== null && job.payment && !hasResult(job) ? { answer: output } : {}
      return { ...facts, ...answer, state: 'failing', failure: failureOf(fact.rejection) }
    }
    default:
      return null
  }
}

/** The event that nobody holds gives way to the one with work. */
export const replaced = (
  outbox: readonly Delivery[],
  { delivery, replaces }: Extract<Fact, { type: 'reworked' }>,
): readonly Delivery[] => outbox.map((earlier) => (earlier.eventId === replaces ? delivery : earlier))

/** A failure that was signed closes the job; the outbox goes on delivering it. */
export function close(job: Failing, delivery: Delivery): Job {
  const outbox = [...job.outbox, delivery]
  if ('returned' in job) return { ...job, state: job.returned ? 'refunded' : 'failed', outbox }
  if (job.payment) return { ...job, state: 'failed', outbox }
  return { ...job, state: 'rejected', outbox, ...withoutPayload(job) }
}

/** A job that nothing more can come of is kept for ever, and not what its customer sent: that may be large, and cost nothing. */
export const withoutPayload = <C extends Failing['call']>({
  call,
  gathered,
  channel,
}: {
  readonly call: C
  readonly gathered?: readonly KeptInput[]
  readonly channel?: Channel
}): { request: string; call: C; gathered?: readonly KeptInput[]; channel?: Channel } => ({
  request: '',
  ...(channel?.type === 'encrypted' ? { channel: { ...channel, tags: [] } } : {}),
  call: call === null ? call : { ...call, body: null },
  ...(gathered ? { gathered: [] } : {}),
})

/** The same credential again, with a fresh count. What an earlier call may have done is not forgotten. */
export function retry(job: JobIn<'failed'>, { refundTo }: Extract<Fact, { type: 'retried' }>): Job {
  if ('returned' in job) return refundAgain(job, refundTo)
  const { failure, answer, ...facts } = job
  if (answer) return { ...facts, state: 'publishing', output: answer }
  if (failure.code === 'undeliverable' && hasResult(job)) {
    return { ...facts, state: 'publishing', output: null, outbox: job.outbox.map(offeredAgain) }
  }
  const outcomeUnknown = failure.code === 'outcome-unknown' || failure.code === 'credential-consumed'
  return { ...facts, state: 'fetching', calls: { ...NO_CALLS, outcomeUnknown } }
}

/** The money is owed: another try to give it back, the way it came. */
function refundAgain(
  { returned: _, ...job }: Extract<JobIn<'failed'>, { readonly returned: boolean }>,
  refundTo: string | undefined,
): Job {
  if (job.hold || !job.refund) return { ...job, state: 'cancelling' }
  // Owed is only what is certainly unsent.
  if (refundTo !== undefined)
    return { ...job, state: 'refunding', refundTo, refund: { ...job.refund, ...unsentRefund(job.refund.amountMsat) } }
  // That an invoice was tried before is not forgotten: what a wallet says of it may be said of that try.
  const tries = job.refund.bolt11 === null ? 0 : Math.min(job.refund.tries, 1)
  return { ...job, state: 'refunding', refund: { ...job.refund, tries, retryAt: 0 } }
}

/** The result goes once more to the relays that have refused it: the operator has reason to hope. */
function offeredAgain(delivery: Delivery): Delivery {
  if (delivery.purpose !== 'result') return delivery
  const verdicts = Object.entries(delivery.relays)
  const relays = verdicts.map(([relay, verdict]) => [relay, verdict === 'accepted' ? verdict : 'pending'] as const)
  return { ...delivery, relays: Object.fromEntries(relays) }
}

const hasResult = ({ outbox }: Pick<Job, 'outbox'>): boolean => outbox.some(({ purpose }) => purpose === 'result')

/** What is kept, and said, of a refusal. */
export function failureOf({ rejected, detail, httpStatus, remedy }: Rejection): JobFailure {
  const failure = { code: rejected, detail: detail ?? null, httpStatus: httpStatus ?? null }
  return remedy === undefined ? failure : { ...failure, remedy }
}
