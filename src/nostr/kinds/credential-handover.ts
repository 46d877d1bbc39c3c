/** What is sealed to a customer who paid and was not served? The credential itself, to use or to claim with. */
import type { EventId, PaymentHash } from '../../core/identifiers.js'
import type { CredentialKey, Scheme } from '../../core/job.js'
import { presentCredential } from '../../l402/credential.js'

export interface Handover {
  readonly jobId: EventId
  /** Public URL of the API, where the operator gave one. */
  readonly url: string | null
  readonly method: string
  readonly target: string
  readonly scheme: Scheme
  readonly token: string
  readonly key: CredentialKey
  /** Null where nothing tells it: of credit whose token is no macaroon. */
  readonly paymentHash: PaymentHash | null
  /** Of credit that is left: in sats, or null where the API does not say. */
  readonly creditSats?: number | null
}

/** The plaintext that is sealed with NIP-44 into the content of the error feedback (PROTOCOL.md §When a paid job fails). */
export function handoverPlaintext(handover: Handover): string {
  const { scheme, token, key } = handover
  const { authorization, credentialHeader = 'authorization' } = presentCredential(scheme, token, key)
  return JSON.stringify({
    type: 'l402-credential',
    job: handover.jobId,
    url: handover.url,
    method: handover.method,
    target: handover.target,
    scheme,
    token,
    [key.kind === 'preimage' ? 'preimage' : 'token_suffix']: key.value,
    payment_hash: handover.paymentHash,
    ...(handover.creditSats === undefined ? {} : { credit_sats: handover.creditSats }),
    header: credentialHeader,
    authorization,
  })
}
