/** Do the caps of resale hold: for jobs that come together, over a restart, and where nothing came of a payment? */
import { describe, expect, it } from 'vitest'
import type { EventId, PaymentHash } from '../../../src/core/identifiers.js'
import type { Job, JobIn } from '../../../src/core/job.js'
import type { Msat } from '../../../src/core/money.js'
import type { Upstream } from '../../../src/core/route.js'
import { createResale, type SpendingRecord } from '../../../src/engine/resale.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { PURCHASE_TERMS } from '../../support/purchase-terms.js'
import { jobIn } from '../../support/sample-jobs.js'
import { numberedId, sampleUpstream } from '../../support/step-world.js'

const HOUR_MS = 3_600_000
const AMOUNT = 21_000 as Msat
const COST = 20_000 as Msat

const upstreamWith = (resell: Partial<Upstream['terms']['resell']>): Upstream => ({
  ...sampleUpstream,
  terms: {
    ...PURCHASE_TERMS,
    resell: {
      ...PURCHASE_TERMS.resell,
      ...{ enabled: true, maxMsat: 20_000 as Msat, maxWindowMsat: 1_000_000 as Msat },
      ...{ maxLiabilityMsat: 1_000_000 as Msat, ...resell },
    },
  },
})

function open(given: { record?: SpendingRecord; write?: (record: SpendingRecord) => Promise<void> } = {}) {
  const clock = createFakeClock()
  const written: string[] = []
  const write = given.write ?? (async (record: SpendingRecord) => void written.push(JSON.stringify(record)))
  return { clock, written, ...createResale({ record: given.record ?? {}, memory: { write }, clock }) }
}

/** In the sample a purchase costs 10,000 msat and up to as much in fees. */
function resold(number: number): JobIn<'paying'> {
  const { hold: _, ...job } = jobIn('paying')
  const paymentHash = number.toString(16).padStart(64, 'f') as PaymentHash
  const purchase = { ...job.offer.purchase, mode: 'resell' as const, paymentHash }
  return { ...job, id: numberedId(number), offer: { ...job.offer, amountMsat: AMOUNT, purchase } }
}
const inState = (job: JobIn<'paying'>, state: string, more: object = {}): Job => ({ ...job, state, ...more }) as Job
const id = (number: number): { id: EventId } => ({ id: numberedId(number) })

describe('before an offer', () => {
  it('a job that would cost more than one may is refused', () => {
    const objection = open().objectionToResale(upstreamWith({}), id(1), AMOUNT, (COST + 1) as Msat)
    expect(objection?.rejected).toBe('price-exceeds-cap')
  })

  it.each([['maxLiabilityMsat'], ['maxWindowMsat']] as const)('of jobs that ask together none slips past %s', (cap) => {
    const upstream = upstreamWith({ [cap]: 2 * AMOUNT })
    const resale = open()
    const said = [1, 2, 3].map((n) => resale.objectionToResale(upstream, id(n), AMOUNT, COST)?.rejected ?? null)
    expect(said).toEqual([null, null, 'at-capacity'])
  })

  it('the same job may ask again, and counts once', () => {
    const upstream = upstreamWith({ maxLiabilityMsat: AMOUNT })
    const resale = open()
    expect([1, 2].map(() => resale.objectionToResale(upstream, id(1), AMOUNT, COST))).toEqual([null, null])
  })

  it('what was kept for a job is free again when it is refused, or when its invoice lapses', () => {
    const upstream = upstreamWith({ maxLiabilityMsat: AMOUNT })
    const resale = open()
    const job = resold(1)
    resale.objectionToResale(upstream, job, AMOUNT, COST)
    resale.watch(inState(job, 'invoicing', { offer: undefined }), inState(job, 'failing', { offer: undefined }))
    expect(resale.objectionToResale(upstream, job, AMOUNT, COST)).toBeNull()
    resale.watch(inState(job, 'invoicing', { offer: undefined }), inState(job, 'offering'))
    expect(resale.objectionToResale(upstream, id(2), AMOUNT, COST)?.rejected).toBe('at-capacity')
    resale.watch(inState(job, 'offering'), inState(job, 'expired'))
    expect(resale.objectionToResale(upstream, id(2), AMOUNT, COST)).toBeNull()
  })

  it("what is owed counts as customers' money until it is given back", () => {
    const upstream = upstreamWith({ maxLiabilityMsat: AMOUNT })
    const resale = open()
    const owed = inState(resold(1), 'failed', { returned: false })
    resale.watch(undefined, owed)
    expect(resale.objectionToResale(upstream, id(2), AMOUNT, COST)?.rejected).toBe('at-capacity')
    resale.watch(owed, inState(resold(1), 'refunded', { returned: true }))
    expect(resale.objectionToResale(upstream, id(2), AMOUNT, COST)).toBeNull()
  })
})

