/** Is what the customer pays enough for what we pay, and is a payment held for long enough? */
import { describe, expect, it } from 'vitest'
import type { Msat } from '../../../src/core/money.js'
import type { PurchaseTerms } from '../../../src/core/route.js'
import { delayLeft, termsOfHold, termsOfResale } from '../../../src/settlement/purchase-terms.js'
import { PURCHASE_TERMS } from '../../support/purchase-terms.js'

const NOW = 1_800_000_000_000
const wrap = (changes: Partial<PurchaseTerms['wrap']>) => ({ wrap: { ...PURCHASE_TERMS.wrap, ...changes } })

const question = (
  changes: {
    readonly amountMsat?: number
    readonly expiresInMs?: number
    readonly minFinalCltv?: number
    readonly routeBlocks?: number | null
    readonly terms?: Partial<PurchaseTerms>
  } = {},
) => ({
  invoice: {
    amountMsat: (changes.amountMsat ?? 21_000) as Msat,
    expiresAt: NOW + (changes.expiresInMs ?? 3_600_000),
    minFinalCltv: changes.minFinalCltv ?? 18,
  },
  terms: { ...PURCHASE_TERMS, ...changes.terms },
  now: NOW,
  paymentWindowMs: 60_000,
  routeBlocks: changes.routeBlocks ?? null,
})

describe('what the customer pays', () => {
  it.each<[string, number, Partial<PurchaseTerms>, number, number]>([
    ['the price and ten sats, where a percent is less', 21_000, {}, 31_000, 10_000],
    ['the price and a percent, where that is more', 2_000_000, {}, 2_020_000, 20_000],
    ['a markup in msat', 21_000, { markupMsat: 1_500 as Msat }, 33_000, 10_000],
    ['a markup in millionths', 1_000_000, { markupPpm: 50_000 }, 1_060_000, 10_000],
    ['both, rounded up to a whole sat once', 21_001, { markupMsat: 1 as Msat, markupPpm: 1 }, 32_000, 10_000],
    ['nothing beside the price', 21_000, { feePpm: 0, minFeeMsat: 0 as Msat }, 21_000, 0],
    ['a whole sat for a part of one', 1, { feePpm: 0, minFeeMsat: 0 as Msat }, 1_000, 0],
  ])('is %s', (_what, amountMsat, terms, due, maxFeeMsat) => {
    expect(termsOfHold(question({ amountMsat, terms }))).toMatchObject({ amountMsat: due, maxFeeMsat })
    expect(termsOfResale(question({ amountMsat, terms }))).toMatchObject({ amountMsat: due, maxFeeMsat })
  })
})

describe('the time to pay', () => {
  it('ends a buffer before that of the upstream, and after ten minutes at most', () => {
    expect(termsOfHold(question({ expiresInMs: 300_000 }))).toMatchObject({ expirySeconds: 180 })
    expect(termsOfHold(question())).toMatchObject({ expirySeconds: 600 })
    expect(termsOfHold(question({ terms: wrap({ bufferSeconds: 300, maxExpirySeconds: 3_600 }) }))).toMatchObject({
      expirySeconds: 3_300,
    })
  })

  it.each([
    ['has expired', -1_000],
    ['expires within the buffer', 119_000],
    ['leaves less than a customer needs', 179_000],
  ])('is none where the invoice of the upstream %s', (_what, expiresInMs) => {
    expect(termsOfHold(question({ expiresInMs }))).toMatchObject({ rejected: 'invoice-invalid' })
    expect(termsOfResale(question({ expiresInMs }))).toMatchObject({ rejected: 'invoice-invalid' })
  })
})

describe('the blocks of a hold', () => {
  it('cover the route, the last hop of the upstream the margin, and a few for what comes meanwhile', () => {
    expect(termsOfHold(question({ routeBlocks: 120, minFinalCltv: 40 }))).toMatchObject({ minCltvDelta: 249 })
  })

  it('cover a day of routing where nobody estimates it', () => {
    expect(termsOfHold(question({ minFinalCltv: 144 }))).toMatchObject({ minCltvDelta: 288 + 144 + 80 })
  })

  it.each([
    ['whose route is not known and who wants more than two days', { minFinalCltv: 289 }],
    ['who wants more than may be waited for', { minFinalCltv: 900, routeBlocks: 40 }],
    ['to whom the route is too long', { minFinalCltv: 18, routeBlocks: 903 }],
  ])('are refused to an upstream %s', (_what, changes) => {
    expect(termsOfHold(question(changes))).toMatchObject({ rejected: 'no-settlement-path' })
  })
})

describe('the blocks that a payment may take', () => {
  const purchase = { minFinalCltv: 18, marginBlocks: 80 }
  it.each([
    ['all but the margin', 1_000, 800, 120],
    ['just enough for the last hop', 899, 800, 19],
  ])('are %s', (_what, settleDeadline, blockHeight, left) => {
    expect(delayLeft({ settleDeadline, blockHeight }, purchase, false)).toBe(left)
  })

  it.each([
    ['one too few are left', 898, 800],
    ['the deadline has passed', 800, 801],
    ['nobody tells the deadline', null, 800],
    ['nobody tells the height', 1_000, null],
  ])('are none where %s', (_what, settleDeadline, blockHeight) => {
    expect(delayLeft({ settleDeadline, blockHeight }, purchase, false)).toMatchObject({
      rejected: 'upstream-unpayable',
    })
  })

  it('are not asked for where the upstream is trusted and nobody tells, and are kept where somebody does', () => {
    expect(delayLeft({ settleDeadline: null, blockHeight: null }, purchase, true)).toBeNull()
    expect(delayLeft({ settleDeadline: 850, blockHeight: 800 }, purchase, true)).toMatchObject({
      rejected: 'upstream-unpayable',
    })
  })
})
