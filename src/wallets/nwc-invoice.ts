/** Is the invoice that the wallet made the one that it was asked for? (NIP-47 §make_invoice, §make_hold_invoice) */
import { isMalformed, malformed, type Malformed, type PaymentHash } from '../core/identifiers.js'
import type { Msat } from '../core/money.js'
import { decodeInvoice } from '../l402/invoice.js'
import type { MadeInvoice } from '../ports.js'

interface Expected {
  readonly amountMsat: Msat
  /** Of a hold invoice. */
  readonly paymentHash?: PaymentHash
}

/** The reply names an invoice; all else in it is optional with some wallets, and read from the invoice itself. */
export function parseMadeInvoice(told: Record<string, unknown>, expected: Expected): MadeInvoice | Malformed {
  const bolt11 = told['invoice']
  if (typeof bolt11 !== 'string' || bolt11 === '') return malformed('there is no invoice in its answer')
  const read = decodeInvoice(bolt11)
  if (isMalformed(read)) return read
  if (read.amountMsat !== expected.amountMsat) return malformed('the invoice is over another amount')
  if (read.paymentHash !== (expected.paymentHash ?? read.paymentHash)) {
    return malformed('the invoice is on another payment hash')
  }
  const named = told['payment_hash']
  if (named != null && named !== '' && named !== read.paymentHash) {
    return malformed('the invoice and the answer name two payment hashes')
  }
  return { bolt11, paymentHash: read.paymentHash }
}
