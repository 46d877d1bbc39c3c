/** What follows while our own wallet pays? The states between the customer's payment and the upstream's (wrap, resell). */
import type { Millis } from './identifiers.js'
import { NO_CALLS, type Calls, type Hold, type Job, type JobIn, type Late, type Offer } from './job.js'
import { failureOf } from './transition-end.js'
import { unsentRefund } from './refund.js'
import type { Fact } from './fact.js'

type Of<T extends Fact['type']> = Extract<Fact, { type: T }>

/** An invoice of our own was paid: the money is held (wrap), or has come (resell). */
export function followFunded(job: JobIn<'offering' | 'awaiting'> | Late, fact: Of<'funded'>, now: Millis): Job | null {
  const { purchase } = job.offer
  if (purchase === undefined) return null
  const { lapsed: _, ...facts } = job as JobIn<'awaiting'> & { lapsed?: true }
  const spending = { attempt: fact.attempt, at: now, sawPending: false, notFoundSince: null }
  const offer = { ...job.offer, purchase }
  const funded = { ...facts, offer, payment: fact.payment, ...(fact.hold ? { hold: fact.hold } : {}), spending }
  // Called off by its author, and nothing was spent: what is held goes back.
  if (job.state === 'cancelled' && fact.hold) {
    const failure = { code: 'payment-returned', detail: 'paid after it was called off', httpStatus: null } as const
    return { ...funded, spending: { ...spending, attempt: null }, state: 'cancelling', failure }
  }
  return { ...funded, state: 'paying' }
}

export function followPaying(job: JobIn<'paying'>, fact: Fact, now: Millis): Job | null {
  switch (fact.type) {
    case 'attempting':
      return { ...job, spending: { ...job.spending, attempt: fact.attempt, at: now } }
    case 'unsent':
      return { ...job, spending: { ...job.spending, attempt: null } }
    case 'payUnknown':
      return { ...job, state: 'tracking' }
    default:
      return followSpent(job, fact, now)
  }
}

export function followTracking(job: JobIn<'tracking'>, fact: Fact, now: Millis): Job | null {
  if (fact.type !== 'tracked') return followSpent(job, fact, now)
  const { sawPending, notFoundSince } = fact
  return { ...job, spending: { ...job.spending, sawPending, notFoundSince } }
}

function followSpent(job: JobIn<'paying' | 'tracking'>, fact: Fact, now: Millis): Job | null {
  if (fact.type === 'payRefused') {
    const { state: _state, ...facts } = job
    const failure = failureOf(fact.rejection)
    if (job.offer.purchase.mode === 'wrap') return { ...facts, state: 'cancelling', failure }
    return { ...facts, state: 'refunding', failure, refund: unsentRefund(job.offer.amountMsat) }
  }
  if (fact.type !== 'paid') return null
  const { spending: _, hold, ...facts } = job
  const secrets = { ...job.secrets, key: { kind: 'preimage', value: fact.preimage } as const }
  const paid = { ...facts, secrets, spent: { at: now, feesMsat: fact.feesMsat } }
  const calls: Calls = { ...NO_CALLS, attempt: fact.attempt, tries: 1 }
  if (hold === undefined) return { ...paid, state: 'fetching', calls }
  if (job.offer.purchase.settle === 'on-result') return { ...paid, hold, state: 'fetching', calls }
  return { ...paid, hold, state: 'settling', then: { type: 'fetch', calls: NO_CALLS } }
}

/** The hold of a job that is not taken yet. The rule of on-result: nothing ends before it is. */
export const heldOf = (job: { readonly offer: Offer; readonly hold?: Hold }): Hold | null =>
  job.hold !== undefined && job.hold.taken !== true ? job.hold : null

export function followSettling(job: JobIn<'settling'>, fact: Fact): Job | null {
  if (fact.type !== 'taken' && fact.type !== 'lost') return null
  const { then, ...facts } = job
  // A loss is an entry in the book: the job still delivers, and the hold is never asked after again.
  const done = {
    ...facts,
    hold: { ...job.hold, taken: true as const },
    ...(fact.type === 'lost' ? { loss: fact.loss } : {}),
  }
  switch (then.type) {
    case 'fetch': {
      const { calls } = then
      if (calls.attempt !== null || calls.tries > 0) return { ...done, state: 'fetching', calls }
      return { ...done, state: 'fetching', calls: { ...calls, attempt: fact.attempt, tries: 1 } }
    }
    case 'publish':
      return { ...done, state: 'publishing', output: then.output }
    case 'fail':
      return { ...done, state: 'failing', failure: then.failure }
  }
}

export function followReturning(job: JobIn<'cancelling' | 'refunding'>, fact: Fact): Job | null {
  switch (fact.type) {
    case 'returned': {
      // What was owed for a while, and said to be, is said to be given back.
      const { failure } = job
      const code = job.state === 'refunding' && job.refund.strayOf ? 'payment-not-needed' : 'upstream-unpayable'
      const last = failure.code === 'refund-owed' ? ({ ...failure, code } as const) : failure
      return { ...job, state: 'failing', failure: last, returned: true }
    }
    case 'owed': {
      const failure = { ...job.failure, code: 'refund-owed', detail: fact.reason } as const
      return { ...job, state: 'failing', failure, returned: false }
    }
    case 'refundMoved':
      return job.state === 'refunding' ? { ...job, refund: fact.refund } : null
    default:
      return null
  }
}
