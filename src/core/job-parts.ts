/** What is a job made of? The parts that its states share: the call, the offer, the payment, what was signed. */
import type { CustomerErrorCode } from './errors.js'
import type { EventId, Millis, PaymentHash, Preimage, TokenSuffix } from './identifiers.js'
import type { Msat } from './money.js'

/** The HTTP request that a handler made of the job, bound to one route of one upstream. */
export interface UpstreamCall {
  /** Name of the upstream in the configuration. */
  readonly upstream: string
  /** Name of the route in the configuration, unique within its upstream. */
  readonly route: string
  readonly method: string
  /** Canonical path, and the query with its `?` where there is one. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  /** Where the body is not text: its bytes in base64. */
  readonly bodyEncoding?: 'base64'
}

/** One upstream call that was announced before it was sent. `run` names the process that announced it. */
export interface Attempt {
  readonly run: string
  /** The call of a quote carries a credential with credit left, so that it may execute. */
  readonly withCredit?: true
}

/** How far the calls of the present state have come. */
export interface Calls {
  /** Announced and not yet concluded; of another run: interrupted, so its outcome is unknown. */
  readonly attempt: Attempt | null
  /** Calls announced so far in this state. */
  readonly tries: number
  /** Of these: answered by a refusal of the credential, and broken off or answered by a fault of the server. */
  readonly refusals: number
  readonly breakages: number
  /** No further call before this time; 0 for at once. */
  readonly retryAt: Millis
  /** An earlier call may have taken effect although no answer was read. */
  readonly outcomeUnknown: boolean
}

/** What the customer gets. Text where the body is valid UTF-8, else base64. */
export interface JobOutput {
  readonly content: string
  readonly encoding: 'text' | 'base64'
  readonly contentType: string | null
  readonly httpStatus: number
}

/**
 * How the upstream asks to be paid, and so how a credential is presented (`l402/credential.ts`). `Payment`: one charge over Lightning
 * of the HTTP scheme of that name, good for one call. `x402`: its variant over Lightning.
 */
export type Scheme = 'L402' | 'LSAT' | 'Payment' | 'x402'

export type PreimageSourceName = 'statusEndpoint' | 'merchantWallet' | 'customerProof'

/** What completes a credential after the colon. A suffix is never used as a preimage. */
export type CredentialKey =
  { readonly kind: 'preimage'; readonly value: Preimage } | { readonly kind: 'suffix'; readonly value: TokenSuffix }

/** The secrets of a job, under one name: what the store seals and the log never prints. */
export interface UnpaidSecrets {
  readonly token: string
  /** Path and query of the status endpoint on the upstream's own origin; it carries the status token. */
  readonly statusUrl: string | null
}
export interface PaidSecrets extends UnpaidSecrets {
  readonly key: CredentialKey
}

/** The verified offer: what the customer is asked to pay. */
export interface Offer {
  readonly scheme: Scheme
  readonly bolt11: string
  readonly paymentHash: PaymentHash
  /** Decoded from the invoice, never taken from elsewhere. */
  readonly amountMsat: Msat
  readonly payee: string
  /** The invoice's own timestamp (BOLT11), from which wallets list it. */
  readonly issuedAt: Millis
  readonly expiresAt: Millis
  /** When the invoice was verified: a settlement before it is not this customer's. */
  readonly offeredAt: Millis
  readonly sources: readonly PreimageSourceName[]
}

export interface Payment {
  readonly source: PreimageSourceName
  readonly at: Millis
}

export interface JobFailure {
  readonly code: CustomerErrorCode
  /** For the operator. Never holds a secret. */
  readonly detail: string | null
  readonly httpStatus: number | null
  /** What would help, as a tag that goes with the code. */
  readonly remedy?: readonly string[]
}

/** `pending`, `accepted`, or the relay's final refusal with its reason. */
export type RelayVerdict = 'pending' | 'accepted' | `refused: ${string}`

/** A signed event and what each relay said of it. Signed once; the same bytes are published until enough relays hold them. */
export interface Delivery {
  readonly eventId: EventId
  readonly purpose: 'accept' | 'offer' | 'processing' | 'result' | 'error'
  /** The signed event as JSON; null once nothing more is to be sent and nobody will ask for it again. */
  event: string | null
  /** Seconds since 1970 after which it is no longer sent; null for never. */
  readonly notAfter: number | null
  readonly relays: Record<string, RelayVerdict>
  /** The relays among which the quorum is counted: where the customer reads. */
  readonly counted: readonly string[]
}

export interface Challenge {
  readonly scheme: Scheme
  readonly token: string
  readonly bolt11: string
  readonly statusUrl: string | null
  /** What a recognised body says that this one call costs, in msat; null where it says nothing. */
  readonly callPriceMsat: Msat | null
  /** The body is of a server that can mint an invoice for an amount that we name. */
  readonly offersExactPrice: boolean
  /** What the challenge says of its invoice beside it, which must be equal; null where it says nothing. */
  readonly claimed: {
    readonly paymentHash: PaymentHash | null
    readonly amountMsat: Msat | null
    readonly payee?: string
  }
}

export const NO_CALLS: Calls = { attempt: null, tries: 0, refusals: 0, breakages: 0, retryAt: 0, outcomeUnknown: false }
