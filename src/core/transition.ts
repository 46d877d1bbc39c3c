/** What follows from a fact? The whole life of a job as one pure function: (job, fact) → job. */
import { TollbridgeError, type Rejection } from './errors.js'
import type { EventId, Millis } from './identifiers.js'
import type { KeptInput } from './job-input.js'
import {
  NO_CALLS,
  type Attempt,
  type CalledOff,
  type Cancelled,
  type Challenge,
  type CredentialKey,
  type Delivery,
  type Job,
  type JobIn,
  type JobOutput,
  type JobState,
  type Late,
  type Offer,
  type Payment,
  type UnpaidSecrets,
  type UpstreamCall,
} from './job.js'
import { close, failureOf, followPublishing, replaced, retry, withoutPayload } from './transition-end.js'

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
  | { readonly type: 'lapsed' }
  | { readonly type: 'delivered' }
  | { readonly type: 'refused'; readonly rejection: Rejection }
  /** Our own key has answered this job elsewhere. */
  | { readonly type: 'answeredElsewhere' }
  /** The job's author has called it off; the feedback that says so is signed. */
  | { readonly type: 'cancelled'; readonly delivery: Delivery }
  /** The operator asked for another try. */
  | { readonly type: 'retried' }

export type FactType = Fact['type']

/** Which facts a state understands: the table that `transition` implements and the tests walk. */
export const UNDERSTOOD: Readonly<Record<JobState, readonly FactType[]>> = {
  gathering: ['gathered', 'refused', 'cancelled'],
  quoting: ['attempting', 'attemptFailed', 'challenged', 'answered', 'refused', 'answeredElsewhere', 'cancelled'],
  invoicing: ['invoiced', 'refused', 'answeredElsewhere', 'cancelled'],
  offering: ['signed', 'offered', 'settled', 'refused', 'cancelled'],
  awaiting: ['reworked', 'settled', 'lapsed', 'cancelled'],
  fetching: ['attempting', 'attemptFailed', 'answered', 'refused'],
  publishing: ['signed', 'reworked', 'outsized', 'delivered', 'refused'],
  failing: ['signed'],
  expired: ['settled'],
  failed: ['retried', 'reworked'],
  completed: [],
  rejected: [],
  // Where it was called off with its invoice out; the others take nothing.
  cancelled: ['settled', 'lapsed'],
}

/**
 * Applies one fact.
 * @throws TollbridgeError `impossible-transition` where the state does not understand the fact: a bug, never an input.
 */
export function transition(job: Job, fact: Fact, now: Millis): Job {
  const next = follow(job, fact)
  if (next === null) {
    throw new TollbridgeError('impossible-transition', `a job that is ${job.state} cannot take the fact ${fact.type}`)
  }
  return { ...next, version: job.version + 1, updatedAt: now }
}

function follow(job: Job, fact: Fact): Job | null {
  switch (job.state) {
    case 'gathering':
      return followGathering(job, fact)
    case 'quoting':
      return followQuoting(job, fact)
    case 'invoicing':
      return followInvoicing(job, fact)
    case 'offering':
    case 'awaiting':
    case 'expired':
      return followOffered(job, fact)
    case 'fetching':
      return followFetching(job, fact)
    case 'publishing':
      return followPublishing(job, fact)
    case 'failing':
      return fact.type === 'signed' ? close(job, fact.delivery) : null
    case 'failed':
      if (fact.type === 'reworked') return { ...job, outbox: replaced(job.outbox, fact) }
      return fact.type === 'retried' ? retry(job) : null
    case 'cancelled':
      return job.offer ? followOffered(job, fact) : null
    case 'completed':
    case 'rejected':
      return null
  }
}

function followGathering(job: JobIn<'gathering'>, fact: Fact): Job | null {
  switch (fact.type) {
    case 'gathered': {
      const calls = { ...NO_CALLS, attempt: fact.attempt, tries: 1 }
      return { ...job, state: 'quoting', call: fact.call, gathered: fact.gathered, calls }
    }
    case 'refused':
      return { ...job, state: 'failing', failure: failureOf(fact.rejection) }
    case 'cancelled':
      return callOff(job, fact.delivery)
    default:
      return null
  }
}

