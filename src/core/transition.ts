/** What follows from a fact? The whole life of a job as one pure function: (job, fact) → job. */
import { TollbridgeError } from './errors.js'
import type { Fact } from './fact.js'
import type { Millis } from './identifiers.js'
import {
  NO_CALLS,
  type AfterSettling,
  type CalledOff,
  type Cancelled,
  type Delivery,
  type Job,
  type JobIn,
  type Late,
} from './job.js'
import {
  followFunded,
  followPaying,
  followReturning,
  followSettling,
  followTracking,
  heldOf,
} from './transition-spend.js'
import { close, failureOf, followPublishing, replaced, retry, withoutPayload } from './transition-end.js'

export { UNDERSTOOD, type Fact, type FactType } from './fact.js'

/**
 * Applies one fact.
 * @throws TollbridgeError `impossible-transition` where the state does not understand the fact: a bug, never an input.
 */
export function transition(job: Job, fact: Fact, now: Millis): Job {
  const next = follow(job, fact, now)
  if (next === null) {
    throw new TollbridgeError('impossible-transition', `a job that is ${job.state} cannot take the fact ${fact.type}`)
  }
  return { ...next, version: job.version + 1, updatedAt: now }
}

function follow(job: Job, fact: Fact, now: Millis): Job | null {
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
      return followOffered(job, fact, now)
    case 'paying':
      return followPaying(job, fact, now)
    case 'tracking':
      return followTracking(job, fact, now)
    case 'settling':
      return followSettling(job, fact)
    case 'cancelling':
    case 'refunding':
      return followReturning(job, fact)
    case 'fetching':
      return followFetching(job, fact)
    case 'publishing':
      return followPublishing(job, fact)
    case 'failing':
      return fact.type === 'signed' ? close(job, fact.delivery) : null
    case 'failed':
      if (fact.type === 'reworked') return { ...job, outbox: replaced(job.outbox, fact) }
      return fact.type === 'retried' ? retry(job, fact) : null
    case 'cancelled':
      return job.offer ? followOffered(job, fact, now) : null
    case 'completed':
    case 'rejected':
    case 'refunded':
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

function followOffered(job: JobIn<'offering' | 'awaiting'> | Late, fact: Fact, now: Millis): Job | null {
  if (fact.type === 'funded') return followFunded(job, fact, now)
  if (fact.type === 'settled') {
    if (job.offer.purchase) return null
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
      return (
        settledFirst(job, { type: 'publish', output: fact.output }) ?? {
          ...facts,
          state: 'publishing',
          output: fact.output,
        }
      )
    case 'refused': {
      const failure = failureOf(fact.rejection)
      return settledFirst(job, { type: 'fail', failure }) ?? { ...facts, state: 'failing', failure }
    }
    case 'settleDue':
      return settledFirst(job, { type: 'fetch', calls })
    default:
      return null
  }
}

/** Once the preimage is known, a held payment is never given back: whatever the upstream said, it is taken first. */
function settledFirst({ calls: _, ...job }: JobIn<'fetching'>, then: AfterSettling): Job | null {
  const hold = heldOf(job)
  return hold && { ...job, state: 'settling', hold, then }
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
