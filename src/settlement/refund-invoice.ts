/** May this invoice be paid to give a customer's money back? Whoever made it is a stranger. */
import { isMalformed, malformed, type Malformed, type Millis } from '../core/identifiers.js'
import type { Msat } from '../core/money.js'
import { decodeInvoice, type Invoice } from '../l402/invoice.js'
import type { Network } from '../ports.js'

const LEAST_TIME_MS = 20_000
/** A payment whose outcome is unknown is followed until its invoice has expired. */
const LONGEST_MS = 30 * 86_400_000

/** The reason quotes nothing of the invoice. */
export function proveRefundInvoice(
  bolt11: string,
  terms: {
    readonly network: Network
    readonly amountMsat: Msat
    /** Of the wallet that pays: money sent to it would not leave it. */
    readonly ownNode: string
    readonly now: Millis
  },
): Invoice | Malformed {
  const invoice = decodeInvoice(bolt11)
  if (isMalformed(invoice)) return invoice
  const { network, amountMsat, ownNode, now } = terms
  if (invoice.network !== network) return malformed(`it is on ${invoice.network}`)
  if (invoice.amountMsat === null) return malformed('it names no amount')
  if (invoice.amountMsat !== amountMsat) return malformed(`it is over ${invoice.amountMsat} msat, not ${amountMsat}`)
  if (invoice.payee === ownNode) return malformed('it is to be paid to the very wallet that pays')
  if (invoice.expiresAt < now + LEAST_TIME_MS) return malformed('it has expired, or is about to')
  if (invoice.expiresAt > now + LONGEST_MS) return malformed('it does not expire within a month')
  return invoice
}
