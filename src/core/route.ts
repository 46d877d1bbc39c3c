/** Which calls may be made, where, and on what terms? The operator's word on each upstream and route, ready for use. */
import type { UpstreamCall } from './job.js'
import type { Msat } from './money.js'

export interface Route {
  readonly name: string
  readonly methods: ReadonlySet<string>
  readonly matches: (canonicalPath: string) => boolean
  /** Path pattern as configured: for people. */
  readonly pattern: string
  readonly maxMsat: Msat
  readonly minMsat: Msat
  /** The methods of this route that may be repeated when an outcome is unknown (RFC 9110 §9.2.2, or the operator's word). */
  readonly repeatable: ReadonlySet<string>
  /** The upstream honours an Idempotency-Key header, so that any call may be repeated. */
  readonly idempotencyKey: boolean
  /** A call without a credential never executes, so that a quote may always be repeated. */
  readonly gated: boolean
  /** The price of one call, where the operator knows it. */
  readonly priceMsat: Msat | null
  readonly description: string | null
  /** Bytes of the largest answer, where the operator knows it. */
  readonly resultBytes?: number | null
  /** The body of an answer is passed on while it arrives. */
  readonly stream?: boolean
}

/** How an upstream may be paid out of our own wallet, and on what terms. */
export interface PurchaseTerms {
  /** Added to the price: so much, and so many millionths of it. */
  readonly markupMsat: Msat
  readonly markupPpm: number
  /** Routing fees that are allowed: the greater of the two. */
  readonly feePpm: number
  readonly minFeeMsat: Msat
  readonly wrap: WrapTerms
  readonly resell: ResellTerms
}

export interface WrapTerms {
  readonly settle: 'on-preimage' | 'on-result'
  readonly maxHoldMs: number
  readonly trusted: boolean
  readonly maxUntrustedMsat: Msat
  readonly maxHolds: number
  readonly maxUnderWay: number
  readonly maxExpirySeconds: number
  readonly bufferSeconds: number
  readonly marginBlocks: number
  readonly maxDelayBlocks: number
}

export interface ResellTerms {
  readonly enabled: boolean
  readonly maxMsat: Msat
  readonly windowMs: number
  readonly maxWindowMsat: Msat
  readonly maxLiabilityMsat: Msat
  readonly bufferSeconds: number
  readonly zaps: boolean
}

export interface Upstream {
  readonly name: string
  readonly mode: 'auto' | 'passthrough' | 'wrap' | 'resell'
  /** Name of the wallet that pays it and is paid by customers, for wrap and resell. */
  readonly wallet: string | null
  readonly terms: PurchaseTerms
  readonly publicUrl: string | null
  /** The node that every invoice must be payable to; null for any. */
  readonly payee: string | null
  readonly statusEndpoint: boolean
  /** Path below which the server of the status pages is mounted; null for the root of the origin. */
  readonly statusPrefix?: string | null
  /** Which offer of a 402 is taken; default: L402 before all others. */
  readonly scheme?: 'auto' | 'l402' | 'payment'
  /** Name of the wallet that receives this upstream's payments, if we may read it. */
  readonly merchantWallet: string | null
  /** `auto`: where a recognised 402 says that the server offers it; null: never. */
  readonly exactPrice: 'auto' | { readonly createInvoicePath: string } | null
  readonly reuseCredit: boolean
  /** Its tokens are good for more calls although it reports no balance. */
  readonly tokensStayGood?: boolean
  /** How long after its last use credit is kept; null or absent: for as long as the token says. */
  readonly creditMs?: number | null
  readonly maxRequestBytes: number
  readonly routes: readonly Route[]
}

/** Whether a call whose outcome is unknown may be sent again. With a credential it may have been executed behind any gate. */
export function mayRepeat(route: Route, call: UpstreamCall, withCredential: boolean): boolean {
  if (route.idempotencyKey) return true
  if (!withCredential && route.gated) return true
  return route.repeatable.has(call.method)
}