describe('before a payment', () => {
  it('it is on disk, so that a restart forgets no cap', async () => {
    const upstream = upstreamWith({ maxWindowMsat: COST })
    const resale = open()
    expect(await resale.spend(resold(1), upstream)).toBeNull()
    const after = open({ record: JSON.parse(resale.written.at(-1) ?? '{}') as SpendingRecord })
    expect((await after.spend(resold(2), upstream))?.rejected).toBe('upstream-unpayable')
    expect(after.objectionToResale(upstream, id(3), AMOUNT, COST)?.rejected).toBe('at-capacity')
  })

  it('of jobs that pay together none slips past the window', async () => {
    const resale = open()
    const upstream = upstreamWith({ maxWindowMsat: (2 * COST) as Msat })
    const said = await Promise.all([1, 2, 3].map((n) => resale.spend(resold(n), upstream)))
    expect(said.map((objection) => objection === null)).toEqual([true, true, false])
  })

  it('the window rolls on, and what lies before it counts no more', async () => {
    const resale = open()
    const upstream = upstreamWith({ maxWindowMsat: COST, windowMs: 2 * HOUR_MS })
    await resale.spend(resold(1), upstream)
    await resale.clock.advance(HOUR_MS)
    expect(await resale.spend(resold(2), upstream)).not.toBeNull()
    await resale.clock.advance(2 * HOUR_MS)
    expect(await resale.spend(resold(3), upstream)).toBeNull()
  })

  it('what was certainly not sent, and fees that were not needed, are free again', async () => {
    const resale = open()
    const upstream = upstreamWith({ maxWindowMsat: COST })
    const [refused, cheap] = [resold(1), resold(2)]
    resale.watch(undefined, refused)
    await resale.spend(refused, upstream)
    resale.watch(refused, inState(refused, 'refunding'))
    resale.watch(undefined, cheap)
    expect(await resale.spend(cheap, upstream)).toBeNull()
    resale.watch(cheap, inState(cheap, 'fetching', { spent: { at: 1, feesMsat: 0 } }))
    const half = upstreamWith({ maxWindowMsat: 30_000 as Msat })
    expect(await resale.spend(resold(3), half)).toBeNull()
  })

  it('is not begun where it cannot be written, and is counted once when it can be', async () => {
    let isFull = true
    const written: SpendingRecord[] = []
    const resale = open({
      write: async (record) => {
        if (isFull) throw new Error('the disk is full')
        written.push(structuredClone(record))
      },
    })
    const upstream = upstreamWith({ maxWindowMsat: COST })
    await expect(resale.spend(resold(1), upstream)).rejects.toThrow('the disk is full')
    isFull = false
    expect(await resale.spend(resold(1), upstream)).toBeNull()
    expect(Object.values(written.at(-1)?.['api'] ?? {})).toEqual([COST])
  })

  it('is refused where the upstream is no longer configured', async () => {
    expect((await open().spend(resold(1), undefined))?.rejected).toBe('upstream-unpayable')
  })
})

describe('before a refund', () => {
  const refundingJob = (number: number, more: object = {}): JobIn<'refunding'> =>
    inState(resold(number), 'refunding', { refund: { ...jobIn('refunding').refund, ...more } }) as JobIn<'refunding'>
  /** A tenth of it is two refunds' fees. */
  const upstream = upstreamWith({ maxWindowMsat: 200_000 as Msat })
  const spending = jobIn('paying').spending

  it('no more than a share of the window goes into fees, of many at once and over a restart', async () => {
    const resale = open()
    const said = await Promise.all([1, 2, 3].map((n) => resale.spendOnRefund(refundingJob(n), upstream)))
    expect(said).toEqual([true, true, false])
    const record = JSON.parse(resale.written.at(-1) ?? '{}') as SpendingRecord
    expect(await open({ record }).spendOnRefund(refundingJob(4), upstream)).toBe(false)
  })

  it('the same job counts once, and one refund may always be sent', async () => {
    const [resale, narrow] = [open(), upstreamWith({ maxWindowMsat: 1_000 as Msat })]
    for (let n = 0; n < 3; n += 1) expect(await resale.spendOnRefund(refundingJob(1), narrow)).toBe(true)
    expect(await resale.spendOnRefund(refundingJob(2), narrow)).toBe(false)
  })

  it.each([
    ['what it did not cost', { spent: { at: 1, feesMsat: 0 as Msat }, spending }],
    ['all of it where the try is given up', { spending: null }],
  ])('is free again: %s', async (_what, end) => {
    const resale = open()
    for (const n of [1, 2]) await resale.spendOnRefund(refundingJob(n), upstream)
    resale.watch(refundingJob(1, { spending }), refundingJob(1, end))
    expect(await resale.spendOnRefund(refundingJob(3), upstream)).toBe(true)
    expect(await resale.spendOnRefund(refundingJob(4), upstream)).toBe(false)
  })

  it('and after the window', async () => {
    const resale = open()
    for (const n of [1, 2]) await resale.spendOnRefund(refundingJob(n), upstream)
    await resale.clock.advance(upstream.terms.resell.windowMs + HOUR_MS)
    expect(await resale.spendOnRefund(refundingJob(3), upstream)).toBe(true)
  })
})
