/** What may a step use? The ports and settings that every step receives, and what it returns. */
import type { EventTemplate, NostrEvent } from '../core/event.js'
import type { Rejection } from '../core/errors.js'
import type { Millis } from '../core/identifiers.js'
import type { Attempt, Delivery, Job, JobIn, OpenState, UpstreamCall } from '../core/job.js'
import type { JobRequest } from '../core/job-request.js'
import type { Inputs } from '../inputs/inputs.js'
import type { Msat } from '../core/money.js'
import type { RefundDestination } from '../core/refund.js'
import type { Upstream } from '../core/route.js'
import type { Fact } from '../core/transition.js'
import type {
  BlobStore,
  Clock,
  JobHandler,
  JobStore,
  Logger,
  Network,
  RelayPool,
  Signer,
  UpstreamClient,
  Wallet,
} from '../ports.js'
import type { SettlementWatch } from '../settlement/watch.js'
import type { MerchantWallet } from '../settlement/merchant-wallet.js'
import type { Purse } from '../settlement/purse.js'
import type { Standing } from '../core/delivery.js'

/** Nothing to do before this time, or before something wakes the lane (null: only then). */
export interface Pause {
  readonly type: 'pause'
  readonly until: Millis | null
}

export const PAUSE: Pause = { type: 'pause', until: null }
export const pauseUntil = (until: Millis): Pause => ({ type: 'pause', until })

export interface UpstreamBinding {
  readonly settings: Upstream
  readonly client: UpstreamClient
  readonly wallet: { readonly port: Wallet; readonly source: MerchantWallet } | null
}

/** Whether one more purchase may be promised: what is open, held, owed and spent is bounded. */
export interface Exposure {
  /** Keeps one of so many hold invoices of its upstream for the job until it leaves its state; false where all are out. Idempotent. */
  takeSlot(job: JobIn<'invoicing'>, most: number): boolean
  /** Payments of held money to this node that were announced, and whose fate is unknown. */
  underWayTo(payee: string): number
  /** The fate of its payment is unknown, and the hold nears its end: until that is over, nothing more is held for its upstream. */
  endanger(job: JobIn<'tracking'>): void
  isHalted(upstream: string): boolean
  /** Why not so much more of customers' money may be taken in for the upstream (resell); null where it may. */
  objectionToResale(upstream: Upstream, job: Pick<Job, 'id'>, amountMsat: Msat, costMsat: Msat): Rejection | null
  /**
   * Counts a payment of resale, durably, before it is begun; why it may not be begun, otherwise. Idempotent for a job while it pays.
   * @throws where it cannot be written.
   */
  spend(job: JobIn<'paying'>, upstream: Upstream | undefined): Promise<Rejection | null>
  /**
   * Counts what a refund may cost in fees, durably, before it is announced; false where so much was spent on them that it has to wait.
   * Idempotent for a job until it is sent or given up. @throws where it cannot be written.
   */
  spendOnRefund(job: JobIn<'refunding'>, upstream: Upstream | undefined): Promise<boolean>
}

/** Why the destination gives no invoice. `final`: nor will it. */
export interface Obstacle {
  /** For the operator. Never holds a secret. */
  readonly obstacle: string
  readonly final: boolean
}

/** Asks customers' own destinations for invoices by which money goes back to them. */
export interface RefundDesk {
  /** BOLT11 over exactly that amount, as the destination claims; or why not. Never throws. */
  invoiceFrom(destination: RefundDestination, amountMsat: Msat): Promise<string | Obstacle>
}

export interface StepSettings {
  readonly network: Network
  readonly writeRelays: readonly string[]
  readonly quorum: number
  /** A signed event of ours is never larger, in bytes of JSON. */
  readonly maxEventBytes: number
  /** How long after its expiry an invoice still counts as open. */
  readonly graceMs: number
  /** An invoice must be payable for at least this long. */
  readonly paymentWindowMs: number
  readonly maxUnpaidPerCustomer: number
  /** First delay of repeated calls. */
  readonly retryMs: number
  /** How long a call after payment is repeated while it can work. */
  readonly patienceMs: number
  /** How long answers of our own key are looked for before an offer. */
  readonly lookMs: number
}

/** Proof of work (NIP-13), where relays ask for it. */
export interface Workload {
  /** Bits that an answer to the job needs so that these relays take it; 0 for none. From what is known already. */
  bitsFor(job: Job, counted: readonly string[]): number
  /** The same event with work, signed anew; as it was where that cannot be done. */
  add(job: Job, event: NostrEvent, bits: number): Promise<NostrEvent>
  /**
   * The same answer with the work that its relays have asked for; the time to ask again where others are before it; null where it
   * cannot be done, which is remembered.
   */
  rework(job: Job, delivery: Delivery): Promise<Delivery | Millis | null>
}

/** Where inputs come from that are not text, and the call that they make. */
export interface InputStation extends Inputs {
  /** As at the intake: the route that allows it, or why none does. */
  translate(request: JobRequest): UpstreamCall | Rejection
}

export interface StepContext {
  /** Names this process's run: an attempt of another run was interrupted. */
  readonly run: string
  readonly clock: Clock
  readonly log: Logger
  readonly signer: Signer
  readonly relays: RelayPool
  readonly store: JobStore
  readonly upstreams: ReadonlyMap<string, UpstreamBinding>
  readonly handlers: ReadonlyMap<number, JobHandler>
  readonly settlements: SettlementWatch
  /** Wallets that pay upstreams, by name. */
  readonly purses: ReadonlyMap<string, Purse>
  readonly exposure: Exposure
  /** Absent where no money of customers is ever taken (resell). */
  readonly refunds?: RefundDesk
  /** Where what is too large for an event is kept; absent where the operator names no server. */
  readonly blobs?: BlobStore
  readonly settings: StepSettings
  /** Attempts whose call was begun by this process: none is sent twice under one announcement. */
  readonly begun: WeakSet<Attempt>
  /** Open invoices of the job's customer, this job's own left out. */
  readonly unpaidOf: (job: Job) => number
  /** Signs an answer to the job, sealed the way the job came; a refusal where it is too long for that. */
  readonly seal: (job: Job, template: EventTemplate) => Promise<NostrEvent | Rejection>
  /** Where answers to the job go; among `counted` the quorum is counted. */
  readonly destinations: (
    job: Job,
  ) => Promise<{ readonly counted: readonly string[]; readonly also: readonly string[] }>
  /** Absent where no inputs are gathered. */
  readonly inputs?: InputStation
  readonly send: (job: Job, delivery: Delivery) => void
  readonly standing: (delivery: Delivery) => Standing
  /** Default: no work is done. */
  readonly workload?: Workload
}

/** Performs the state's one effect and says what came of it. May throw where a port does: the lane tries again. */
export type Step<S extends OpenState> = (context: StepContext, job: JobIn<S>) => Promise<Fact | Pause>
