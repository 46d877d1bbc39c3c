/** What does LNbits say of one payment? Paid only where it says exactly that: a preimage may stand there long before. */
import { isMalformed, parsePaymentHash, type Millis, type PaymentHash, type Preimage } from '../core/identifiers.js'
import { parseMsat, type Msat } from '../core/money.js'
import type { IncomingState, OutgoingState, SettledIncoming } from '../ports.js'
import { parseTime, type JsonObject } from './json.js'
import { provenPreimage } from './preimage.js'
import { walletFault } from './wallet-fault.js'

/** One payment of this wallet, in one direction. */
export interface LnbitsPayment {
  readonly direction: 'incoming' | 'outgoing'
  readonly state: 'pending' | 'settled' | 'failed'
  /** Its sha256 is the payment hash. */
  readonly preimage: Preimage | null
  readonly amountMsat: Msat
  readonly feesMsat: Msat | null
  readonly createdAt: Millis | null
  readonly settledAt: Millis | null
  readonly expiresAt: Millis | null
}

/** An entry of its list, or the `details` of a look-up. @throws TollbridgeError `wallet-unusable` for nonsense. */
export function readPayment(entry: JsonObject, paymentHash: PaymentHash): LnbitsPayment {
  if (entry['payment_hash'] !== paymentHash) throw walletFault('the wallet answered for another payment hash')
  const { amount } = entry
  // Money that leaves is negative.
  if (typeof amount !== 'number' || !Number.isSafeInteger(amount) || amount === 0) {
    throw walletFault('the wallet names no amount for a payment')
  }
  const state = readState(entry)
  const preimage = provenPreimage(entry['preimage'], paymentHash)
  if (state === 'settled' && isMalformed(preimage)) {
    throw walletFault('the preimage of the wallet is not that of the payment hash')
  }
  const fees = parseMsat(Math.abs(Number(entry['fee'])))
  return {
    direction: amount > 0 ? 'incoming' : 'outgoing',
    state,
    preimage: isMalformed(preimage) ? null : preimage,
    amountMsat: Math.abs(amount) as Msat,
    feesMsat: isMalformed(fees) ? null : fees,
    createdAt: parseTime(entry['created_at']) ?? parseTime(entry['time']),
    settledAt: state === 'settled' ? parseTime(entry['updated_at']) : null,
    expiresAt: parseTime(entry['expiry']),
  }
}

/** `status` of newer servers, `pending` of older ones. */
function readState({ status, pending }: JsonObject): LnbitsPayment['state'] {
  if (status === 'success') return 'settled'
  if (status === 'failed' || status === 'pending') return status
  if (status === undefined && typeof pending === 'boolean') return pending ? 'pending' : 'settled'
  throw walletFault('the wallet names no state that is known for a payment')
}

/** `paid`: what the look-up itself says; null where a list has told. */
export function incomingState(payment: LnbitsPayment, paid: unknown, now: Millis): IncomingState {
  const { state, preimage, amountMsat, settledAt, expiresAt } = payment
  if (state === 'settled' && (paid === null || paid === true)) return { state, preimage, amountMsat, settledAt }
  // Invoices that nobody paid in time are called failed.
  if (state === 'failed' || (expiresAt !== null && expiresAt <= now)) return { state: 'expired' }
  return { state: 'pending' }
}

/** @throws TollbridgeError `wallet-unusable` where it says that it paid and does not prove it. */
export function outgoingState({ state, preimage, feesMsat }: LnbitsPayment, paid: unknown): OutgoingState {
  if (state === 'failed') return { state }
  if (state !== 'settled' || (paid !== null && paid !== true)) return { state: 'pending' }
  if (preimage === null) throw walletFault('the wallet says that it paid and does not give the preimage')
  return { state, preimage, feesMsat }
}

/** An entry of its list as a proof, or null where it is anything less. */
export function settledEntry(entry: JsonObject): SettledIncoming | null {
  const paymentHash = parsePaymentHash(entry['payment_hash'])
  if (isMalformed(paymentHash)) return null
  try {
    const { direction, state, preimage, amountMsat, settledAt } = readPayment(entry, paymentHash)
    if (direction !== 'incoming' || state !== 'settled' || preimage === null) return null
    return { paymentHash, preimage, amountMsat, settledAt }
  } catch {
    // What proves nothing is not listed; a look-up of its hash says why.
    return null
  }
}

/** When it was made; null where that cannot be read. */
export const createdAt = (entry: JsonObject): Millis | null =>
  parseTime(entry['created_at']) ?? parseTime(entry['time'])
