/** quoting: ask the upstream. It answers at once (free, or by credit left), or it challenges us for payment. */
import { rejection, type Rejection } from '../core/errors.js'
import { isMalformed } from '../core/identifiers.js'
import type { Quoting } from '../core/job.js'
import { mayRepeat } from '../core/route.js'
import type { Fact } from '../core/transition.js'
import { isUnsupportedScheme, parseChallenge } from '../l402/challenge.js'
import type { Credit, UpstreamOutcome } from '../ports.js'
import { beforeCall, headerOf, outputOf, placeOf, retryAt, statusOf, type Place } from './calling.js'
import type { Step, StepContext } from './context.js'
import { creditFor, forgetRefused, rememberCredit, reportedBalance } from './credit.js'
import { isAnsweredElsewhere } from './elsewhere.js'
import { objectionToSize } from './result-size.js'
import { callUpstream } from './streaming.js'

const MAX_TRIES = 3

export const quoting: Step<'quoting'> = async (context, job) => {
  const place = placeOf(context, job)
  if (!place) return refuse(rejection('path-not-allowed', 'the route is no longer configured'))
  const objection = objectionToSize(context, job, place.route)
  if (objection) return refuse(objection)
  const instead = beforeCall(context, job, place.route)
  if (instead) return instead

  const credit = creditFor(context, job, place)
  // ORDER: that a credential goes along is saved before the call: after a crash nobody could tell whether the gate let it through.
  if (credit && !job.calls.attempt?.withCredit && !mayRepeat(place.route, job.call, true)) {
    return { type: 'attempting', attempt: { run: context.run, withCredit: true } }
  }
  if (isOld(job) && (await isAnsweredElsewhere(context, job))) return { type: 'answeredElsewhere' }
  const outcome = await callUpstream(context, job, place, {
    ...job.call,
    ...(credit ? { authorization: credit.authorization } : {}),
    ...(place.route.idempotencyKey ? { idempotencyKey: job.id } : {}),
  })
  return judge(context, job, place, outcome, credit)
}

/**
 * A job that lay at the relay when we heard it may have been served by a daemon that shares our key: a free call is not made twice.
 * Fresh ones are not asked after here, since every one of them would wait for the relays; what costs money is asked after again
 * before the offer.
 */
const OLD_MS = 5_000

function isOld(job: Quoting): boolean {
  if (job.calls.tries > 1) return false
  const { created_at } = JSON.parse(job.request) as { created_at: number }
  return job.receivedAt - created_at * 1000 > OLD_MS
}

const refuse = (why: Rejection): Fact => ({ type: 'refused', rejection: why })

function judge(
  context: StepContext,
  job: Quoting,
  place: Place,
  outcome: UpstreamOutcome,
  credit: Credit | undefined,
): Fact {
  const { tries } = job.calls
  const retry = (outcomeUnknown: boolean, retryAfter?: string): Fact =>
    tries < MAX_TRIES
      ? { type: 'attemptFailed', retryAt: retryAt(context, tries, retryAfter), outcomeUnknown, why: 'broken' }
      : refuse(rejection('upstream-unavailable', `no answer after ${tries} calls`))

  if (outcome.type === 'unsent') return retry(false)
  if (outcome.type === 'tooLarge') return refuse({ ...rejection('result-too-large'), httpStatus: outcome.status })
  const repeatable = mayRepeat(place.route, job.call, credit !== undefined)
  if (outcome.type === 'unknown') {
    return repeatable ? retry(true) : refuse(rejection('outcome-unknown', 'the connection was lost during the call'))
  }
  const status = statusOf(outcome)
  if (status !== outcome.status) return refuse(rejection('upstream-refused', 'it answers in gRPC, which hides its 402'))
  if (status === 402) {
    const asked = challenge(job, place, outcome)
    if (credit) forgetRefused(context, job, credit, asked)
    return asked
  }
  if (status >= 200 && status < 300) {
    if (credit) rememberCredit(context, job, place, outcome, credit.authorization)
    return { type: 'answered', output: outputOf(context, job, outcome) }
  }
  if (credit && (status === 401 || status === 403)) {
    // The credential is no longer good: ask again without it. Nothing was executed, and nobody is charged.
    forgetRefused(context, job, credit, null)
    return { type: 'attemptFailed', retryAt: 0, outcomeUnknown: false, why: 'refused' }
  }
  // Debited before the API was asked, and not given back: what is left is known from this answer, too.
  if (credit && reportedBalance(outcome) !== null) rememberCredit(context, job, place, outcome, credit.authorization)
  if (status === 429 || status === 503) return retry(false, headerOf(outcome, 'retry-after'))
  if (status >= 500 && repeatable) return retry(true)
  const code = status >= 500 ? 'upstream-unavailable' : 'upstream-refused'
  return refuse({ ...rejection(code, `answered ${status}`), httpStatus: status })
}

function challenge(job: Quoting, { binding }: Place, outcome: Extract<UpstreamOutcome, { type: 'response' }>): Fact {
  const parsed = parseChallenge({
    headers: outcome.headers['www-authenticate'] ?? [],
    body: outcome.body,
    contentType: headerOf(outcome, 'content-type') ?? null,
    requestTarget: job.call.target,
    paymentRequired: headerOf(outcome, 'payment-required') ?? null,
    scheme: binding.settings.scheme ?? 'auto',
    statusPrefix: binding.settings.statusPrefix ?? null,
    sameOriginTarget: (reference) => binding.client.sameOriginTarget(reference),
  })
  if (isMalformed(parsed)) return refuse({ ...rejection('challenge-invalid', parsed.malformed), httpStatus: 402 })
  if (isUnsupportedScheme(parsed)) {
    return refuse({ ...rejection('payment-scheme-unsupported', parsed.schemes.join(', ')), httpStatus: 402 })
  }
  return { type: 'challenged', challenge: parsed }
}
