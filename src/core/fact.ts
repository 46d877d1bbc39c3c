/** What can be found out about a job? Every fact that a step, a preimage source or the operator reports, and who understands it. */
import type { Rejection } from './errors.js'
import type { EventId, Millis, Preimage } from './identifiers.js'
import type {
  Attempt,
  Challenge,
  CredentialKey,
  Delivery,
  Hold,
  JobOutput,
  JobState,
  Loss,
  Offer,
  Payment,
  Refund,
  UnpaidSecrets,
  UpstreamCall,
} from './job.js'
import type { KeptInput } from './job-input.js'
import type { Msat } from './money.js'

/** What a step, a preimage source or the operator found out. */
export type Fact =
  /** A call is about to be sent by this run. */
  | { readonly type: 'attempting'; readonly attempt: Attempt }
  /** The call ended without an answer that counts. `outcomeUnknown`: it may have taken effect all the same. */
  | {
      readonly type: 'attemptFailed'
      readonly retryAt: Millis
      readonly outcomeUnknown: boolean
      /** `deferred`: not sent at all, or put off by the server. */
      readonly why: 'deferred' | 'refused' | 'broken'
    }
  /** Every input is there, and the first call is announced. */
  | {
      readonly type: 'gathered'
      readonly call: UpstreamCall
      readonly gathered: readonly KeptInput[]
      readonly attempt: Attempt
    }
  | { readonly type: 'challenged'; readonly challenge: Challenge }
  | { readonly type: 'answered'; readonly output: JobOutput }
  | { readonly type: 'invoiced'; readonly offer: Offer; readonly secrets: UnpaidSecrets }
  /** An event was signed and waits in the outbox. */
  | {
      readonly type: 'signed'
      readonly delivery: Delivery
      /** The output is kept until the event is delivered: relays may yet find it too large. */
      readonly keepOutput?: boolean
    }
  /** No relay took it for want of proof of work: the same was signed anew, with work. */
  | { readonly type: 'reworked'; readonly delivery: Delivery; readonly replaces: EventId }
  /** The answer does not fit into an event that relays take: it goes into a blob. */
  | { readonly type: 'outsized' }
  | { readonly type: 'offered' }
  | { readonly type: 'settled'; readonly key: CredentialKey; readonly payment: Payment; readonly attempt: Attempt }
  /** An invoice of our own is accepted (`hold`) or settled; that the upstream will be paid is announced with it. */
  | { readonly type: 'funded'; readonly payment: Payment; readonly hold: Hold | null; readonly attempt: Attempt }
  /** The announced payment was certainly not begun. */
  | { readonly type: 'unsent' }
  /** The upstream is paid. `attempt`: the first call with the credential is announced with it. */
  | {
      readonly type: 'paid'
      readonly preimage: Preimage
      readonly feesMsat: Msat | null
      readonly attempt: Attempt
    }
  /** Nothing was paid, and certainly never will be. */
  | { readonly type: 'payRefused'; readonly rejection: Rejection }
  /** It may have been paid. */
  | { readonly type: 'payUnknown' }
  /** What a look-up of a payment under way has told. */
  | { readonly type: 'tracked'; readonly sawPending: boolean; readonly notFoundSince: Millis | null }
  /** The customer's held payment is ours. */
  | { readonly type: 'taken'; readonly attempt: Attempt }
  /** It cannot be had any more, although the upstream was paid. */
  | { readonly type: 'lost'; readonly loss: Loss; readonly attempt: Attempt }
  /** The held payment may not wait for the answer any longer. */
  | { readonly type: 'settleDue' }
  /** The customer has the money back. */
  | { readonly type: 'returned' }
  /** The money cannot be given back as things are. */
  | { readonly type: 'owed'; readonly reason: string }
  | { readonly type: 'refundMoved'; readonly refund: Refund }
  | { readonly type: 'lapsed' }
  | { readonly type: 'delivered' }
  | { readonly type: 'refused'; readonly rejection: Rejection }
  /** Our own key has answered this job elsewhere. */
  | { readonly type: 'answeredElsewhere' }
  /** The job's author has called it off; the feedback that says so is signed. */
  | { readonly type: 'cancelled'; readonly delivery: Delivery }
  /** The operator asked for another try; where money is owed, perhaps with another place to send it to. */
  | { readonly type: 'retried'; readonly refundTo?: string }

export type FactType = Fact['type']

/** Which facts a state understands: the table that `transition` implements and the tests walk. */
export const UNDERSTOOD: Readonly<Record<JobState, readonly FactType[]>> = {
  gathering: ['gathered', 'refused', 'cancelled'],
  quoting: ['attempting', 'attemptFailed', 'challenged', 'answered', 'refused', 'answeredElsewhere', 'cancelled'],
  invoicing: ['invoiced', 'refused', 'answeredElsewhere', 'cancelled'],
  offering: ['signed', 'offered', 'settled', 'funded', 'refused', 'cancelled'],
  awaiting: ['reworked', 'settled', 'funded', 'lapsed', 'cancelled'],
  paying: ['attempting', 'unsent', 'paid', 'payRefused', 'payUnknown'],
  tracking: ['tracked', 'paid', 'payRefused'],
  settling: ['taken', 'lost'],
  fetching: ['attempting', 'attemptFailed', 'answered', 'refused', 'settleDue'],
  cancelling: ['returned', 'owed'],
  refunding: ['returned', 'owed', 'refundMoved'],
  publishing: ['signed', 'reworked', 'outsized', 'delivered', 'refused'],
  failing: ['signed'],
  expired: ['settled', 'funded'],
  failed: ['retried', 'reworked'],
  completed: [],
  rejected: [],
  // Where it was called off with its invoice out; the others take nothing.
  cancelled: ['settled', 'funded', 'lapsed'],
  refunded: [],
}