function followQuoting(job: JobIn<'quoting'>, fact: Fact): Job | null {
  const { calls, ...facts } = job
  switch (fact.type) {
    case 'attempting':
    case 'attemptFailed':
      return { ...job, calls: countCall(calls, fact) }
    case 'challenged':
      return { ...facts, state: 'invoicing', challenge: fact.challenge }
    case 'answered':
      return { ...facts, state: 'publishing', output: fact.output }
    case 'refused':
      return { ...facts, state: 'failing', failure: failureOf(fact.rejection) }
    case 'answeredElsewhere':
      return { ...facts, state: 'cancelled' }
    case 'cancelled':
      return callOff(facts, fact.delivery)
    default:
      return null
  }
}

function followInvoicing(job: JobIn<'invoicing'>, fact: Fact): Job | null {
  const { challenge: _, ...facts } = job
  switch (fact.type) {
    case 'invoiced':
      return { ...facts, state: 'offering', offer: fact.offer, secrets: fact.secrets }
    case 'refused':
      return { ...facts, state: 'failing', failure: failureOf(fact.rejection) }
    case 'answeredElsewhere':
      return { ...facts, state: 'cancelled' }
    case 'cancelled':
      return callOff(facts, fact.delivery)
    default:
      return null
  }
}

/** No invoice was shown: nothing more can come of it. */
const callOff = (facts: Omit<Exclude<Cancelled, CalledOff>, 'state'>, delivery: Delivery): Job => ({
  ...facts,
  state: 'cancelled',
  outbox: [...facts.outbox, delivery],
  ...withoutPayload(facts),
})

function followOffered(job: JobIn<'offering' | 'awaiting'> | Late, fact: Fact): Job | null {
  if (fact.type === 'settled') {
    // The first call is announced by the same save that holds the preimage: one flush for both.
    const calls = { ...NO_CALLS, attempt: fact.attempt, tries: 1 }
    return { ...job, state: 'fetching', secrets: { ...job.secrets, key: fact.key }, payment: fact.payment, calls }
  }
  if (job.state === 'offering') {
    if (fact.type === 'signed') return { ...job, outbox: [...job.outbox, fact.delivery] }
    if (fact.type === 'offered') return { ...job, state: 'awaiting' }
    if (fact.type === 'refused') {
      return { ...withoutOffer(job), state: 'failing', failure: failureOf(fact.rejection) }
    }
  }
  if (fact.type === 'cancelled' && (job.state === 'offering' || job.state === 'awaiting')) {
    const wasShown = job.outbox.some(({ purpose }) => purpose === 'offer')
    if (!wasShown) return callOff(withoutOffer(job), fact.delivery)
    return { ...job, state: 'cancelled', outbox: [...job.outbox, fact.delivery] }
  }
  if (job.state === 'awaiting' && fact.type === 'reworked') return { ...job, outbox: replaced(job.outbox, fact) }
  if (fact.type !== 'lapsed') return null
  if (job.state === 'awaiting') return { ...job, state: 'expired' }
  return job.state === 'cancelled' && !job.lapsed ? { ...job, lapsed: true } : null
}

/** Nobody has seen the invoice. */
function withoutOffer(job: JobIn<'offering' | 'awaiting'>) {
  const { offer: _offer, secrets: _secrets, ...facts } = job
  return facts
}

function followFetching(job: JobIn<'fetching'>, fact: Fact): Job | null {
  const { calls, ...facts } = job
  switch (fact.type) {
    case 'attempting':
    case 'attemptFailed':
      return { ...job, calls: countCall(calls, fact) }
    case 'answered':
      return { ...facts, state: 'publishing', output: fact.output }
    case 'refused':
      return { ...facts, state: 'failing', failure: failureOf(fact.rejection) }
    default:
      return null
  }
}

function countCall(calls: JobIn<'quoting'>['calls'], fact: Extract<Fact, { type: 'attempting' | 'attemptFailed' }>) {
  if (fact.type === 'attempting') return { ...calls, attempt: fact.attempt, tries: calls.tries + 1 }
  return {
    ...calls,
    attempt: null,
    retryAt: fact.retryAt,
    refusals: calls.refusals + (fact.why === 'refused' ? 1 : 0),
    breakages: calls.breakages + (fact.why === 'broken' ? 1 : 0),
    outcomeUnknown: calls.outcomeUnknown || fact.outcomeUnknown,
  }
}
