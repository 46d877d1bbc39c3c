import { describe, expect, it } from 'vitest'
import { isFault, rejection } from '../../../src/core/errors.js'
import { CLOSED_STATES, hasKey, isOwed, OPEN_STATES, type Job, type JobState } from '../../../src/core/job.js'
import { transition, UNDERSTOOD, type Fact, type FactType } from '../../../src/core/transition.js'
import {
  boughtJobIn,
  heldFetching,
  jobIn,
  paidJobIn,
  sampleDelivery,
  sampleHold,
  sampleOffer,
  sampleOutput,
} from '../../support/sample-jobs.js'

const FACTS: { [T in FactType]: Extract<Fact, { type: T }> } = {
  attempting: { type: 'attempting', attempt: { run: 'run-2' } },
  attemptFailed: { type: 'attemptFailed', retryAt: 5, outcomeUnknown: true, why: 'broken' },
  gathered: {
    type: 'gathered',
    call: { upstream: 'api', route: 'joke', method: 'POST', target: '/joke', headers: {}, body: 'gathered' },
    gathered: [{ index: 0, encoding: 'text', contentType: null, content: 'gathered' }],
    attempt: { run: 'run-2' },
  },
  challenged: {
    type: 'challenged',
    challenge: {
      scheme: 'L402',
      token: 'token-of-a-challenge',
      bolt11: 'lnbcrt1',
      statusUrl: null,
      callPriceMsat: null,
      offersExactPrice: false,
      claimed: { paymentHash: null, amountMsat: null },
    },
  },
  answered: { type: 'answered', output: sampleOutput },
  invoiced: { type: 'invoiced', offer: sampleOffer, secrets: { token: 'token-of-an-offer', statusUrl: null } },
  signed: { type: 'signed', delivery: sampleDelivery('offer') },
  outsized: { type: 'outsized' },
  reworked: { type: 'reworked', delivery: sampleDelivery('offer'), replaces: sampleDelivery('offer').eventId },
  offered: { type: 'offered' },
  settled: {
    type: 'settled',
    key: { kind: 'preimage', value: '00'.repeat(32) as never },
    payment: { source: 'customerProof', at: 9 },
    attempt: { run: 'run-2' },
  },
  funded: {
    type: 'funded',
    payment: { source: 'holdInvoice', at: 9 },
    hold: sampleHold,
    attempt: { run: 'run-2' },
  },
  unsent: { type: 'unsent' },
  paid: { type: 'paid', preimage: '00'.repeat(32) as never, feesMsat: null, attempt: { run: 'run-2' } },
  payRefused: { type: 'payRefused', rejection: rejection('upstream-unpayable', 'no route') },
  payUnknown: { type: 'payUnknown' },
  tracked: { type: 'tracked', sawPending: true, notFoundSince: null },
  taken: { type: 'taken', attempt: { run: 'run-2' } },
  lost: { type: 'lost', loss: { amountMsat: 1 as never, at: 9, reason: 'gone' }, attempt: { run: 'run-2' } },
  settleDue: { type: 'settleDue' },
  returned: { type: 'returned' },
  owed: { type: 'owed', reason: 'nowhere to send it' },
  refundMoved: { type: 'refundMoved', refund: jobIn('refunding').refund },
  lapsed: { type: 'lapsed' },
  delivered: { type: 'delivered' },
  refused: { type: 'refused', rejection: rejection('upstream-refused', 'answered 404') },
  answeredElsewhere: { type: 'answeredElsewhere' },
  cancelled: { type: 'cancelled', delivery: sampleDelivery('error') },
  retried: { type: 'retried' },
}
const STATES: readonly JobState[] = [...OPEN_STATES, ...CLOSED_STATES]

/** Some facts are understood only where the invoice is ours, or a payment is held. */
function sampleFor(state: JobState, fact: Fact): Job {
  if (fact.type === 'funded' && (state === 'offering' || state === 'awaiting')) return boughtJobIn(state)
  if (fact.type === 'funded' && (state === 'expired' || state === 'cancelled')) return boughtJobIn(state)
  return fact.type === 'settleDue' && state === 'fetching' ? heldFetching() : jobIn(state)
}

