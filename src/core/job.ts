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
} from './job-parts.js'
import type { Msat } from './money.js'

export * from './job-parts.js'

export const OPEN_STATES = [
  'gathering',
  'quoting',
  'invoicing',
  'offering',
  'awaiting',
  'fetching',
  'publishing',
  'failing',
] as const
export const CLOSED_STATES = ['completed', 'rejected', 'expired', 'cancelled', 'failed'] as const

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
interface Paid extends Translated {
  readonly offer: Offer
  readonly secrets: PaidSecrets
  readonly payment: Payment
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
export type Failing = (Paid | (Admitted & Unpaid & { readonly call: UpstreamCall | null })) & {
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
/** Paid and not served: the credential was handed over, and the job is owed until it is retried with success. */
export interface Failed extends Paid {
  readonly state: 'failed'
  readonly failure: JobFailure
  /** Another try begins with it. */
  readonly answer?: JobOutput
}

export type OpenJob = Gathering | Quoting | Invoicing | Offering | Awaiting | Fetching | Publishing | Failing
export type ClosedJob = Completed | Rejected | Expired | Cancelled | Failed
export type Job = OpenJob | ClosedJob
export type JobIn<S extends JobState> = Extract<Job, { state: S }>

const OPEN: ReadonlySet<string> = new Set(OPEN_STATES)

export const isOpen = (job: Job): job is OpenJob => OPEN.has(job.state)

/** Whether the customer's money has moved, so that nothing of this job may be thrown away. */
export const isPaid = (job: Job): job is Job & Paid => 'payment' in job && job.payment !== undefined

/** Whether an invoice of ours is out that nobody has paid yet. */
export const isUnpaidInvoice = (job: Job): boolean =>
  job.state === 'offering' || job.state === 'awaiting' || (isLate(job) && job.state === 'cancelled' && !job.lapsed)

/** A closed job whose invoice was shown: money that arrives for it is served. */
export type Late = Expired | CalledOff

export const isLate = (job: Job): job is Late =>
  job.state === 'expired' || (job.state === 'cancelled' && job.offer !== undefined)

/** Paid, not served, and nothing more happens by itself: the list of `jobs list --owed`. */
export const isOwed = (job: Job): boolean => job.state === 'failed'
