/** How does the provider learn the preimage? In an event of ours, sealed to it alone (PROTOCOL.md §Payment proof). */
import type { NostrEvent } from '../core/event.js'
import type { EventId, Millis, PaymentHash, Preimage, Pubkey } from '../core/identifiers.js'
import { buildPaymentProof, proofPlaintext } from '../nostr/kinds/payment-proof.js'
import type { Signer } from '../ports.js'

export interface ProofToSeal {
  readonly jobId: EventId
  readonly provider: Pubkey
  readonly paymentHash: PaymentHash
  readonly preimage: Preimage
  readonly now: Millis
}

export async function sealPaymentProof(proof: ProofToSeal, signer: Signer): Promise<NostrEvent> {
  const { jobId, provider } = proof
  const sealed = await signer.encrypt(provider, proofPlaintext(proof))
  return signer.sign(buildPaymentProof({ jobId, provider, sealed, createdAt: Math.floor(proof.now / 1000) }))
}
