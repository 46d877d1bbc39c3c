/** Every socket on one page: what the engine needs of the world, and what each implementation promises. */
import type { BlobPointer } from './core/blob.js'
import type { EventTemplate, Filter, NostrEvent } from './core/event.js'
import type { EncryptionScheme } from './core/arrival.js'
import type { Rejection } from './core/errors.js'
import type { EventId, Millis, PaymentHash, Preimage, Pubkey } from './core/identifiers.js'
import type { Job, JobOutput, UpstreamCall } from './core/job.js'
import type { HandlerRequest, JobRequest } from './core/job-request.js'
import type { Msat } from './core/money.js'

// ---------------------------------------------------------------------------------------------------------------- relays

/** What one relay said of one event. Never inferred from a resolved or rejected promise of a library. */
export type PublishVerdict =
  /** OK true, or OK false with the prefix `duplicate:` (NIP-01). */
  | { readonly type: 'accepted' }
  /**
   * OK false, and sending the same event again cannot help. `tooLarge` where the reason speaks of size; `pow` where it asks for proof of
   * work (NIP-13): the bits, null where it names none.
   */
  | { readonly type: 'refused'; readonly reason: string; readonly tooLarge: boolean; readonly pow?: number | null }
  /**
   * OK false with `rate-limited:`, `error:` or `auth-required:`, no OK in time, or no connection: to be tried again. `cause` where the
   * relay itself has answered: it wants less of everything, or put off this event.
   */
  | { readonly type: 'later'; readonly reason: string; readonly cause?: 'rateLimited' | 'said' }

export interface Subscription {
  close(): void
}

export interface SubscriptionRequest {
  /** Names the subscription in logs and its saved cursor. */
  readonly name: string
  readonly relays: readonly string[]
  /** Further back than the usual overlap, for kinds whose created_at is back-dated on purpose (NIP-59: two days). */
  readonly lookBackSeconds?: number
  /** A further filter of the request: what matches it is not handed to `onEvent`, but proves to `prove` that the request delivers. */
  readonly echo?: Filter
  /** Called at every (re)connection; `since` is the saved cursor of that relay less the overlap, in seconds, if there is one. */
  readonly filters: (since: number | undefined) => readonly Filter[]
  /**
   * An event that matches the filters. Its id and signature are NOT verified yet. `known` ids are dropped before they are parsed.
   * May be called several times for one event by several relays.
   */
  readonly onEvent: (event: NostrEvent, relay: string) => void
  /** True for an event id that needs no second look: it is dropped at the socket, before JSON is parsed. */
  readonly known: (id: string) => boolean
  /** Called at each EOSE of a relay: what was stored has been delivered. */
  readonly onCaughtUp?: (relay: string) => void
}

export interface RelayStatus {
  readonly url: string
  readonly connected: boolean
  /** Subscriptions open at this relay that were answered by EOSE since the last connection. */
  readonly listening: number
  readonly lastError: string | null
  /** How it was last proven, on the connection that is open, that its subscriptions deliver. Null where it was not. */
  readonly proof: RelayProof | null
  readonly provenAt: Millis | null
}

/** `echo`: an event of ours came back on every subscription that listens for it. `eose`: a request was answered; the weaker proof. */
export type RelayProof = 'echo' | 'eose'

/** What a relay says of itself (NIP-11), and what it has shown. Null where it says nothing. Advice: only its OK is the truth. */
export interface RelayLimits {
  /** Of a whole frame, `["EVENT",…]`, in bytes. */
  readonly maxMessageBytes: number | null
  /** Of an event's JSON in bytes: below the smallest that this relay has refused as too large. */
  readonly maxEventBytes: number | null
  /** Of the content, in characters. */
  readonly maxContentChars: number | null
  readonly maxTags: number | null
  /** NIP-13 difficulty, in bits. */
  readonly minPow: number | null
  readonly authRequired: boolean | null
  readonly paymentRequired: boolean | null
  readonly restrictedWrites: boolean | null
  /** How far before now created_at may lie, in seconds. */
  readonly createdAtLower: number | null
  /** How far after now created_at may lie, in seconds. */
  readonly createdAtUpper: number | null
}

