/** What becomes of a payment that no offer waits for? A job of its own, that begins by giving the money back: stored, followed, owed. */
import type { EventId, Millis, PaymentHash } from './identifiers.js'
import type { Job, Offer, Purchase, Refunding } from './job.js'
import type { Msat } from './money.js'
import { unsentRefund } from './refund.js'

/**
 * What can be sent back of a payment that nobody asked for: its fees come out of it, up to the sat. Were they ours, whoever is paid for the
 * last hop could earn them as often as he likes.
 */
export const sendableOf = (amountMsat: Msat, { maxFeeMsat }: Pick<Purchase, 'maxFeeMsat'>): Msat =>
  (Math.max(0, Math.floor((amountMsat - maxFeeMsat) / 1000)) * 1000) as Msat

export interface StrayPayment {
  /** Of the stray job, and its claim: made of the payment's own hash, so that no payment is given back twice. */
  readonly id: EventId
  /** Of the payment, where the job does not have it already. */
  readonly paymentHash: PaymentHash | null
  readonly amountMsat: Msat
  readonly source: 'ownInvoice' | 'zap'
  readonly reason: string
}

/** `of`: the job that the payment was made for, whatever became of it. Nothing is fetched for the stray one, and nothing paid but the refund. */
export function strayJob(
  of: Job & { readonly offer: Offer & { readonly purchase: Purchase } },
  { id, paymentHash, amountMsat, source, reason }: StrayPayment,
  now: Millis,
): Refunding {
  const hash = id as string as PaymentHash
  const { kind, customer, bidMsat, replyRelays, heardOn, channel, refundTo, request, offer } = of
  if (of.call === null) throw new TypeError('a job with an offer has a call')
  return {
    ...{ id, kind, customer, bidMsat, replyRelays, heardOn, request },
    ...(channel === undefined ? {} : { channel }),
    ...(refundTo === undefined ? {} : { refundTo }),
    ...{ version: 1, receivedAt: now, updatedAt: now, proofPromised: false, outbox: [] },
    state: 'refunding',
    call: { ...of.call, body: null },
    offer: { ...offer, paymentHash: hash, amountMsat, purchase: { ...offer.purchase, paymentHash: hash } },
    secrets: { token: '', statusUrl: null },
    payment: { source, at: now, ...(paymentHash === null ? {} : { paymentHash }) },
    spending: { attempt: null, at: now, sawPending: false, notFoundSince: null },
    failure: { code: 'payment-not-needed', detail: reason, httpStatus: null },
    refund: { ...unsentRefund(sendableOf(amountMsat, offer.purchase)), strayOf: of.id },
  }
}
