/** refunding: the customer has paid us and the upstream could not be paid. Send the money back, by a payment of its own, once. */
import { isMalformed, type Millis } from '../core/identifiers.js'
import type { Refund, Refunding, Spending } from '../core/job.js'
import { parseRefundDestination } from '../core/refund.js'
import type { Fact } from '../core/fact.js'
import { decodeInvoice } from '../l402/invoice.js'
import { fateOf, LAST_LOOK_MS, nextLookAt } from '../settlement/payment-fate.js'
import type { Purse } from '../settlement/purse.js'
import { proveRefundInvoice } from '../settlement/refund-invoice.js'
import { pauseUntil, type Pause, type Step, type StepContext } from './context.js'

/** Each with a new invoice, where the destination gives one; then it is the operator's turn. */
const MOST_TRIES = 6
/** A payment that is begun right before its invoice expires may arrive too late. */
const LEAST_TIME_MS = 10_000
const FEES_RETRY_MS: Millis = 10 * 60_000

type Announced = Refund & { readonly spending: Spending; readonly bolt11: string }

export const refunding: Step<'refunding'> = async (context, job) => {
  const { refund } = job
  const now = context.clock.now()
  if (refund.spent !== null) return { type: 'returned' }
  const purse = context.purses.get(job.offer.purchase.wallet)
  if (!purse) {
    context.log.error({ job: job.id, wallet: job.offer.purchase.wallet }, 'to be refunded, but the wallet is not there')
    return pauseUntil(now + LAST_LOOK_MS)
  }
  if (isAnnounced(refund)) return carryOut(context, job, { purse, refund })
  if (refund.amountMsat <= 0) return owed('it is no more than it costs to send it back')
  if (now < refund.retryAt) return pauseUntil(refund.retryAt)
  if (refund.tries >= MOST_TRIES) return owed('it could not be sent back in several tries')
  if (refund.bolt11 === null) return askForInvoice(context, job)
  if (isTooLate(context, refund.bolt11)) {
    return isFixed(job) ? owed("the customer's invoice has expired") : moved(again(context, job))
  }
  // Of what nobody asked for, the fees come out of what is sent.
  const isOurCost = refund.strayOf === undefined
  if (isOurCost && !(await context.exposure.spendOnRefund(job, context.upstreams.get(job.call.upstream)?.settings))) {
    context.log.warn(
      { job: job.id, upstream: job.call.upstream },
      'a refund waits: too much was spent on fees of refunds',
    )
    return pauseUntil(now + FEES_RETRY_MS)
  }
  // ORDER: announced and saved before it is paid: after a crash it may have been sent, and is looked up instead.
  const spending = { attempt: { run: context.run }, at: now, sawPending: false, notFoundSince: null }
  return moved({ ...refund, spending })
}

const isAnnounced = (refund: Refund): refund is Announced => refund.spending !== null && refund.bolt11 !== null
/** What the customer wrote down does not change; what a server gives may be better the next time. */
const isFixed = ({ refundTo }: Pick<Refunding, 'refundTo'>): boolean => {
  const destination = parseRefundDestination(refundTo)
  return !isMalformed(destination) && destination.type === 'invoice'
}

function isTooLate({ clock }: StepContext, bolt11: string): boolean {
  const invoice = decodeInvoice(bolt11)
  return isMalformed(invoice) || invoice.expiresAt < clock.now() + LEAST_TIME_MS
}

const moved = (refund: Refund): Fact => ({ type: 'refundMoved', refund })
const owed = (reason: string): Fact => ({ type: 'owed', reason })