export interface RelayPool {
  /** Keeps the subscription alive on each relay until closed: re-subscribes after every reconnect, retries relays that are down. */
  subscribe(request: SubscriptionRequest): Subscription
  /** Sends the event to one relay and waits for its OK. Never throws. Idempotent: the same event may be sent again. */
  publish(event: NostrEvent | string, relay: string): Promise<PublishVerdict>
  /**
   * Stored events of each relay that answers within `timeoutMs`; not verified, so that there may be several of one id; without
   * duplicates. `answered` counts the relays.
   */
  fetch(
    relays: readonly string[],
    filter: Filter,
    timeoutMs: number,
  ): Promise<{ events: NostrEvent[]; answered: number }>
  /**
   * Publishes the event and waits for it on every subscription of that relay whose `echo` it matches; where the relay does not take
   * it, or there is none, a request must be answered. `deaf`: neither came in time, and what is deaf is being rebuilt. `unproven`: no
   * connection, no subscription, or the question was refused. Never throws.
   */
  prove(event: NostrEvent | null, relay: string, timeoutMs: Millis): Promise<RelayProof | 'deaf' | 'unproven'>
  /** From what is known already; asks for what is not known, to know it the next time. Null where nothing is. */
  limits(relay: string): RelayLimits | null
  /** When the pool last looked after its connections, every few seconds; null where it has none. */
  tendedAt(): Millis | null
  status(): readonly RelayStatus[]
  stop(): Promise<void>
}

/** Does the holder of a key that is kept elsewhere answer? */
export interface SignerHealth {
  /** A sentence for the operator; null while it answers. */
  readonly trouble: string | null
  /** Called whenever it answers again. */
  onRecovered(listener: () => void): void
}

export interface Signer {
  readonly pubkey: Pubkey
  /** Only where the key is not in this process. */
  readonly health?: SignerHealth
  /** @throws TollbridgeError `signer-unavailable` where the key's holder does not answer; the caller tries again later. */
  sign(template: EventTemplate): Promise<NostrEvent>
  /** NIP-44 v2; NIP-04 only to answer somebody who used it. */
  encrypt(peer: Pubkey, plaintext: string, scheme?: EncryptionScheme): Promise<string>
  /** @throws on a payload that is not ours or was tampered with. */
  decrypt(peer: Pubkey, payload: string, scheme?: EncryptionScheme): Promise<string>
}

// ---------------------------------------------------------------------------------------------------------------- public web

export interface WebRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'DELETE'
  /** http or https. */
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
  /** Bytes of body to read at most, decoded. */
  readonly maxBytes: number
  /** From the first look-up to the last byte. */
  readonly timeoutMs: Millis
  /** Redirects that are followed, each checked like the first URL; default 0. */
  readonly redirects?: number
}

export type WebOutcome =
  | {
      readonly type: 'response'
      readonly status: number
      /** Lower-case names. */
      readonly headers: Readonly<Record<string, string>>
      readonly body: Uint8Array
    }
  | { readonly type: 'tooLarge' }
  | { readonly type: 'failed'; readonly reason: string }

/** HTTP to hosts that others name: blob servers, relays' documents, inputs of jobs. Private addresses only where allowed. */
export interface WebClient {
  /** Never throws for what the network or the host does. */
  send(request: WebRequest): Promise<WebOutcome>
  stop(): Promise<void>
}

// ------------------------------------------------------------------------------------------------------------------ blobs

export type BlobOutcome =
  | { readonly type: 'stored'; readonly pointer: BlobPointer }
  /** No server took it and gave it back. `reason` is for the operator: one clause per server. */
  | { readonly type: 'failed'; readonly reason: string }

/** Servers that keep what is too large for an event (Blossom). They see ciphertext only. */
export interface BlobStore {
  /** Bytes of content that are stored at most. */
  readonly maxBytes: number
  /**
   * Encrypts with a fresh key, uploads, and reads back: only servers that gave back the same bytes are named. Never throws for what
   * they do. Repeating it is harmless: another blob, of another key. @throws where the signer does not answer.
   */
  put(content: Uint8Array, contentType: string | null): Promise<BlobOutcome>
}

// ------------------------------------------------------------------------------------------------------------------ people

/** Where does somebody read and write? Lists that its author published (NIP-65 and NIP-17), looked up and kept for a while. */
export interface RelayLists {
  /** Admissible relays of the author's kind 10002 that are marked for reading; empty where there is none. Never throws. */
  readRelays(pubkey: Pubkey): Promise<readonly string[]>
  /** Admissible relays of the author's kind 10050; empty where there is none. Never throws. */
  inboxRelays(pubkey: Pubkey): Promise<readonly string[]>
}

// ---------------------------------------------------------------------------------------------------------------- wallets

export type WalletMethod =
  | 'getInfo'
  | 'lookupInvoice'
  | 'listIncoming'
  | 'onSettled'
  | 'payInvoice'
  | 'lookupPayment'
  | 'makeInvoice'
  | 'makeHoldInvoice'
  | 'settleHoldInvoice'
  | 'cancelHoldInvoice'
  | 'onAccepted'
  | 'estimateDelay'

