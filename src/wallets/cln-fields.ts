/** How does Core Lightning write amounts, times and proofs? Each of its fields in ours, or null where it says none. */
import { isMalformed, type Millis, type PaymentHash, type Preimage } from '../core/identifiers.js'
import { parseMsat, type Msat } from '../core/money.js'
import { unusable } from './cln-client.js'
import { provenPreimage } from './preimage.js'

/** A number, its digits, or `1000msat` as older nodes write. */
export function parseClnMsat(value: unknown): Msat | null {
  const amount = parseMsat(typeof value === 'string' ? value.replace(/msat$/, '') : value)
  return isMalformed(amount) ? null : amount
}

/** Seconds, perhaps with a fraction; or a date of a plugin in UTC that says no zone. */
export function parseClnTime(value: unknown): Millis | null {
  if (typeof value === 'number' && value > 0 && Number.isSafeInteger(Math.floor(value * 1000))) {
    return Math.floor(value * 1000)
  }
  if (typeof value !== 'string') return null
  const time = Date.parse(/[Zz]$|[+-][0-9]{2}:?[0-9]{2}$/.test(value) ? value : `${value}Z`)
  return Number.isNaN(time) ? null : time
}

export const parseWhole = (value: unknown): number | null =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null

/** Null where it gives none. @throws TollbridgeError `wallet-unusable` for one that is not that of the payment hash. */
export function preimageOf(value: unknown, paymentHash: PaymentHash): Preimage | null {
  const preimage = provenPreimage(value, paymentHash)
  if (isMalformed(preimage)) throw unusable('the preimage of the node is not that of the payment hash')
  return preimage
}

export const isOfHash = (entry: Readonly<Record<string, unknown>>, paymentHash: PaymentHash): boolean =>
  typeof entry['payment_hash'] === 'string' && entry['payment_hash'].toLowerCase() === paymentHash
