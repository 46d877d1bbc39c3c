/** Kind 7402, our own extension: the customer sends back the preimage that it learned by paying (PROTOCOL.md §Payment proof). */
import { tagValue, type EventTemplate, type Rumor } from '../../core/event.js'
import {
  isMalformed,
  malformed,
  parseEventId,
  parsePaymentHash,
  parsePreimage,
  type EventId,
  type Malformed,
  type PaymentHash,
  type Preimage,
  type Pubkey,
  type Seconds,
} from '../../core/identifiers.js'

/** A regular kind: relays store it, so that it also reaches a service provider that was down (NIP-01 §Kinds). */
export const PAYMENT_PROOF_KIND = 7402

export interface ProofContent {
  readonly paymentHash: PaymentHash
  readonly preimage: Preimage
}

/** The plaintext that is sealed to the service provider with NIP-44. */
export const proofPlaintext = ({ paymentHash, preimage }: ProofContent): string =>
  JSON.stringify({ type: 'payment-proof', payment_hash: paymentHash, preimage })

export function buildPaymentProof(draft: {
  readonly jobId: EventId
  readonly provider: Pubkey
  readonly sealed: string
  readonly createdAt: Seconds
}): EventTemplate {
  const tags = [
    ['e', draft.jobId],
    ['p', draft.provider],
  ]
  return { kind: PAYMENT_PROOF_KIND, created_at: draft.createdAt, tags, content: draft.sealed }
}

/** The job that a proof speaks of: read before anything is verified or decrypted. */
export function jobOfProof(event: Rumor): EventId | Malformed {
  return parseEventId(tagValue(event, 'e'))
}

/** Reads the decrypted content. That the preimage hashes to the payment hash is the receiver's to check. */
export function parseProofContent(plaintext: string): ProofContent | Malformed {
  let value: unknown
  try {
    value = JSON.parse(plaintext)
  } catch {
    return malformed('a payment proof is JSON')
  }
  if (typeof value !== 'object' || value === null) return malformed('a payment proof is an object')
  const { type, payment_hash, preimage } = value as Record<string, unknown>
  if (type !== 'payment-proof') return malformed('a payment proof has the type payment-proof')
  const hash = parsePaymentHash(payment_hash)
  if (isMalformed(hash)) return hash
  const secret = parsePreimage(preimage)
  if (isMalformed(secret)) return secret
  return { paymentHash: hash, preimage: secret }
}