export type Network = 'mainnet' | 'testnet' | 'signet' | 'regtest'

/** Null where the wallet does not tell. */
export interface WalletInfo {
  readonly network: Network | null
  readonly nodeId: string | null
  readonly blockHeight: number | null
  /** The Lightning implementation behind it, lower case: `lnd`, `cln`, `ldk`. */
  readonly backend: string | null
  /** Blocks that each hold invoice of this wallet gives, whatever is asked for; null or absent where it gives what is asked for. */
  readonly holdBlocks?: number | null
}

export type IncomingState =
  | { readonly state: 'pending' }
  /**
   * A hold invoice whose payment has arrived in full and waits to be settled or cancelled. `settleDeadline`: the block height at which
   * it goes back to the payer by itself; null where the wallet does not tell.
   */
  | { readonly state: 'accepted'; readonly amountMsat: Msat; readonly settleDeadline: number | null }
  | {
      readonly state: 'settled'
      /** Absent where the wallet keeps it to itself. Its sha256 is the payment hash: checked by the implementation. */
      readonly preimage: Preimage | null
      readonly amountMsat: Msat
      readonly settledAt: Millis | null
    }
  | { readonly state: 'expired' }
  | { readonly state: 'cancelled' }
  | { readonly state: 'not_found' }

export type OutgoingState =
  | { readonly state: 'pending' }
  /** `feesMsat`: null where the wallet does not tell. */
  | { readonly state: 'settled'; readonly preimage: Preimage; readonly feesMsat: Msat | null }
  | { readonly state: 'failed' }
  | { readonly state: 'not_found' }

/** Signed, decrypted, incoming, settled and sha256(preimage) = hash: itself the proof of a payment. */
export interface SettledIncoming {
  readonly paymentHash: PaymentHash
  readonly preimage: Preimage
  readonly amountMsat: Msat
  readonly settledAt: Millis | null
}

/** One page of settled incoming payments, newest first. */
export interface IncomingPage {
  readonly settled: readonly SettledIncoming[]
  /** Pass to the next call; null when this was the last page. */
  readonly cursor: string | null
}

export type PaymentOutcome =
  | { readonly type: 'paid'; readonly preimage: Preimage; readonly feesMsat: Msat | null }
  /** Definitely not sent, and never will be. */
  | { readonly type: 'refused'; readonly reason: string }
  /** May have been sent. Look up; never pay again. */
  | { readonly type: 'unknown'; readonly reason: string }

/** What one payment may cost beyond its amount. A wallet that cannot hold to a limit says so in `limits`. */
export interface PaymentLimits {
  readonly maxFeeMsat: Msat
  /** Blocks from now until the last hop's expiry, its own delta included; null for any. */
  readonly maxDelayBlocks: number | null
}

export interface InvoiceRequest {
  readonly amountMsat: Msat
  readonly description: string
  readonly expirySeconds: number
}

export interface MadeInvoice {
  readonly bolt11: string
  readonly paymentHash: PaymentHash
}

export interface HoldInvoiceRequest extends InvoiceRequest {
  readonly paymentHash: PaymentHash
  /** BOLT11 `c`: blocks that the payer's last hop must leave us; wallets that cannot set it ignore it. */
  readonly minCltvDelta: number
}

export type HoldInvoiceOutcome =
  | { readonly type: 'made'; readonly bolt11: string }
  /** Another invoice on this payment hash is in the wallet: it is the node of the payee itself, or the hash is spent. */
  | { readonly type: 'taken' }

/** What a credential can do beyond what it is needed for: words for the operator that continue "it can". Holds no secret. */
export type Excess = string

