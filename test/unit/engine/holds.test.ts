/** Are hold invoices bounded, and is what was lost counted? */
import { describe, expect, it } from 'vitest'
import type { EventId } from '../../../src/core/identifiers.js'
import type { Invoicing, Job, Tracking } from '../../../src/core/job.js'
import type { Msat } from '../../../src/core/money.js'
import { transition } from '../../../src/core/transition.js'
import { createHolds } from '../../../src/engine/holds.js'
import { rankOf } from '../../../src/engine/turn.js'
import { boughtJobIn, heldFetching, jobIn, samplePurchase } from '../../support/sample-jobs.js'
import { numberedId } from '../../support/step-world.js'

const numbered = <J extends Job>(job: J, number: number): J => ({ ...job, id: numberedId(number) })
const isFull = (holds: ReturnType<typeof createHolds>, most: number) =>
  !holds.takeSlot(numbered(jobIn('invoicing'), 999), most)
const one = (job: Job) => {
  const holds = createHolds()
  holds.watch(undefined, job)
  return holds
}
const unspent = () => ({ ...jobIn('paying'), spending: { ...jobIn('paying').spending, attempt: null } })

describe('the slots of an upstream', () => {
  it.each<[string, Job, boolean]>([
    ['an offer', boughtJobIn('awaiting'), true],
    ['a held payment', jobIn('tracking'), true],
    ['one that waits for its answer', heldFetching(), true],
    ['one that is given back', jobIn('cancelling'), true],
    ['an offer that was called off', boughtJobIn('cancelled'), true],
    ['an offer that has expired', boughtJobIn('expired'), false],
    ['one that was given back', jobIn('refunded'), false],
    ['one that was taken', transition(jobIn('settling'), { type: 'taken', attempt: { run: 'r' } }, 9), false],
    ['an invoice of the upstream itself', jobIn('awaiting'), false],
  ])('%s counts: %#', (_what, job, counts) => {
    expect(isFull(one(job), 1)).toBe(counts)
  })

  it('are taken while they are made: of many jobs at once none slips past', () => {
    const holds = createHolds()
    const [first, second] = [1, 2].map((number) => numbered(jobIn('invoicing'), number)) as [Invoicing, Invoicing]
    expect([holds.takeSlot(first, 1), holds.takeSlot(first, 1), holds.takeSlot(second, 1)]).toEqual([true, true, false])
    holds.watch(first, numbered(boughtJobIn('offering'), 1))
    expect(holds.takeSlot(second, 1)).toBe(false)
    holds.watch(numbered(boughtJobIn('offering'), 1), numbered(boughtJobIn('expired'), 1))
    expect(holds.takeSlot(second, 1)).toBe(true)
  })
})

it('payments to one node are counted from their announcement until their fate is known', () => {
  const holds = createHolds()
  const to = () => holds.underWayTo(samplePurchase.payee)
  holds.watch(undefined, unspent())
  expect(to()).toBe(0)
  holds.watch(unspent(), jobIn('paying'))
  expect(to()).toBe(1)
  holds.watch(jobIn('paying'), jobIn('tracking'))
  expect(to()).toBe(1)
  holds.watch(jobIn('tracking'), jobIn('settling'))
  expect(to()).toBe(0)
})

it('a payment in danger stops its upstream, and no other, until it is over', () => {
  const holds = createHolds()
  const job: Tracking = jobIn('tracking')
  holds.watch(undefined, job)
  holds.endanger(job)
  expect([holds.isHalted('api'), holds.isHalted('another')]).toEqual([true, false])
  holds.watch(job, { ...job, version: job.version + 1 })
  expect(holds.isHalted('api')).toBe(true)
  holds.watch(job, jobIn('settling'))
  expect(holds.isHalted('api')).toBe(false)
})

it('losses are counted once, whatever becomes of their jobs', () => {
  const holds = createHolds()
  const loss = { amountMsat: 10_012 as Msat, at: 9, reason: 'gone' }
  const lost = transition(jobIn('settling'), { type: 'lost', loss, attempt: { run: 'r' } }, 9)
  holds.watch(jobIn('settling'), lost)
  holds.watch(lost, { ...lost, version: lost.version + 1 })
  expect(holds.losses()).toEqual({ count: 1, msat: 10_012 })
})

it('after a start what could be lost is taken up first, then what may be spent, what goes back, what is paid, the rest', () => {
  const order = (['awaiting', 'fetching', 'quoting', 'cancelling', 'tracking', 'settling', 'paying'] as const)
    .map((state): Job => jobIn(state))
    .concat(heldFetching())
    .map((job, index) => ({ ...job, id: String(index) as EventId }))
    .sort((a, b) => rankOf(a) - rankOf(b))
    .map(({ state }) => state)
  expect(order).toEqual([
    ...['settling', 'fetching', 'tracking', 'paying', 'cancelling', 'fetching', 'awaiting', 'quoting'],
  ])
})
