/** Is there credit left? What a customer paid for and has not used up serves that customer's next jobs, and nobody else's. */
import type { Millis } from '../core/identifiers.js'
import type { Fetching, Quoting } from '../core/job.js'
import type { Fact } from '../core/transition.js'
import { credentialExpiry, parseAuthorization } from '../l402/credential.js'
import type { Credit, UpstreamOutcome } from '../ports.js'
import { headerOf, type Place } from './calling.js'
import type { StepContext } from './context.js'

type Response = Extract<UpstreamOutcome, { type: 'response' }>

/** The credential that goes along with this job's call: in date, and not known to be too little for it. */
export function creditFor(
  { store, clock }: StepContext,
  { customer, call }: Quoting,
  { binding, route }: Place,
): Credit | undefined {
  const { reuseCredit, creditMs = null } = binding.settings
  const credit = reuseCredit ? store.credit(customer, call.upstream) : undefined
  if (credit === undefined) return undefined
  if (hasEnded(credit, creditMs, clock.now())) {
    store.dropCredit(customer, call.upstream)
    return undefined
  }
  const isTooLittle = credit.balanceSats !== null && credit.balanceSats * 1000 < (route.priceMsat ?? 0)
  return isTooLittle ? undefined : credit
}

/** By what its token says, or by the operator's word. */
function hasEnded({ authorization, savedAt }: Credit, creditMs: number | null, now: Millis): boolean {
  if (creditMs !== null && savedAt + creditMs <= now) return true
  const parts = parseAuthorization(authorization)
  const ends = parts && credentialExpiry(parts.scheme, parts.token)
  return ends !== null && ends <= now
}

/**
 * Keeps the credential while the upstream reports a balance, or where the operator says that its tokens stay good, and forgets it when
 * it is used up. Of two credentials of one customer the one that is worth more stays.
 */
export function rememberCredit(
  { store, clock }: StepContext,
  { customer, call: { upstream } }: Quoting | Fetching,
  { binding }: Place,
  outcome: Response,
  authorization: string,
): void {
  const { reuseCredit, tokensStayGood = false } = binding.settings
  if (!reuseCredit) return
  const balanceSats = reportedBalance(outcome)
  const kept = store.credit(customer, upstream)
  const isOther = kept !== undefined && kept.authorization !== authorization
  if (balanceSats === 0 || (balanceSats === null && !tokensStayGood)) {
    // ORDER: jobs of one customer run at the same time: what another one has left there is not this one's to forget.
    if (!isOther) store.dropCredit(customer, upstream)
    return
  }
  if (isOther && worthOf(kept.balanceSats) > worthOf(balanceSats)) return
  store.putCredit({ customer, upstream, authorization, balanceSats, savedAt: clock.now() })
}

const worthOf = (balanceSats: number | null): number => balanceSats ?? Infinity

/** Null where the upstream says nothing. What cannot be read counts as nothing left. */
export function reportedBalance(outcome: Response): number | null {
  const reported = headerOf(outcome, 'x-credit-balance')
  if (reported === undefined) return null
  return /^[0-9]{1,15}$/.test(reported) ? Number(reported) : 0
}

/**
 * The upstream did not take the credential: it is forgotten, and the job is quoted like any other. It is kept where it is only too
 * little for this call: what is left still buys cheaper ones.
 */
export function forgetRefused({ store }: StepContext, job: Quoting, refused: Credit, instead: Fact | null): void {
  const { customer, call } = job
  const price = instead?.type === 'challenged' ? instead.challenge.callPriceMsat : null
  if (price !== null && refused.balanceSats !== null && refused.balanceSats > 0 && refused.balanceSats * 1000 < price)
    return
  if (store.credit(customer, call.upstream)?.authorization === refused.authorization)
    store.dropCredit(customer, call.upstream)
}
