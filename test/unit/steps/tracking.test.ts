/** Is a payment whose fate is unknown looked up until it is proven, and never called failed too soon? */
import { describe, expect, it } from 'vitest'
import type { Spending, Tracking } from '../../../src/core/job.js'
import type { Msat } from '../../../src/core/money.js'
import { decodeInvoice, type Invoice } from '../../../src/l402/invoice.js'
import { tracking } from '../../../src/steps/tracking.js'
import { craftInvoice, CRAFTED_AT, CRAFTED_HASH, CRAFTED_PREIMAGE } from '../../support/craft-invoice.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { NO_EXPOSURE } from '../../support/purchase-terms.js'
import { jobIn } from '../../support/sample-jobs.js'
import { createScriptedPurse, type PurseScript } from '../../support/scripted-purse.js'
import { createStepWorld, RUN } from '../../support/step-world.js'

const BOUGHT_AT = CRAFTED_AT * 1000
const MINUTE_MS = 60_000
const BOLT11 = craftInvoice()
const EXPIRES_AT = (decodeInvoice(BOLT11) as Invoice).expiresAt

function open(
  now: number,
  changes: {
    readonly script?: Partial<PurseScript>
    readonly spending?: Partial<Spending>
    readonly settleDeadline?: number | null
    readonly offeredUntil?: number
  } = {},
) {
  const purse = createScriptedPurse(changes.script)
  const endangered: string[] = []
  const exposure = { ...NO_EXPOSURE, endanger: ({ id }: Tracking) => void endangered.push(id) }
  const world = createStepWorld({
    clock: createFakeClock(now),
    context: { purses: new Map([['purse', purse]]), exposure },
  })
  const sample = jobIn('tracking')
  const purchase = {
    ...sample.offer.purchase,
    bolt11: BOLT11,
    paymentHash: CRAFTED_HASH as never,
    expiresAt: changes.offeredUntil ?? EXPIRES_AT,
  }
  const { settleDeadline = 1_000 } = changes
  const job: Tracking = {
    ...sample,
    offer: { ...sample.offer, purchase },
    hold: { amountMsat: 21_000 as Msat, settleDeadline, blockHeight: 800 },
    spending: { ...sample.spending, at: BOUGHT_AT, ...changes.spending },
  }
  return { world, purse, job, endangered, look: () => tracking(world.context, job) }
}
const errorsOf = ({ world }: ReturnType<typeof open>) => world.log.entries.filter(({ level }) => level === 'error')
const FAILED = { type: 'payRefused', rejection: { rejected: 'upstream-unpayable' } }

describe('tracking', () => {
  it('ends with the preimage, and with the word that it failed', async () => {
    const settled = { state: 'settled', preimage: CRAFTED_PREIMAGE as never, feesMsat: 3 as Msat } as const
    expect(await open(BOUGHT_AT, { script: { outgoing: settled } }).look()).toEqual({
      ...{ type: 'paid', preimage: CRAFTED_PREIMAGE, feesMsat: 3, attempt: { run: RUN } },
    })
    expect(await open(BOUGHT_AT, { script: { outgoing: { state: 'failed' } } }).look()).toMatchObject(FAILED)
  })

  it('believes no preimage that does not fit', async () => {
    const settled = { state: 'settled', preimage: 'ab'.repeat(32) as never, feesMsat: null } as const
    await expect(open(BOUGHT_AT, { script: { outgoing: settled } }).look()).rejects.toThrow('does not fit')
  })

  it('goes on where the wallet does not answer', async () => {
    await expect(open(BOUGHT_AT, { script: { outgoing: new Error('away') } }).look()).rejects.toThrow('away')
  })

  it('remembers that it was under way once: never found again, it is never called failed', async () => {
    const pending = { script: { outgoing: { state: 'pending' } } } as const
    expect(await open(BOUGHT_AT, pending).look()).toEqual({ type: 'tracked', sawPending: true, notFoundSince: null })
    const late = open(EXPIRES_AT + 60 * MINUTE_MS, { spending: { sawPending: true, notFoundSince: BOUGHT_AT } })
    expect(await late.look()).toMatchObject({ type: 'pause' })
  })

  it.each([
    ['before it was not found twice', EXPIRES_AT + 60 * MINUTE_MS, null, 'tracked'],
    ['a moment after the first time', EXPIRES_AT + 60 * MINUTE_MS, EXPIRES_AT + 60 * MINUTE_MS - 59_000, 'pause'],
    ['while the invoice can be paid', EXPIRES_AT - 1, BOUGHT_AT, 'pause'],
    ['right after it has expired', EXPIRES_AT + 10 * MINUTE_MS, BOUGHT_AT, 'pause'],
    ['long after it has expired', EXPIRES_AT + 10 * MINUTE_MS + 1, BOUGHT_AT, 'payRefused'],
  ] as const)('is not found %s', async (_when, now, notFoundSince, type) => {
    expect(await open(now, { spending: { notFoundSince } }).look()).toMatchObject({ type })
  })

  it('counts the expiry of the invoice itself, not that of a token that ended sooner', async () => {
    const world = open(BOUGHT_AT + 20 * MINUTE_MS, {
      offeredUntil: BOUGHT_AT + MINUTE_MS,
      spending: { notFoundSince: BOUGHT_AT },
    })
    expect(await world.look()).toMatchObject({ type: 'pause' })
  })

  it('looks ever more seldom, and never less than once a minute', async () => {
    const untilOf = async (age: number) =>
      open(BOUGHT_AT + age, { spending: { notFoundSince: BOUGHT_AT } }).look() as Promise<{ until: number }>
    const waits = []
    for (const age of [0, 10_000, 3_600_000]) waits.push((await untilOf(age)).until - BOUGHT_AT - age)
    expect(waits).toEqual([500, 2_500, 60_000])
  })

  it('says once that a payment takes long', async () => {
    const world = open(BOUGHT_AT + 11 * MINUTE_MS, { spending: { notFoundSince: BOUGHT_AT } })
    await world.look()
    await world.look()
    expect(errorsOf(world).map(({ event }) => event)).toEqual(['a payment is still under way'])
    expect(world.endangered).toEqual([])
  })

  it.each([
    ['the deadline is a margin away', { settleDeadline: 880 }],
    ['nobody tells the deadline, after hours', { settleDeadline: null }],
  ])('stops the next holds, and says so, where %s', async (_what, changes) => {
    const pending = { sawPending: true, notFoundSince: null }
    const world = open(BOUGHT_AT + 7 * 60 * MINUTE_MS, {
      ...changes,
      ...{ spending: pending, script: { outgoing: { state: 'pending' } } },
    })
    expect(await world.look()).toMatchObject({ type: 'pause' })
    expect(errorsOf(world).map(({ event }) => event)).toContain(
      'the hold behind a payment under way nears its deadline',
    )
    expect(world.endangered).toEqual([world.job.id])
    expect(world.purse.calls).not.toContain('cancelHoldInvoice')
  })

  it('says that the wallet is not configured any more, and waits', async () => {
    const world = open(BOUGHT_AT)
    ;(world.world.context.purses as Map<string, unknown>).clear()
    expect(await world.look()).toEqual({ type: 'pause', until: BOUGHT_AT + 60_000 })
    expect(errorsOf(world)).toHaveLength(1)
  })
})
