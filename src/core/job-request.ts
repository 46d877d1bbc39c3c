/** What does a job request say? The parsed kind-5xxx event, as handlers and policies see it (NIP-90 §Job request). */
import type { EventId, Pubkey, Seconds } from './identifiers.js'
import type { JobInput } from './job-input.js'
import type { Msat } from './money.js'

export type { InputValue, JobInput } from './job-input.js'

export interface JobRequest {
  readonly id: EventId
  readonly kind: number
  readonly customer: Pubkey
  readonly createdAt: Seconds
  /** `["param", name, value]`; of several with one name the first counts. */
  readonly params: ReadonlyMap<string, string>
  readonly inputs: readonly JobInput[]
  readonly content: string
  /** The `t` tags: what the job is about. */
  readonly topics: readonly string[]
  /** The `output` tag: a MIME type. */
  readonly output: string | null
  readonly bidMsat: Msat | null
  /** The `relays` tag as sent; bounded, not yet checked. */
  readonly relays: readonly string[]
  readonly encrypted: boolean
  /** `["param", "settlement", "proof"]`: the customer promises to send the preimage back (PROTOCOL.md §Payment proof). */
  readonly proofPromised: boolean
  /** `["param", "refund", TO]`: where money goes back that cannot be used (PROTOCOL.md §Refunds and zaps). May be a secret; no handler sees it. */
  readonly refundTo?: string
  /** Bits of work that the event proves (NIP-13); 0 for none. */
  readonly workBits: number
}

/** What a handler makes of a job: bound to an upstream and a route afterwards. */
export interface HandlerRequest {
  /** Upper case. */
  readonly method: string
  /** Begins with `/`; without query. */
  readonly path: string
  /** Without the leading `?`; empty for none. */
  readonly query: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  /** Where the body is not text: its bytes in base64. */
  readonly bodyEncoding?: 'base64'
}