/** NIP-47's verbs; msat everywhere. One contract suite runs against every implementation. */
export interface Wallet {
  readonly name: string
  /** What this wallet can do, known after `start`. A settlement path lists what it needs. */
  readonly methods: ReadonlySet<WalletMethod>
  /** The limits of a payment that `payInvoice` enforces; what is not named here is ignored. */
  readonly limits: ReadonlySet<'fee' | 'delay'>
  /** Reads the wallet's abilities. @throws TollbridgeError `wallet-unusable`. */
  start(): Promise<void>
  getInfo(): Promise<WalletInfo>
  /** Incoming only. Idempotent. @throws where the wallet does not answer or answers nonsense. */
  lookupInvoice(paymentHash: PaymentHash): Promise<IncomingState>
  /** Outgoing only. Idempotent. @throws where the wallet does not answer or answers nonsense. */
  lookupPayment(paymentHash: PaymentHash): Promise<OutgoingState>
  /** Settled incoming payments since a time, page by page. Entries without a provable preimage are left out. @throws as above. */
  listIncoming(request: { readonly since: Millis; readonly cursor: string | null }): Promise<IncomingPage>
  /**
   * Spends. Not idempotent. Never throws; a timeout, a lost connection and a malformed answer are `unknown`. Default limits: the
   * wallet's own.
   */
  payInvoice(bolt11: string, paymentHash: PaymentHash, limits?: PaymentLimits): Promise<PaymentOutcome>
  /** An invoice of our own. Each call makes another. @throws where the wallet does not answer or refuses. */
  makeInvoice(request: InvoiceRequest): Promise<MadeInvoice>
  /**
   * Idempotent: the hold invoice that exists on this hash with this amount is given again, whether open or accepted.
   * @throws where the wallet does not answer or refuses: it may have been made.
   */
  makeHoldInvoice(request: HoldInvoiceRequest): Promise<HoldInvoiceOutcome>
  /** Takes the money of an accepted hold invoice. Idempotent: settled already is done. @throws unless the wallet says that it is done. */
  settleHoldInvoice(preimage: Preimage, paymentHash: PaymentHash): Promise<void>
  /**
   * Gives the money back, or ends an open hold invoice where the wallet can. Idempotent: cancelled already, expired or unknown is done.
   * @throws unless the wallet says that it is done; for a settled one too.
   */
  cancelHoldInvoice(paymentHash: PaymentHash): Promise<void>
  /** Push, as a hint to look the hash up: a hold invoice was accepted. Returns the way to stop listening. */
  onAccepted(listener: (paymentHash: PaymentHash) => void): () => void
  /** Blocks that a route to the payee needs now, the payee's own delta not included; null where none is found. @throws as above. */
  estimateDelay(payee: string, amountMsat: Msat): Promise<number | null>
  /** What the credential allows beyond these methods; empty where nothing, or where the wallet does not tell. Never throws. */
  excessOver(needed: ReadonlySet<WalletMethod>): Promise<readonly Excess[]>
  /** Push. `onGap` is called after a reconnection: payments may have been missed. Returns the way to stop listening. */
  onSettled(listener: (settled: SettledIncoming) => void, onGap: () => void): () => void
  stop(): Promise<void>
}

// --------------------------------------------------------------------------------------------------------------- upstream

export interface UpstreamRequest {
  readonly method: string
  /** Path and query, canonical; resolved against the fixed origin. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | null
  /** Where the body is not text: its bytes in base64. */
  readonly bodyEncoding?: 'base64'
  /** The credential as it stands in its header; never logged. */
  readonly authorization?: string
  /** Default: `authorization`. */
  readonly credentialHeader?: 'authorization' | 'payment-signature'
  readonly idempotencyKey?: string
  /** Bytes of body to read at most; default: the upstream's response cap. */
  readonly maxBytes?: number
  /** Called with each piece of the body of a 2xx answer while it arrives, less what repeats the credential. Must not throw. */
  readonly onBytes?: (piece: Uint8Array) => void
}

export type UpstreamOutcome =
  | {
      readonly type: 'response'
      readonly status: number
      /** Lower-case names; several lines of one name stay several values. */
      readonly headers: Readonly<Record<string, readonly string[]>>
      readonly body: Uint8Array
    }
  /** The body passed the cap and was cut off; the status is the upstream's. */
  | { readonly type: 'tooLarge'; readonly status: number }
  /** Certainly not sent: no connection was made. */
  | { readonly type: 'unsent'; readonly reason: string }
  /** Sent, at least in part, and no whole answer came: it may have taken effect. */
  | { readonly type: 'unknown'; readonly reason: string }

/** One fixed origin. Follows no redirect; caps and times out every call. */
export interface UpstreamClient {
  readonly name: string
  /** Never throws for what the network or the upstream does. */
  send(request: UpstreamRequest, signal?: AbortSignal): Promise<UpstreamOutcome>
  /** Resolves a path or URL named by the upstream; null unless it is on the same origin. */
  sameOriginTarget(reference: string): string | null
  stop(): Promise<void>
}

// ------------------------------------------------------------------------------------------------------------------ store

/** A credential with credit left, for the customer who paid for it and nobody else. */
export interface Credit {
  readonly customer: Pubkey
  readonly upstream: string
  /** The Authorization value: a secret, sealed at rest. */
  readonly authorization: string
  readonly balanceSats: number | null
  readonly savedAt: Millis
}

