/** May held money be spent now, and within which limits? Every check between accepted and paid: until it is paid, refusing is safe. */
import { isRejection, rejection, type Rejection } from '../core/errors.js'
import type { Millis } from '../core/identifiers.js'
import type { Hold, Paying } from '../core/job.js'
import type { PaymentLimits } from '../ports.js'
import { delayLeft } from '../settlement/purchase-terms.js'
import type { Purse } from '../settlement/purse.js'
import type { StepContext } from './context.js'

/** A payment that is begun right before its invoice expires may arrive too late. */
const LEAST_TIME_MS: Millis = 10_000
/** What was seen of the hold when it was accepted counts for so long. */
const SEEN_LATELY_MS: Millis = 30_000

const unpayable = (detail: string): Rejection => rejection('upstream-unpayable', detail)

/** Why it must not be paid any more, from what is known without asking; null where nothing speaks against it. */
export function whyNotPay({ clock, exposure }: StepContext, job: Paying): Rejection | null {
  const { purchase, amountMsat } = job.offer
  if (purchase.expiresAt < clock.now() + LEAST_TIME_MS) return unpayable('the invoice of the upstream has expired')
  if (purchase.mode === 'resell') return null
  if (!job.hold) return unpayable('nothing is held for it')
  if (job.hold.amountMsat < amountMsat) return unpayable(`${job.hold.amountMsat} msat are held, ${amountMsat} are due`)
  if (exposure.isHalted(job.call.upstream)) return unpayable('an earlier payment to the upstream nears its deadline')
  return null
}

/** Whether so many payments to the same node are under way that this one has to wait. */
export function mustWait({ exposure, upstreams }: StepContext, { offer, call, spending }: Paying): boolean {
  if (offer.purchase.mode === 'resell') return false
  const most = upstreams.get(call.upstream)?.settings.terms.wrap.maxUnderWay ?? 1
  const others = exposure.underWayTo(offer.purchase.payee) - (spending.attempt === null ? 0 : 1)
  return others >= most
}

/** What the payment may cost in fees and time; why it must not be begun, otherwise. @throws where the wallet does not answer. */
export async function limitsOf(context: StepContext, job: Paying, purse: Purse): Promise<PaymentLimits | Rejection> {
  const { offer, payment, hold, call } = job
  const { purchase } = offer
  const { maxFeeMsat } = purchase
  if (!hold) {
    const objection = await context.exposure.spend(job, context.upstreams.get(call.upstream)?.settings)
    return objection ?? { maxFeeMsat, maxDelayBlocks: null }
  }
  // After a wait, what was seen of the hold is old: blocks have passed, and it may have gone back.
  const isFresh = context.clock.now() - payment.at < SEEN_LATELY_MS
  const seen = isFresh ? hold : await lookAgain(purse, offer)
  if (isRejection(seen)) return seen
  const trusted = context.upstreams.get(call.upstream)?.settings.terms.wrap.trusted ?? false
  const maxDelayBlocks = delayLeft(seen, purchase, trusted)
  return isRejection(maxDelayBlocks) ? maxDelayBlocks : { maxFeeMsat, maxDelayBlocks }
}

async function lookAgain({ wallet, info }: Purse, offer: Paying['offer']): Promise<Hold | Rejection> {
  const [seen, { blockHeight }] = await Promise.all([wallet.lookupInvoice(offer.paymentHash), info()])
  if (seen.state !== 'accepted') return unpayable(`the held payment is ${seen.state}`)
  const { amountMsat, settleDeadline } = seen
  if (amountMsat < offer.amountMsat) return unpayable(`${amountMsat} msat are held, ${offer.amountMsat} are due`)
  return { amountMsat, settleDeadline, blockHeight }
}
