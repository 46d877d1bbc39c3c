/** paying: the customer's money is held or here. Pay the upstream, once: this is the only step that spends. */
import { isRejection, rejection, type Rejection } from '../core/errors.js'
import type { Paying } from '../core/job.js'
import type { Fact } from '../core/fact.js'
import { delayLeft } from '../settlement/purchase-terms.js'
import type { Purse } from '../settlement/purse.js'
import { pauseUntil, type Step, type StepContext } from './context.js'

const UNCONFIGURED_RETRY_MS = 60_000
/** A payment that is begun right before its invoice expires may arrive too late. */
const LEAST_TIME_MS = 10_000
/** What was seen of the hold when it was accepted counts for so long. */
const SEEN_LATELY_MS = 30_000

export const paying: Step<'paying'> = async (context, job) => {
  const { purchase } = job.offer
  const { attempt } = job.spending
  const purse = context.purses.get(purchase.wallet)
  if (!purse) {
    context.log.error({ job: job.id, wallet: purchase.wallet }, 'paid to us, but the wallet is not configured')
    return pauseUntil(context.clock.now() + UNCONFIGURED_RETRY_MS)
  }
  if (attempt === null) return { type: 'attempting', attempt: { run: context.run } }
  // ORDER: that we pay was saved before this point. Announced by another run, or acted on by this one, it may have been sent: it is
  // looked up and never sent again.
  if (attempt.run !== context.run || context.begun.has(attempt)) return { type: 'payUnknown' }

  const limits = await limitsOf(context, job, purse)
  if (isRejection(limits)) return { type: 'payRefused', rejection: limits }
  context.begun.add(attempt)
  const outcome = await purse.wallet.payInvoice(purchase.bolt11, purchase.paymentHash, limits)
  switch (outcome.type) {
    case 'paid': {
      const { preimage, feesMsat } = outcome
      return { type: 'paid', preimage, feesMsat, attempt: { run: context.run } }
    }
    case 'refused':
      return payRefused(outcome.reason)
    case 'unknown':
      context.log.warn({ job: job.id, reason: outcome.reason }, 'the outcome of a payment is unknown')
      return { type: 'payUnknown' }
  }
}

const payRefused = (detail: string): Fact => ({
  type: 'payRefused',
  rejection: rejection('upstream-unpayable', detail),
})

/** What the payment may cost in fees and time; why it must not be begun, otherwise: that is always safe. */
async function limitsOf(context: StepContext, job: Paying, purse: Purse) {
  const { purchase } = job.offer
  const now = context.clock.now()
  if (purchase.expiresAt < now + LEAST_TIME_MS) return unpayable('the invoice of the upstream has expired')
  const { maxFeeMsat } = purchase
  if (!job.hold) return { maxFeeMsat, maxDelayBlocks: null }
  const hold = now - job.payment.at < SEEN_LATELY_MS ? job.hold : await lookAgain(job, purse)
  if (isRejection(hold)) return hold
  const trusted = context.upstreams.get(job.call.upstream)?.settings.terms.wrap.trusted ?? false
  const maxDelayBlocks = delayLeft(hold, purchase, trusted)
  return isRejection(maxDelayBlocks) ? maxDelayBlocks : { maxFeeMsat, maxDelayBlocks }
}

const unpayable = (detail: string): Rejection => rejection('upstream-unpayable', detail)

/** After a wait, what was seen of the hold is old: blocks have passed, and it may have gone back. */
async function lookAgain({ offer }: Paying, { wallet }: Purse) {
  const [seen, { blockHeight }] = await Promise.all([wallet.lookupInvoice(offer.paymentHash), wallet.getInfo()])
  if (seen.state !== 'accepted') return unpayable(`the held payment is ${seen.state}`)
  return { settleDeadline: seen.settleDeadline, blockHeight }
}