export interface JobStore {
  /**
   * Durable when resolved. `duplicate` where a job of that id is or was stored, open or archived. Does not ask `acceptsJobs`.
   * @throws TollbridgeError `store-full`, `store-closed`
   */
  insert(job: Job): Promise<'inserted' | 'duplicate'>
  /**
   * Durable when resolved; saves in flight share one flush. Seen by `get` at once, and taken back if the write fails: it may be
   * tried again. An offer's payment hash is claimed with its first save, for good.
   * @throws TollbridgeError `store-stale` for a version not above the stored one or an archived job, `hash-taken` where another
   * job of any age has the payment hash, `job-unknown`, `store-full`, `store-closed`.
   */
  save(job: Job): Promise<void>
  /**
   * As `save`, but returns at once: durable with the next flush, and lost by a crash before it. For what costs nothing to lose. The
   * same version may be noted again. Ignored after `stop`. @throws TollbridgeError `store-stale`, `hash-taken`, `job-unknown`.
   */
  note(job: Job): void
  /** The very object that was last inserted, saved or noted: what is known of its attempts and relays is bound to it. */
  get(id: EventId): Job | undefined
  /** True for a job id that is or was stored, open or archived. Synchronous: asked for every event. */
  has(id: string): boolean
  /** True for a payment hash of any job, open or archived. */
  hasPaymentHash(hash: PaymentHash): boolean
  /** Every job that is not archived. */
  live(): Iterable<Job>
  /**
   * Moves a closed job into the archive of the day it closed. Durable when resolved; a crash leaves it live or archived, never
   * neither. Nothing for an unknown id. @throws TollbridgeError `impossible-transition` for an open job.
   */
  archive(id: EventId): Promise<void>
  /** A job from the archive, newest day first; slow. */
  findArchived(id: EventId): Promise<Job | undefined>
  /** Archived jobs, newest day first; slow. */
  listArchived(limit: number): Promise<Job[]>
  credit(customer: Pubkey, upstream: string): Credit | undefined
  putCredit(credit: Credit): void
  dropCredit(customer: Pubkey, upstream: string): void
  /** Seconds since 1970 up to which everything a relay sent to that subscription has been handled. */
  cursor(key: string): number | undefined
  putCursor(key: string, seconds: number): void
  /** False while new jobs must not be taken: the disk is full or nearly so. What is in flight goes on. */
  acceptsJobs(): boolean
  /** Waits for every save and note. */
  flush(): Promise<void>
  stop(): Promise<void>
}

/** What was announced, and whether it was taken back. */
export interface PresenceRecord {
  readonly retired: boolean
  /** As last signed, by kind and `d` tag. */
  readonly events: Readonly<Record<string, NostrEvent>>
}

export interface PresenceMemory {
  read(): Promise<PresenceRecord>
  /** Durable when resolved. */
  write(record: PresenceRecord): Promise<void>
}

// ------------------------------------------------------------------------------------------------------- handlers, policies

/** Translates one kind of job into HTTP and back. Pure; sees no wallet, key or relay. */
export interface JobHandler {
  readonly kinds: readonly number[]
  /** The `param` tags that it reads, as the announcement tells them (NIP-89); `values` where only these are understood. */
  readonly params?: Readonly<Record<string, { readonly required: boolean; readonly values: readonly string[] }>>
  toRequest(job: JobRequest): HandlerRequest | Rejection
  toOutput(response: { status: number; contentType: string | null; body: Uint8Array }, job: JobRequest): JobOutput
}

/** What admission policies may know of a customer and the whole. */
export interface Seen {
  readonly openOfCustomer: number
  readonly unpaidOfCustomer: number
  readonly openInAll: number
  readonly acceptsJobs: boolean
}

/** Decided at once, right before the job is stored; `call` is what it would make of the upstream; null where inputs come first. */
export type Policy = (job: JobRequest, seen: Seen, call: UpstreamCall | null) => Rejection | null

/** Decided after asking others, before the policies. Never throws. */
export type Vetting = (job: JobRequest) => Promise<Rejection | null>

// ------------------------------------------------------------------------------------------------------------ clock, log

export interface Clock {
  now(): Millis
  /** Runs once after the delay unless cancelled. Does not keep the process alive. */
  after(delayMs: number, run: () => void): () => void
}

export interface Logger {
  debug(fields: object, event: string): void
  info(fields: object, event: string): void
  warn(fields: object, event: string): void
  error(fields: object, event: string): void
}