async function askForInvoice(context: StepContext, job: Refunding): Promise<Fact> {
  const { id, offer, refund, refundTo } = job
  if (refundTo === undefined) return owed('the job names no place to which the money can be sent back')
  const destination = parseRefundDestination(refundTo)
  if (isMalformed(destination)) return owed(destination.malformed)
  const { amountMsat } = refund
  const given = context.refunds
    ? await context.refunds.invoiceFrom(destination, amountMsat)
    : { obstacle: 'nothing is sent back here', final: true }
  if (typeof given !== 'string') {
    context.log.warn({ job: id, reason: given.obstacle, tries: refund.tries + 1 }, 'no invoice to send money back by')
    return given.final ? owed(given.obstacle) : moved(again(context, job))
  }
  const now = context.clock.now()
  const proven = proveRefundInvoice(given, { network: context.settings.network, amountMsat, ownNode: offer.payee, now })
  const wrong = isMalformed(proven)
    ? proven.malformed
    : context.store.hasPaymentHash(proven.paymentHash) && 'its payment hash is or was that of another payment'
  if (wrong || isMalformed(proven)) {
    context.log.warn({ job: id, reason: wrong }, 'an invoice that money cannot be sent back by')
    return isFixed(job) ? owed(`the customer's invoice: ${wrong}`) : moved(again(context, job))
  }
  // ORDER: saved before it is announced: the save claims the hash, so that no two payments ever share it.
  return moved({ ...refund, bolt11: given, paymentHash: proven.paymentHash })
}

/** Nothing was sent. Another try after a while, with another invoice where there can be one. */
function again({ clock, settings }: StepContext, job: Refunding): Refund {
  const tries = job.refund.tries + 1
  const unsent = { ...job.refund, spending: null, tries, retryAt: clock.now() + settings.retryMs * 4 ** tries }
  return isFixed(job) ? unsent : { ...unsent, bolt11: null, paymentHash: null }
}

interface UnderWay {
  readonly purse: Purse
  readonly refund: Announced
}

async function carryOut(context: StepContext, job: Refunding, underWay: UnderWay): Promise<Fact | Pause> {
  const { refund, purse } = underWay
  const { attempt } = refund.spending
  // Announced by another run, or acted on by this one: it may have been sent.
  if (attempt === null || attempt.run !== context.run || context.begun.has(attempt))
    return follow(context, job, underWay)
  const invoice = decodeInvoice(refund.bolt11)
  if (isMalformed(invoice) || isTooLate(context, refund.bolt11)) return moved(again(context, job))
  context.begun.add(attempt)
  // The whole amount goes back: its fees are ours, within the terms that the purchase was made on.
  const limits = { maxFeeMsat: job.offer.purchase.maxFeeMsat, maxDelayBlocks: null }
  const outcome = await purse.wallet.payInvoice(refund.bolt11, invoice.paymentHash, limits)
  switch (outcome.type) {
    case 'paid':
      return moved({ ...refund, spent: { at: context.clock.now(), feesMsat: outcome.feesMsat } })
    case 'refused':
      context.log.warn({ job: job.id, reason: outcome.reason }, 'a refund was refused')
      return moved(again(context, job))
    case 'unknown':
      context.log.warn({ job: job.id, reason: outcome.reason }, 'the outcome of a refund is unknown')
      return pauseUntil(nextLookAt(refund.spending, context.clock.now()))
  }
}

async function follow(context: StepContext, job: Refunding, { refund, purse }: UnderWay): Promise<Fact | Pause> {
  const { spending } = refund
  const invoice = decodeInvoice(refund.bolt11)
  if (isMalformed(invoice)) throw new TypeError('an invoice was announced that cannot be read')
  const now: Millis = context.clock.now()
  const seen = await purse.wallet.lookupPayment(invoice.paymentHash)
  // ORDER: of an invoice that was tried before, `failed` may be said of the earlier try: only its silence is proof then.
  const isOfEarlier = seen.state === 'failed' && refund.tries > 0 && isFixed(job)
  const fate = fateOf(isOfEarlier ? { state: 'not_found' } : seen, spending, { now, expiresAt: invoice.expiresAt })
  switch (fate.state) {
    case 'settled':
      return moved({ ...refund, spent: { at: now, feesMsat: fate.feesMsat } })
    case 'failed':
      return moved(again(context, job))
    case 'noted':
      return moved({
        ...refund,
        spending: { ...spending, sawPending: fate.sawPending, notFoundSince: fate.notFoundSince },
      })
    case 'open':
      return pauseUntil(nextLookAt(spending, now))
  }
}
