/** Is held money spent only while that is safe, and never twice? */
import { describe, expect, it } from 'vitest'
import type { Hold, Paying, Purchase } from '../../../src/core/job.js'
import type { Msat } from '../../../src/core/money.js'
import type { PurchaseTerms } from '../../../src/core/route.js'
import { paying } from '../../../src/steps/paying.js'
import type { StepContext } from '../../../src/steps/context.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { NO_EXPOSURE, PURCHASE_TERMS } from '../../support/purchase-terms.js'
import { jobIn } from '../../support/sample-jobs.js'
import { createScriptedPurse, type PurseScript } from '../../support/scripted-purse.js'
import { createStepWorld, RUN } from '../../support/step-world.js'

const NOW = 10_000
const PREIMAGE = '00'.repeat(32) as never
const PAID = { type: 'paid', preimage: PREIMAGE, feesMsat: 12 as Msat } as const

function open(
  changes: {
    readonly script?: Partial<PurseScript>
    readonly hold?: Partial<Hold> | null
    readonly purchase?: Partial<Purchase>
    readonly attempt?: { readonly run: string } | null
    readonly wrap?: Partial<PurchaseTerms['wrap']>
    readonly exposure?: Partial<StepContext['exposure']>
    readonly heldSince?: number
  } = {},
) {
  const purse = createScriptedPurse({ pay: PAID, ...changes.script })
  const terms = { ...PURCHASE_TERMS, wrap: { ...PURCHASE_TERMS.wrap, ...changes.wrap } }
  const world = createStepWorld({
    clock: createFakeClock(NOW),
    upstream: { terms, wallet: 'purse' },
    context: { purses: new Map([['purse', purse]]), exposure: { ...NO_EXPOSURE, ...changes.exposure } },
  })
  const { hold: sampled, ...sample } = jobIn('paying')
  const attempt = changes.attempt === undefined ? { run: RUN } : changes.attempt
  const job: Paying = {
    ...sample,
    offer: { ...sample.offer, purchase: { ...sample.offer.purchase, ...changes.purchase } },
    payment: { ...sample.payment, at: changes.heldSince ?? NOW - 1_000 },
    spending: { ...sample.spending, attempt },
    ...(changes.hold === null || !sampled ? {} : { hold: { ...sampled, ...changes.hold } }),
  }
  return { world, purse, job, pay: () => paying(world.context, job) }
}
const refused = (detail: string) => ({
  type: 'payRefused',
  rejection: { rejected: 'upstream-unpayable', detail: expect.stringContaining(detail) as string },
})

