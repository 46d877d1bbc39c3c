/** How does Core Lightning write amounts and proofs? Each of its fields in ours, or null where it says none. */
import { isMalformed, type PaymentHash, type Preimage } from '../core/identifiers.js'
import { parseMsat, type Msat } from '../core/money.js'
import type { JsonObject } from './json.js'
import { provenPreimage } from './preimage.js'
import { walletFault } from './wallet-fault.js'

/** A number, its digits, or `1000msat` as older nodes write. */
export function parseClnMsat(value: unknown): Msat | null {
  const amount = parseMsat(typeof value === 'string' ? value.replace(/msat$/, '') : value)
  return isMalformed(amount) ? null : amount
}

/** Null where it gives none. @throws TollbridgeError `wallet-unusable` for one that is not that of the payment hash. */
export function preimageOf(value: unknown, paymentHash: PaymentHash): Preimage | null {
  const preimage = provenPreimage(value, paymentHash)
  if (isMalformed(preimage)) throw walletFault('the preimage of the node is not that of the payment hash')
  return preimage
}

export const isOfHash = (entry: JsonObject, paymentHash: PaymentHash): boolean =>
  typeof entry['payment_hash'] === 'string' && entry['payment_hash'].toLowerCase() === paymentHash
