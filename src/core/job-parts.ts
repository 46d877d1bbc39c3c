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

/** Where the preimage of the upstream's own invoice comes from (passthrough). */
export type PreimageSourceName = 'statusEndpoint' | 'merchantWallet' | 'customerProof'

/** Where we learn that the customer has paid: in wrap and resell, that an invoice of our own is accepted or settled. */
export type PaymentSourceName = PreimageSourceName | 'holdInvoice' | 'ownInvoice' | 'zap'

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
  readonly sources: readonly PaymentSourceName[]
  /** The upstream's own invoice, where the customer pays one of ours (wrap, resell); absent in passthrough. */
  readonly purchase?: Purchase
}

/** What we pay to the upstream once the customer has paid us. */
export interface Purchase {
  readonly mode: 'wrap' | 'resell'
  /** Name of our wallet in the configuration: it holds the customer's invoice and pays the upstream's. */
  readonly wallet: string
  readonly bolt11: string
  /** In wrap the same as the offer's. */
  readonly paymentHash: PaymentHash
  readonly amountMsat: Msat
  readonly payee: string
  readonly expiresAt: Millis
  /** BOLT11 `c` of the upstream's invoice, in blocks. */
  readonly minFinalCltv: number
  /** What the payment may cost beyond its amount. */
  readonly maxFeeMsat: Msat
  /** Blocks that must be left between the latest end of our payment and the deadline of the hold (wrap). */
  readonly marginBlocks: number
  /** When the customer's payment is taken (wrap): once the upstream is paid, or when its answer is there. */
  readonly settle: 'on-preimage' | 'on-result'
  /** With on-result: the hold is settled so long after the upstream was paid, whatever it said. */
  readonly maxHoldMs: Millis
}

/** A customer's payment that our hold invoice has accepted. */
export interface Hold {
  readonly amountMsat: Msat
  /** The block height at which it goes back by itself; null where the wallet does not tell. */
  readonly settleDeadline: number | null
  /** Of the chain, when it was found accepted; null where the wallet does not tell. */
  readonly blockHeight: number | null
  /** It was settled: the money is ours. */
  readonly taken?: true
}

/** A payment of ours that was announced: three outcomes, and unknown is looked up, never paid again. */
export interface Spending {
  /** Null where it is certainly unsent. */
  readonly attempt: Attempt | null
  readonly at: Millis
  /** A look-up has shown it under way. */
  readonly sawPending: boolean
  /** Since when the wallet says that it knows no such payment; null where it does not say so. */
  readonly notFoundSince: Millis | null
}

/** What our payment to the upstream came to. */
export interface Spent {
  readonly at: Millis
  /** Null where the wallet does not tell. */
  readonly feesMsat: Msat | null
}

/** What a customer paid and gets back (resell): a payment of its own. */
export interface Refund {
  readonly amountMsat: Msat
  /** The invoice that is paid; null until the customer's destination has given one. */
  readonly bolt11: string | null
  readonly paymentHash: PaymentHash | null
  /** Null until it is announced. */
  readonly spending: Spending | null
  readonly tries: number
  /** No further try before this time. */
  readonly retryAt: Millis
  readonly spent: Spent | null
  /** The payment was made for this job, which had no need of it: the refund is a job of its own (`stray.ts`). */
  readonly strayOf?: EventId
}

/** The bridge has paid and did not get the customer's money: an entry of the ledger. */
export interface Loss {
  readonly amountMsat: Msat
  readonly at: Millis
  /** For the operator. Never holds a secret. */
  readonly reason: string
}

/** What follows once a hold is settled. */
export type AfterSettling =
  | { readonly type: 'fetch'; readonly calls: Calls }
  | { readonly type: 'publish'; readonly output: JobOutput }
  | { readonly type: 'fail'; readonly failure: JobFailure }

export interface Payment {
  readonly source: PaymentSourceName
  readonly at: Millis
  /** Of the invoice that was paid, where it is not the offer's (zap). */
  readonly paymentHash?: PaymentHash
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
