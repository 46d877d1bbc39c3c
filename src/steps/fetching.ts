/** fetching: it is paid. Call again with the credential, with the same one for as long as that can work. */
import { rejection, isRejection, type CustomerErrorCode, type Rejection } from '../core/errors.js'
import type { Millis } from '../core/identifiers.js'
import type { Fetching } from '../core/job.js'
import { mayRepeat } from '../core/route.js'
import { heldOf } from '../core/transition-spend.js'
import type { Fact } from '../core/transition.js'
import { isReusable, presentCredential } from '../l402/credential.js'
import { buildProcessing } from '../nostr/kinds/job-feedback.js'
import type { UpstreamOutcome } from '../ports.js'
import { beforeCall, headerOf, isUnbegun, outputOf, placeOf, retryAt, statusOf, type Place } from './calling.js'
import { pauseUntil, type Pause, type Step, type StepContext } from './context.js'
import { rememberCredit, reportedBalance } from './credit.js'
import { aboutJob, answerJob } from './delivery.js'
import { settleBeside } from './settling.js'
import { callUpstream } from './streaming.js'

/** A gate may see the settlement a little later than we do; each further refusal costs it an invoice. */
const MAX_REFUSALS = 3
const MAX_BREAKAGES = 16
/** Where each of them is charged for. */
const MAX_PAID_REPEATS = 2
const UNCONFIGURED_RETRY_MS = 60_000
const PROCESSING_LIFETIME_S = 600

export const fetching: Step<'fetching'> = async (context, job) => {
  const settleAt = settleDueAt(job)
  if (settleAt !== null && context.clock.now() >= settleAt && !isUnbegun(context, job.calls.attempt))
    return { type: 'settleDue' }
  const place = placeOf(context, job)
  if (!place) {
    // A paid job is never given up for a configuration that can be put right.
    context.log.error({ job: job.id, upstream: job.call.upstream, route: job.call.route }, 'paid, but not configured')
    const until = context.clock.now() + UNCONFIGURED_RETRY_MS
    // ORDER: a call that was announced and cannot be made is taken back before the wait. After a crash during it the next run
    // would take the call for one under way, and a job that may not be repeated would be given up.
    if (isUnbegun(context, job.calls.attempt))
      return { type: 'attemptFailed', retryAt: until, outcomeUnknown: false, why: 'deferred' }
    return soonest(pauseUntil(until), settleAt)
  }
  const instead = beforeCall(context, job, place.route)
  if (instead) return soonest(instead, settleAt)

  if (job.calls.tries === 1) void sayProcessing(context, job)
  const endWait = settleAt === null ? null : settleAfter(context, job, settleAt)
  const outcome = await callUpstream(context, job, place, {
    ...job.call,
    ...presentCredential(job.offer.scheme, job.secrets.token, job.secrets.key),
    ...(place.route.idempotencyKey ? { idempotencyKey: job.id } : {}),
  })
  endWait?.()
  return judge(context, job, place, outcome)
}

/** With on-result, when the held payment must be taken although no answer is there yet; null where none is held. */
function settleDueAt(job: Fetching): Millis | null {
  if (heldOf(job) === null || !job.spent || !job.offer.purchase) return null
  return job.spent.at + job.offer.purchase.maxHoldMs
}

/** An upstream that answers byte by byte does not prolong the hold. */
const settleAfter = (context: StepContext, job: Fetching, settleAt: Millis): (() => void) =>
  context.clock.after(Math.max(0, settleAt - context.clock.now()), () => void settleBeside(context, job))

const soonest = (instead: Fact | Pause, settleAt: Millis | null): Fact | Pause =>
  settleAt !== null && instead.type === 'pause' ? pauseUntil(Math.min(instead.until ?? settleAt, settleAt)) : instead

/** Best effort beside the call: nothing depends on it, so it is neither saved nor repeated. */
async function sayProcessing(context: StepContext, job: Fetching): Promise<void> {
  try {
    const template = buildProcessing(aboutJob(context, job))
    const notAfter = template.created_at + PROCESSING_LIFETIME_S
    const delivery = await answerJob(context, job, template, { purpose: 'processing', notAfter })
    if (!isRejection(delivery)) context.send(job, delivery)
  } catch (error) {
    context.log.warn({ job: job.id, reason: error instanceof Error ? error.name : 'unknown' }, 'processing not said')
  }
}

function judge(context: StepContext, job: Fetching, place: Place, outcome: UpstreamOutcome): Fact {
  const { tries, refusals, breakages } = job.calls
  const patient = context.clock.now() - job.payment.at < context.settings.patienceMs
  const refuse = (code: CustomerErrorCode, detail: string, httpStatus?: number): Fact => {
    const why: Rejection = rejection(code, detail)
    return { type: 'refused', rejection: httpStatus === undefined ? why : { ...why, httpStatus } }
  }
  const retry = (why: 'deferred' | 'refused' | 'broken', retryAfter?: string): Fact => ({
    type: 'attemptFailed',
    retryAt: retryAt(context, tries, retryAfter),
    outcomeUnknown: why === 'broken',
    why,
  })

  if (outcome.type === 'unsent') {
    return patient ? retry('deferred') : refuse('upstream-failed', 'unreachable since the payment')
  }
  if (outcome.type === 'tooLarge') return refuse('result-too-large', 'over the response cap', outcome.status)
  const repeatable = mayRepeat(place.route, job.call, true)
  if (outcome.type === 'unknown') {
    if (!repeatable) return refuse('outcome-unknown', 'the connection was lost during the call')
    return breakages < MAX_BREAKAGES ? retry('broken') : refuse('upstream-failed', `no answer after ${tries} calls`)
  }
  const status = statusOf(outcome)
  const left = reportedBalance(outcome)
  if (status >= 200 && status < 300) {
    keepCredit(context, job, place, outcome)
    return { type: 'answered', output: outputOf(context, job, outcome) }
  }
  if (status === 401 || status === 402 || status === 403) {
    // Never a second charge: whatever it challenges us with now is not shown to anybody.
    if (refusals < MAX_REFUSALS) return retry('refused')
    return refuse(job.calls.outcomeUnknown ? 'credential-consumed' : 'credential-refused', `answered ${status}`, status)
  }
  if (left !== null && status >= 500) {
    // Debited before the API was asked, and not given back: every further try is paid by the customer.
    keepCredit(context, job, place, outcome)
    if (left === 0) return refuse('upstream-failed', `answered ${status}, and no credit is left to try again`, status)
    if (breakages >= MAX_PAID_REPEATS)
      return refuse('upstream-failed', `answered ${status}, and each try costs`, status)
    return repeatable ? retry('broken') : refuse('upstream-failed', `answered ${status}`, status)
  }
  if (status === 429 || status === 503) {
    return patient
      ? retry('deferred', headerOf(outcome, 'retry-after'))
      : refuse('upstream-failed', `answered ${status}`, status)
  }
  if (status >= 500 && repeatable && breakages < MAX_BREAKAGES) return retry('broken')
  return refuse('upstream-failed', `answered ${status}`, status)
}

/** What is left of the credential is the customer's, whatever became of the call. */
function keepCredit(
  context: StepContext,
  job: Fetching,
  place: Place,
  outcome: Extract<UpstreamOutcome, { type: 'response' }>,
): void {
  const { scheme } = job.offer
  if (!isReusable(scheme)) return
  const { authorization } = presentCredential(scheme, job.secrets.token, job.secrets.key)
  rememberCredit(context, job, place, outcome, authorization)
}
