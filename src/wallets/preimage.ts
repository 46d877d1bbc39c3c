/** Does the preimage that a wallet gives prove the payment? It may be left out, and one that is told proves or is malformed. */
import {
  isMalformed,
  malformed,
  parsePreimage,
  type Malformed,
  type PaymentHash,
  type Preimage,
} from '../core/identifiers.js'
import { isPreimageOf } from '../l402/credential.js'
import type { IncomingState, SettledIncoming } from '../ports.js'

/** Null where none is told: absent, empty, or all zeros, as some wallets write one that they do not know. Never throws. */
export function provenPreimage(value: unknown, paymentHash: PaymentHash): Preimage | null | Malformed {
  if (value == null || value === '') return null
  const preimage = parsePreimage(typeof value === 'string' ? value.toLowerCase() : value)
  if (isMalformed(preimage)) return preimage
  if (!/[^0]/.test(preimage)) return null
  return isPreimageOf(preimage, paymentHash) ? preimage : malformed('the preimage is not that of the payment hash')
}

/** Null for whatever proves nothing. */
export function proofOrNull(value: unknown, paymentHash: PaymentHash): Preimage | null {
  const preimage = provenPreimage(value, paymentHash)
  return isMalformed(preimage) ? null : preimage
}

/** What a look-up saw, as a proof of the payment; null where it is anything less. */
export function settledProof(paymentHash: PaymentHash, seen: IncomingState): SettledIncoming | null {
  if (seen.state !== 'settled' || seen.preimage === null) return null
  const { preimage, amountMsat, settledAt } = seen
  return { paymentHash, preimage, amountMsat, settledAt }
}