describe('transition', () => {
  it.each(STATES)('takes from %s exactly the facts of the table, and throws on every other', (state) => {
    for (const fact of Object.values(FACTS)) {
      const job = sampleFor(state, fact)
      if (UNDERSTOOD[state].includes(fact.type)) {
        const next = transition(job, fact, 77)
        expect([next.version, next.updatedAt, next.id]).toEqual([job.version + 1, 77, job.id])
        continue
      }
      expect(() => transition(job, fact, 77), `${state} took ${fact.type}`).toThrow()
      try {
        transition(job, fact, 77)
      } catch (error) {
        expect(isFault(error, 'impossible-transition')).toBe(true)
      }
    }
  })

  it('never changes the job that it was given', () => {
    for (const state of STATES) {
      for (const type of UNDERSTOOD[state]) {
        const job = sampleFor(state, FACTS[type])
        const before = structuredClone(job)
        transition(job, FACTS[type], 77)
        expect(job).toEqual(before)
      }
    }
  })

  it('keeps payment, offer and secrets from the settlement to the end', () => {
    let job: Job = transition(jobIn('awaiting'), FACTS.settled, 1)
    expect(job.state).toBe('fetching')
    job = transition(job, FACTS.answered, 2)
    job = transition(job, { type: 'signed', delivery: sampleDelivery('result') }, 3)
    job = transition(job, FACTS.delivered, 4)
    expect(job.state).toBe('completed')
    expect(hasKey(job) && job.secrets.key).toEqual(FACTS.settled.key)
  })

  it('announces the first call in the transition that stores the preimage', () => {
    const job = transition(jobIn('awaiting'), FACTS.settled, 1)
    expect(job).toMatchObject({ state: 'fetching', calls: { attempt: { run: 'run-2' }, tries: 1 } })
  })

  it.each(['offering', 'awaiting', 'expired'] as const)('serves a payment that arrives while %s', (state) => {
    expect(transition(jobIn(state), FACTS.settled, 1).state).toBe('fetching')
  })

  it('closes a failure as rejected where nobody paid, and as owed where somebody did', () => {
    const signed = { type: 'signed', delivery: sampleDelivery('error') } as const
    const unpaid = transition(jobIn('failing'), signed, 1)
    const paid = transition(paidJobIn('failing'), signed, 1)
    expect([unpaid.state, isOwed(unpaid)]).toEqual(['rejected', false])
    expect([paid.state, isOwed(paid)]).toEqual(['failed', true])
  })

  it('drops the offer with its token when it is refused before anybody saw it', () => {
    const job = transition(jobIn('offering'), FACTS.refused, 1)
    expect(job.state).toBe('failing')
    expect(Object.keys(job)).not.toEqual(expect.arrayContaining(['secrets']))
    expect(Object.keys(job)).not.toEqual(expect.arrayContaining(['offer']))
  })

  it('tries a failed job again with the same credential, and remembers that its call may have taken effect', () => {
    const failed = { ...jobIn('failed'), failure: { code: 'outcome-unknown', detail: null, httpStatus: null } } as Job
    expect(transition(failed, FACTS.retried, 1)).toMatchObject({
      state: 'fetching',
      secrets: { key: FACTS.settled.key },
      calls: { outcomeUnknown: true, attempt: null, tries: 0 },
    })
  })

  it('publishes the signed result again, without another call, where only its delivery had failed', () => {
    const failed = {
      ...jobIn('failed'),
      outbox: [sampleDelivery('result')],
      failure: { code: 'undeliverable', detail: null, httpStatus: null },
    } as Job
    expect(transition(failed, FACTS.retried, 1)).toMatchObject({ state: 'publishing', output: null })
  })

  it('counts what became of each call', () => {
    let job = jobIn('fetching')
    job = transition(job, { type: 'attemptFailed', retryAt: 5, outcomeUnknown: false, why: 'refused' }, 1) as typeof job
    job = transition(job, FACTS.attempting, 2) as typeof job
    job = transition(job, FACTS.attemptFailed, 3) as typeof job
    expect(job).toMatchObject({
      calls: { attempt: null, tries: 2, refusals: 1, breakages: 1, outcomeUnknown: true, retryAt: 5 },
    })
  })
})
