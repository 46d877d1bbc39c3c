/** paying: the customer's money is held or here. Pay the upstream, once: this is the only step that spends. */
import { isRejection, rejection } from '../core/errors.js'
import type { Millis } from '../core/identifiers.js'
import type { Paying } from '../core/job.js'
import type { Fact } from '../core/fact.js'
import { isPreimageOf } from '../l402/credential.js'
import type { PaymentOutcome } from '../ports.js'
import { limitsOf, mustWait, whyNotPay } from './before-paying.js'
import { pauseUntil, type Pause, type Step, type StepContext } from './context.js'

const UNCONFIGURED_RETRY_MS: Millis = 60_000
/** The wallet is starting, or so many payments are under way that this one waits for its turn. */
const TURN_LOOK_MS: Millis = 250

export const paying: Step<'paying'> = async (context, job) => {
  const { purchase } = job.offer
  const { attempt } = job.spending
  // ORDER: that we pay was saved before this point. Announced by another run, or acted on by this one, it may have been sent: it is
  // looked up and never sent again.
  if (attempt !== null && (attempt.run !== context.run || context.begun.has(attempt))) return { type: 'payUnknown' }
  const purse = context.purses.get(purchase.wallet)
  if (!purse) {
    context.log.error({ job: job.id, wallet: purchase.wallet }, 'paid to us, but the wallet is not configured')
    return unsentUntil(job, context.clock.now() + UNCONFIGURED_RETRY_MS)
  }
  const objection = whyNotPay(context, job)
  if (objection) return { type: 'payRefused', rejection: objection }
  const isStarting = !purse.wallet.methods.has('payInvoice')
  if (isStarting || mustWait(context, job)) return unsentUntil(job, context.clock.now() + TURN_LOOK_MS)
  if (attempt === null) return { type: 'attempting', attempt: { run: context.run } }

  const limits = await limitsOf(context, job, purse)
  if (isRejection(limits)) return { type: 'payRefused', rejection: limits }
  context.begun.add(attempt)
  return judge(context, job, await purse.wallet.payInvoice(purchase.bolt11, purchase.paymentHash, limits))
}

/** ORDER: what was announced is taken back before a wait: after a crash during it the next run would take it for sent, and track it. */
const unsentUntil = ({ spending }: Paying, until: Millis): Fact | Pause =>
  spending.attempt === null ? pauseUntil(until) : { type: 'unsent' }

function judge({ log, run }: StepContext, job: Paying, outcome: PaymentOutcome): Fact {
  const { paymentHash, maxFeeMsat } = job.offer.purchase
  switch (outcome.type) {
    case 'paid': {
      const { preimage, feesMsat } = outcome
      if (!isPreimageOf(preimage, paymentHash)) {
        log.error({ job: job.id }, 'the wallet gave a preimage that does not fit')
        return { type: 'payUnknown' }
      }
      if (feesMsat !== null && feesMsat > maxFeeMsat)
        log.warn({ job: job.id, feesMsat, maxFeeMsat }, 'fees above the limit')
      return { type: 'paid', preimage, feesMsat, attempt: { run } }
    }
    case 'refused':
      return { type: 'payRefused', rejection: rejection('upstream-unpayable', outcome.reason) }
    case 'unknown':
      log.warn({ job: job.id, reason: outcome.reason }, 'the outcome of a payment is unknown')
      return { type: 'payUnknown' }
  }
}