describe('paying what is held', () => {
  it('pays once, within the fee and the delay that the hold leaves', async () => {
    const { pay, purse } = open()
    expect(await pay()).toMatchObject({ type: 'paid', preimage: PREIMAGE, feesMsat: 12 })
    // The deadline is 200 blocks away, of which 80 are the margin.
    expect(purse.limits).toEqual([{ maxFeeMsat: 10_000, maxDelayBlocks: 120 }])
    expect(await pay()).toEqual({ type: 'payUnknown' })
    expect(purse.calls).toEqual(['payInvoice'])
  })

  it('does not pay what another run has announced', async () => {
    const { pay, purse } = open({ attempt: { run: 'run-0' } })
    expect(await pay()).toEqual({ type: 'payUnknown' })
    expect(purse.calls).toEqual([])
  })

  it('announces before it pays', async () => {
    const { pay, purse } = open({ attempt: null })
    expect(await pay()).toEqual({ type: 'attempting', attempt: { run: RUN } })
    expect(purse.calls).toEqual([])
  })

  it('calls what the wallet refuses refused, and everything else unknown', async () => {
    const no = { type: 'refused', reason: 'no route' } as const
    expect(await open({ script: { pay: no } }).pay()).toMatchObject(refused('no route'))
    const lost = { type: 'unknown', reason: 'took too long' } as const
    expect(await open({ script: { pay: lost } }).pay()).toEqual({ type: 'payUnknown' })
  })

  it('believes no preimage that does not fit', async () => {
    const lie = { type: 'paid', preimage: 'ab'.repeat(32) as never, feesMsat: null } as const
    expect(await open({ script: { pay: lie } }).pay()).toEqual({ type: 'payUnknown' })
  })

  it.each<[string, Parameters<typeof open>[0], string]>([
    ['the invoice of the upstream is about to expire', { purchase: { expiresAt: NOW + 9_000 } }, 'expired'],
    ['nothing is held', { hold: null }, 'nothing is held'],
    ['less is held than is due', { hold: { amountMsat: 20_999 as Msat } }, '20999 msat are held'],
    ['the deadline is too near', { hold: { settleDeadline: 800 + 80 + 18 } }, 'too few blocks: 18 are left, 19'],
    ['the wallet does not tell the deadline', { hold: { settleDeadline: null } }, 'does not tell'],
    ['the wallet does not tell the height', { hold: { blockHeight: null } }, 'does not tell'],
    ['an earlier payment is in danger', { exposure: { isHalted: () => true } }, 'nears its deadline'],
  ])('pays nothing where %s: it is given back', async (_what, changes, detail) => {
    const { pay, purse } = open(changes)
    expect(await pay()).toMatchObject(refused(detail))
    expect(purse.calls).toEqual([])
  })

  it('pays a trusted upstream though nobody tells how long that may take', async () => {
    const { pay, purse } = open({ hold: { settleDeadline: null }, wrap: { trusted: true } })
    expect(await pay()).toMatchObject({ type: 'paid' })
    expect(purse.limits).toEqual([{ maxFeeMsat: 10_000, maxDelayBlocks: null }])
  })

  it('looks again at a hold that was seen long ago, and at the height', async () => {
    const accepted = { state: 'accepted', amountMsat: 21_000 as Msat, settleDeadline: 1_000 } as const
    const late = open({ heldSince: NOW - 30_000, script: { incoming: accepted, info: { blockHeight: 850 } } })
    expect(await late.pay()).toMatchObject({ type: 'paid' })
    expect(late.purse.limits).toEqual([{ maxFeeMsat: 10_000, maxDelayBlocks: 70 }])
  })

  it.each([
    ['cancelled', { state: 'cancelled' }],
    ['expired', { state: 'expired' }],
    ['not_found', { state: 'not_found' }],
  ] as const)('pays nothing where the hold has meanwhile become %s', async (state, incoming) => {
    const { pay, purse } = open({ heldSince: NOW - 30_000, script: { incoming } })
    expect(await pay()).toMatchObject(refused(`the held payment is ${state}`))
    expect(purse.calls).toEqual(['lookupInvoice'])
  })

  it('waits, with nothing announced, while so many payments to the same node are under way', async () => {
    const busy = { exposure: { underWayTo: () => 3 }, wrap: { maxUnderWay: 2 } }
    const { pay, purse } = open(busy)
    expect(await pay()).toEqual({ type: 'unsent' })
    expect(await open({ ...busy, attempt: null }).pay()).toEqual({ type: 'pause', until: NOW + 250 })
    expect(purse.calls).toEqual([])
    // Its own announcement is one of the three.
    expect(await open({ ...busy, wrap: { maxUnderWay: 3 } }).pay()).toMatchObject({ type: 'paid' })
  })

  it('waits for a wallet that is yet to start', async () => {
    const { pay, purse } = open({ attempt: null })
    purse.abilities.clear()
    expect(await pay()).toEqual({ type: 'pause', until: NOW + 250 })
  })

  it('takes back what was announced where its wallet is no longer configured', async () => {
    const { world, job, pay } = open()
    ;(world.context.purses as Map<string, unknown>).clear()
    expect(await pay()).toEqual({ type: 'unsent' })
    const unsent = { ...job, spending: { ...job.spending, attempt: null } }
    expect(await paying(world.context, unsent)).toEqual({ type: 'pause', until: NOW + 60_000 })
  })
})
