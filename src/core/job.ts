/** What is known of a job in each state? One interface per state; each holds exactly the facts known by then. */
import type { Channel } from './arrival.js'
import type { EventId, Millis, Pubkey } from './identifiers.js'
import type { KeptInput } from './job-input.js'
import type {
  UpstreamCall,
  Calls,
  JobOutput,
  UnpaidSecrets,
  PaidSecrets,
  Offer,
  Payment,
  JobFailure,
  Delivery,
  Challenge,
  Purchase,
  Hold,
  Spending,
  Spent,
  Refund,
  Loss,
  AfterSettling,
} from './job-parts.js'
import type { Msat } from './money.js'

export * from './job-parts.js'

export const OPEN_STATES = [
  'gathering',
  'quoting',
  'invoicing',
  'offering',
  'awaiting',
  'paying',
  'tracking',
  'settling',
  'fetching',
  'publishing',
  'cancelling',
  'refunding',
  'failing',
] as const
export const CLOSED_STATES = ['completed', 'rejected', 'expired', 'cancelled', 'refunded', 'failed'] as const

export type OpenState = (typeof OPEN_STATES)[number]
export type ClosedState = (typeof CLOSED_STATES)[number]
export type JobState = OpenState | ClosedState

/** Facts that hold in every state. */
interface Admitted {
  readonly id: EventId
  readonly kind: number
  readonly customer: Pubkey
  /** Rises by one with every transition; a store refuses a lower one. */
  readonly version: number
  readonly receivedAt: Millis
  readonly updatedAt: Millis
  /** The job request as signed, in JSON: the `request` tag of the result (NIP-90). Empty once nothing more can come of the job. */
  readonly request: string
  readonly bidMsat: Msat | null
  /** Checked relays of the job's `relays` tag. */
  readonly replyRelays: readonly string[]
  /** How the job came, unless in the open. */
  readonly channel?: Channel
  /** Relay on which the job was first heard; the hint in answers. */
  readonly heardOn: string
  /** The customer promises to send the preimage back. */
  readonly proofPromised: boolean
  readonly outbox: readonly Delivery[]
  /** Where money is sent back that cannot be used (resell), as the customer or the operator wrote it. May be a secret. */
  readonly refundTo?: string
  /** What was gathered for the call; absent where all inputs were text. */
  readonly gathered?: readonly KeptInput[]
}
interface Translated extends Admitted {
  readonly call: UpstreamCall
}
interface Offered extends Translated {
  readonly offer: Offer
  readonly secrets: UnpaidSecrets
}
/** Paid, and the key of the credential is had. */
interface Paid extends Translated {
  readonly offer: Offer
  readonly secrets: PaidSecrets
  readonly payment: Payment
  /** What we paid to the upstream (wrap, resell). */
  readonly spent?: Spent
  /** The customer's payment as it was held (wrap). */
  readonly hold?: Hold
  readonly loss?: Loss
}
/** The customer's money has come, or is held for us, and the upstream is not known to be paid (wrap, resell). */
interface Funded extends Translated {
  readonly offer: Offer & { readonly purchase: Purchase }
  readonly secrets: UnpaidSecrets
  readonly payment: Payment
  readonly hold?: Hold
  readonly spending: Spending
}
/** The upstream could not be paid. */
interface Unserved extends Funded {
  readonly refund?: Refund
  /** Whether the customer has the money back; otherwise it is owed. */
  readonly returned: boolean
}
/** A job that owes nothing has neither offer nor payment. */
interface Unpaid {
  readonly offer?: undefined
  readonly payment?: undefined
  readonly secrets?: undefined
}

