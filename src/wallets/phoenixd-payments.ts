/** What does phoenixd say of one payment? Paid only where it says so: the preimage of an invoice stands there from the start. */
import { isMalformed, parsePaymentHash, type Malformed, type Millis, type PaymentHash } from '../core/identifiers.js'
import { msatFromSats, parseMsat, satsRoundedUp, type Msat } from '../core/money.js'
import type { IncomingState, OutgoingState, PaymentOutcome, SettledIncoming } from '../ports.js'
import { isObject, type JsonObject } from './json.js'
import { proofOrNull, settledProof } from './preimage.js'
import { walletFault } from './wallet-fault.js'

const parseTime = (value: unknown): Millis | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null

function checkHash(entry: JsonObject, paymentHash: PaymentHash): void {
  if (entry['paymentHash'] !== paymentHash) throw walletFault('the wallet answered for another payment hash')
}

/** @throws TollbridgeError `wallet-unusable` for nonsense. */
export function incomingState(entry: JsonObject, paymentHash: PaymentHash): IncomingState {
  checkHash(entry, paymentHash)
  if (entry['isPaid'] !== true) return { state: entry['isExpired'] === true ? 'expired' : 'pending' }
  const preimage = proofOrNull(entry['preimage'], paymentHash)
  if (preimage === null) throw walletFault('the wallet says that it was paid and does not prove it')
  return { state: 'settled', preimage, amountMsat: paidAmount(entry), settledAt: parseTime(entry['completedAt']) }
}

/**
 * What the payer paid: what arrived and what was kept of it for liquidity. Its invoices are in whole sats, and what arrived is told
 * rounded down to one: rounded up again, so that a payment in full is not taken for one that lacks a part of a sat.
 */
function paidAmount(entry: JsonObject): Msat {
  const received = wholeNumber(entry['receivedSat'])
  const fees = entry['fees'] === undefined ? 0 : parseMsat(entry['fees'])
  if (received === null || isMalformed(fees)) throw walletFault('the wallet names no amount for a paid invoice')
  return msatFromSats(satsRoundedUp((msatFromSats(received) + fees) as Msat))
}

const wholeNumber = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 && value <= 1e12 ? value : null

/** An entry of its list as a proof, or null where it is anything less. */
export function settledEntry(entry: unknown): SettledIncoming | null {
  const paymentHash: PaymentHash | Malformed | null = isObject(entry) ? parsePaymentHash(entry['paymentHash']) : null
  if (!isObject(entry) || paymentHash === null || isMalformed(paymentHash)) return null
  try {
    return settledProof(paymentHash, incomingState(entry, paymentHash))
  } catch {
    // What proves nothing is not listed; a look-up of its hash says why.
    return null
  }
}

/** Of all attempts on this hash: one that succeeded decides, and one under way outweighs those that failed. @throws as above. */
export function outgoingState(answer: unknown, paymentHash: PaymentHash): OutgoingState {
  const entries = Array.isArray(answer) ? (answer as unknown[]) : [answer]
  if (!entries.every(isObject)) throw walletFault('the wallet answered nonsense for a payment')
  for (const entry of entries) checkHash(entry, paymentHash)
  const paid = entries.find(({ isPaid }) => isPaid === true)
  if (paid) {
    const preimage = proofOrNull(paid['preimage'], paymentHash)
    if (preimage === null) throw walletFault('the wallet says that it paid and does not prove it')
    const fees = parseMsat(paid['fees'])
    return { state: 'settled', preimage, feesMsat: isMalformed(fees) ? null : fees }
  }
  if (entries.length === 0) return { state: 'not_found' }
  // A payment that failed has come to its end; one under way has no time of it.
  return { state: entries.every(({ completedAt }) => parseTime(completedAt) !== null) ? 'failed' : 'pending' }
}

/** Success and failure are both 200, and nothing names which: the preimage alone does. Null where it is no success. */
export function paidOutcome(answer: unknown, paymentHash: PaymentHash): PaymentOutcome | null {
  const preimage = isObject(answer) ? proofOrNull(answer['paymentPreimage'], paymentHash) : null
  if (preimage === null || !isObject(answer)) return null
  const fees = wholeNumber(answer['routingFeeSat'])
  return { type: 'paid', preimage, feesMsat: fees === null ? null : msatFromSats(fees) }
}
