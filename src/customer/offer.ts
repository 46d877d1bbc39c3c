/** May this offer be paid? Every rule of the customer's, each with a code and a sentence. */
import { isMalformed, type EventId, type Malformed, type Millis, type PaymentHash } from '../core/identifiers.js'
import type { Msat } from '../core/money.js'
import type { JobFeedback } from '../nostr/kinds/job-feedback.js'
import type { Network } from '../ports.js'

export const OFFER_REFUSALS = {
  'no-invoice': 'The provider asks for payment without a Lightning invoice.',
  'invoice-invalid': 'The invoice failed verification.',
  'wrong-network': 'The invoice is for another Lightning network.',
  'amount-missing': 'The invoice names no amount.',
  'amount-differs': 'The invoice asks for another amount than the provider says.',
  'above-bid': 'The price is above the bid.',
  'above-max': 'The price is above the maximum.',
  'invoice-expired': 'The invoice has expired.',
} as const

export type OfferRefusalCode = keyof typeof OFFER_REFUSALS

export interface OfferRefusal {
  readonly refused: OfferRefusalCode
  readonly message: string
}

export interface PayableOffer {
  readonly jobId: EventId
  readonly bolt11: string
  readonly paymentHash: PaymentHash
  readonly amountMsat: Msat
  readonly expiresAt: Millis
}

/** What `decodeInvoice` vouches for: checksum, signature, features and these facts. */
export interface OfferedInvoice {
  readonly network: Network
  readonly amountMsat: Msat | null
  readonly paymentHash: PaymentHash
  readonly expiresAt: Millis
}

export interface OfferRules {
  readonly network: Network
  /** The job's bid; null for none. */
  readonly bidMsat: Msat | null
  /** What this customer pays at most; null where the bid alone limits it. */
  readonly maxMsat: Msat | null
  readonly decodeInvoice: (bolt11: string) => OfferedInvoice | Malformed
}

const refuse = (refused: OfferRefusalCode, detail?: string): OfferRefusal => ({
  refused,
  message: detail === undefined ? OFFER_REFUSALS[refused] : `${OFFER_REFUSALS[refused]} (${detail})`,
})

/** Expects feedback that was verified as the provider's answer to our job. */
export function checkOffer(feedback: JobFeedback, rules: OfferRules, now: Millis): PayableOffer | OfferRefusal {
  if (feedback.bolt11 === null || feedback.bolt11 === '') return refuse('no-invoice')
  const invoice = rules.decodeInvoice(feedback.bolt11)
  if (isMalformed(invoice)) return refuse('invoice-invalid', invoice.malformed)
  const { network, amountMsat, paymentHash, expiresAt } = invoice
  if (network !== rules.network) return refuse('wrong-network', `${network}, not ${rules.network}`)
  if (amountMsat === null || amountMsat === 0) return refuse('amount-missing')
  if (amountMsat !== feedback.amountMsat) {
    return refuse('amount-differs', `${amountMsat} msat, not ${feedback.amountMsat ?? 'none'}`)
  }
  if (rules.bidMsat !== null && amountMsat > rules.bidMsat) {
    return refuse('above-bid', `${amountMsat} msat, bid ${rules.bidMsat}`)
  }
  if (rules.maxMsat !== null && amountMsat > rules.maxMsat) {
    return refuse('above-max', `${amountMsat} msat, maximum ${rules.maxMsat}`)
  }
  if (expiresAt <= now) return refuse('invoice-expired')
  return { jobId: feedback.jobId, bolt11: feedback.bolt11, paymentHash, amountMsat, expiresAt }
}

export const isOfferRefusal = (value: PayableOffer | OfferRefusal): value is OfferRefusal => 'refused' in value