/** Inputs that are not text are fetched before anything else; which call they make is not known yet. */
export interface Gathering extends Admitted, Unpaid {
  readonly state: 'gathering'
  readonly call: null
}
export interface Quoting extends Translated {
  readonly state: 'quoting'
  readonly calls: Calls
}
export interface Invoicing extends Translated {
  readonly state: 'invoicing'
  readonly challenge: Challenge
}
export interface Offering extends Offered {
  readonly state: 'offering'
}
export interface Awaiting extends Offered {
  readonly state: 'awaiting'
}
/** The only state that spends; entered by a saved transition, once. */
export interface Paying extends Funded {
  readonly state: 'paying'
}
/** The payment was started and its fate is unknown: it is looked up, never repeated. */
export interface Tracking extends Funded {
  readonly state: 'tracking'
}
/** The preimage is known: the customer's held payment is taken. */
export interface Settling extends Paid {
  readonly state: 'settling'
  readonly hold: Hold
  readonly then: AfterSettling
}
/** Nothing was paid, and nothing will be: the customer's held payment is given back. */
export interface Cancelling extends Funded {
  readonly state: 'cancelling'
  readonly failure: JobFailure
}
/** Nothing was paid, and nothing will be: the customer's money is sent back. */
export interface Refunding extends Funded {
  readonly state: 'refunding'
  readonly failure: JobFailure
  readonly refund: Refund
}
export interface Fetching extends Paid {
  readonly state: 'fetching'
  readonly calls: Calls
}
export type Publishing = (Paid | (Translated & Unpaid)) & {
  readonly state: 'publishing'
  /** Until the result is signed, or delivered where it is large; afterwards the signed event in the outbox holds it. */
  readonly output: JobOutput | null
  /** The output does not fit into an event: it goes into a blob, to which the result leads. */
  readonly inBlob?: true
}
export type Failing = (Paid | Unserved | (Admitted & Unpaid & { readonly call: UpstreamCall | null })) & {
  readonly state: 'failing'
  readonly failure: JobFailure
  /** What was paid for and could not be delivered. */
  readonly answer?: JobOutput
}

export type Completed = (Paid | (Translated & Unpaid)) & { readonly state: 'completed' }
export interface Rejected extends Admitted, Unpaid {
  readonly state: 'rejected'
  readonly call: UpstreamCall | null
  readonly failure: JobFailure
}
export interface Expired extends Offered {
  readonly state: 'expired'
}
/** Called off by its author when the invoice was out: it may be paid all the same, and is served then. */
export interface CalledOff extends Offered {
  readonly state: 'cancelled'
  /** The invoice can no longer be paid in time: until then it counts as an unpaid one. */
  readonly lapsed?: true
}
/** Called off by its author before the offer; or another daemon with our key has answered, and this one stood down. */
export type Cancelled =
  CalledOff | (Admitted & Unpaid & { readonly state: 'cancelled'; readonly call: UpstreamCall | null })
/**
 * Paid and not served. With a key, the credential was handed over, and the job is owed until it is retried with success; without one, the
 * upstream could not be paid, and the money itself is owed.
 */
export type Failed = (Paid | Unserved) & {
  readonly state: 'failed'
  readonly failure: JobFailure
  /** Another try begins with it. */
  readonly answer?: JobOutput
}
/** The upstream could not be paid, and the customer has the money back. */
export interface Refunded extends Unserved {
  readonly state: 'refunded'
  readonly failure: JobFailure
}

export type OpenJob =
  | Gathering
  | Quoting
  | Invoicing
  | Offering
  | Awaiting
  | Paying
  | Tracking
  | Settling
  | Fetching
  | Publishing
  | Cancelling
  | Refunding
  | Failing
export type ClosedJob = Completed | Rejected | Expired | Cancelled | Refunded | Failed
export type Job = OpenJob | ClosedJob
export type JobIn<S extends JobState> = Extract<Job, { state: S }>

const OPEN: ReadonlySet<string> = new Set(OPEN_STATES)

export const isOpen = (job: Job): job is OpenJob => OPEN.has(job.state)

/** Whether the customer's money has moved, so that nothing of this job may be thrown away. */
export const isPaid = (job: Job): job is Job & (Paid | Funded) => 'payment' in job && job.payment !== undefined

/** Whether the credential is complete: only such a job can be fetched, or handed over. */
export const hasKey = <J extends Job>(job: J): job is J & Paid =>
  'secrets' in job && job.secrets !== undefined && 'key' in job.secrets

/** Whether an invoice of ours is out that nobody has paid yet. */
export const isUnpaidInvoice = (job: Job): boolean =>
  job.state === 'offering' || job.state === 'awaiting' || (isLate(job) && job.state === 'cancelled' && !job.lapsed)

/** A closed job whose invoice was shown: money that arrives for it is served. */
export type Late = Expired | CalledOff

export const isLate = (job: Job): job is Late =>
  job.state === 'expired' || (job.state === 'cancelled' && job.offer !== undefined)

/** Paid, not served, and nothing more happens by itself: the list of `jobs list --owed`. */
export const isOwed = (job: Job): boolean => job.state === 'failed'
