/** May this invoice be shown to the customer? Every check before an offer that needs nothing but what is at hand. */
import { isMalformed, type Millis } from '../core/identifiers.js'
import { rejection, type Rejection } from '../core/errors.js'
import type { Challenge } from '../core/job.js'
import type { Msat } from '../core/money.js'
import type { Network } from '../ports.js'
import { committedHash, credentialExpiry } from './credential.js'
import type { Invoice } from './invoice.js'

export interface OfferToVerify {
  readonly challenge: Challenge
  /** Decoded from `challenge.bolt11`. */
  readonly invoice: Invoice
  readonly now: Millis
  readonly network: Network
  /** Null where the customer named none. */
  readonly bidMsat: Msat | null
  /** The most and the least that the route allows. */
  readonly capMsat: Msat
  readonly minMsat: Msat
  /** Node key that must be paid; null for any. */
  readonly pinnedPayee: string | null
  /** How long the customer must have left to pay. */
  readonly paymentWindowMs: number
}

/** An invoice that says how much. */
export type PayableInvoice = Invoice & { readonly amountMsat: Msat }

const CLOCK_SKEW_MS = 5 * 60_000

export function verifyOffer(offer: OfferToVerify): PayableInvoice | Rejection {
  const { amountMsat } = offer.invoice
  if (amountMsat === null) return rejection('invoice-invalid', 'the invoice names no amount')
  return (
    refuseForeign(offer) ??
    refuseUntimely(offer) ??
    refuseContradiction(offer, amountMsat) ??
    refusePrice(offer, amountMsat) ?? { ...offer.invoice, amountMsat, expiresAt: lastMoment(offer) }
  )
}

/** Whoever paid the invoice after the end of its credential would have paid for nothing. */
const lastMoment = ({ challenge: { scheme, token }, invoice: { expiresAt } }: OfferToVerify): Millis =>
  Math.min(expiresAt, credentialExpiry(scheme, token) ?? Infinity)

function refuseForeign({ invoice, network, pinnedPayee }: OfferToVerify): Rejection | null {
  if (invoice.network !== network) return rejection('invoice-invalid', `the invoice is for ${invoice.network}`)
  // Whoever alters an invoice recovers to another key: the signature alone proves nothing.
  if (pinnedPayee !== null && invoice.payee !== pinnedPayee.toLowerCase()) {
    return rejection('invoice-invalid', `the invoice pays the node ${invoice.payee}, which is not the one configured`)
  }
  return null
}

function refuseUntimely({ challenge, invoice, now, paymentWindowMs }: OfferToVerify): Rejection | null {
  if (invoice.timestamp > now + CLOCK_SKEW_MS) return rejection('invoice-invalid', 'the invoice is from the future')
  if (invoice.expiresAt < now + paymentWindowMs) {
    return rejection('invoice-invalid', 'the invoice expires before a customer could pay it')
  }
  const tokenExpiresAt = credentialExpiry(challenge.scheme, challenge.token)
  if (tokenExpiresAt !== null && tokenExpiresAt < now + paymentWindowMs) {
    return rejection('challenge-invalid', 'the token expires before a customer could pay for it')
  }
  return null
}

function refuseContradiction({ challenge, invoice }: OfferToVerify, amountMsat: Msat): Rejection | null {
  const tokenHash = committedHash(challenge.scheme, challenge.token)
  if (isMalformed(tokenHash)) return rejection('challenge-invalid', tokenHash.malformed)
  if (tokenHash !== null && tokenHash !== invoice.paymentHash) {
    return rejection('challenge-invalid', 'the token commits to another payment hash than the invoice')
  }
  const { claimed } = challenge
  if (claimed.paymentHash !== null && claimed.paymentHash !== invoice.paymentHash) {
    return rejection('challenge-invalid', 'the challenge names another payment hash than its invoice')
  }
  if (claimed.amountMsat !== null && claimed.amountMsat !== amountMsat) {
    return rejection('challenge-invalid', 'the challenge names another amount than its invoice')
  }
  if (claimed.payee !== undefined && claimed.payee !== invoice.payee) {
    return rejection('challenge-invalid', 'the challenge names another node than its invoice')
  }
  return null
}

function refusePrice({ bidMsat, capMsat, minMsat }: OfferToVerify, amountMsat: Msat): Rejection | null {
  if (amountMsat === 0 || amountMsat < minMsat) {
    return rejection('invoice-invalid', `the invoice asks for ${amountMsat} msat, less than the route allows`)
  }
  if (amountMsat > capMsat) return rejection('price-exceeds-cap', `${amountMsat} msat, at most ${capMsat}`)
  if (bidMsat !== null && amountMsat > bidMsat) {
    return rejection('price-exceeds-bid', `${amountMsat} msat, the bid is ${bidMsat}`)
  }
  return null
}
