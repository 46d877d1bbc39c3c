/** Is an invoice of our own shown only where it is what was asked for, and where what it buys can be had? */
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { isMalformed } from '../../../src/core/identifiers.js'
import type { Challenge } from '../../../src/core/job.js'
import type { Msat } from '../../../src/core/money.js'
import { signInvoice, type UnsignedInvoice } from '../../../src/dev/lightning/sign-invoice.js'
import { decodeInvoice } from '../../../src/l402/invoice.js'
import type { PayableInvoice } from '../../../src/l402/verify-offer.js'
import { makeOwnOffer } from '../../../src/steps/own-invoice.js'
import type { StepContext } from '../../../src/steps/context.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { NO_EXPOSURE } from '../../support/purchase-terms.js'
import { jobIn } from '../../support/sample-jobs.js'
import { createScriptedPurse, type PurseScript } from '../../support/scripted-purse.js'
import { createStepWorld, sampleUpstream } from '../../support/step-world.js'

const NOW = 1_800_000_000_000
const HASH = randomBytes(32).toString('hex')
const [UPSTREAM_KEY, OWN_KEY] = [randomBytes(32), randomBytes(32)]

const sign = (changes: Partial<UnsignedInvoice>, key: Buffer): string =>
  signInvoice(
    {
      ...{ paymentHash: HASH, paymentSecret: '11'.repeat(32), amountMsat: 21_000 as Msat, description: 'a call' },
      ...{ timestamp: NOW / 1000, expirySeconds: 3_600, prefix: 'bcrt', ...changes },
    },
    key,
  )
const THEIRS = sign({}, UPSTREAM_KEY)
/** What an honest wallet would make: price and fees, ten minutes, and the blocks that were asked for. */
const ours = (changes: Partial<UnsignedInvoice> = {}, key = OWN_KEY): string =>
  sign({ amountMsat: 31_000 as Msat, expirySeconds: 600, minCltvDelta: 386, ...changes }, key)

function open(
  script: Partial<PurseScript> = {},
  exposure: Partial<StepContext['exposure']> = {},
  bidMsat: number | null = null,
) {
  const purse = createScriptedPurse({ made: { type: 'made', bolt11: ours() }, ...script })
  const world = createStepWorld({
    clock: createFakeClock(NOW),
    context: { exposure: { ...NO_EXPOSURE, ...exposure } },
  })
  const decoded = decodeInvoice(THEIRS)
  if (isMalformed(decoded)) throw new TypeError(decoded.malformed)
  const sample = jobIn('invoicing')
  const challenge: Challenge = { ...sample.challenge, bolt11: THEIRS }
  const upstreamInvoice = decoded as PayableInvoice
  const job = { ...sample, bidMsat: bidMsat as Msat | null }
  const settings = sampleUpstream
  return {
    purse,
    make: () => makeOwnOffer(world.context, 'wrap', { job, settings, purse, challenge, upstreamInvoice }),
  }
}

describe('a hold invoice', () => {
  it('is on the hash of the upstream, for price and fees, and ends before the upstream’s', async () => {
    expect(await open().make()).toMatchObject({
      ...{ paymentHash: HASH, amountMsat: 31_000, expiresAt: NOW + 600_000, sources: ['holdInvoice'] },
      purchase: { mode: 'wrap', bolt11: THEIRS, amountMsat: 21_000, maxFeeMsat: 10_000, minFinalCltv: 18 },
    })
  })

  it('takes the estimate of a route where the wallet gives one', async () => {
    const { purse, make } = open({ blocksToPayee: 40, made: { type: 'made', bolt11: ours({ minCltvDelta: 147 }) } })
    purse.abilities.add('estimateDelay')
    expect(await make()).toMatchObject({ amountMsat: 31_000 })
    expect(purse.calls).toEqual(['estimateDelay', 'makeHoldInvoice'])
  })

  it.each<[string, string]>([
    ['one on another hash', ours({ paymentHash: '22'.repeat(32) })],
    ['one for less', ours({ amountMsat: 30_000 as Msat })],
    ['one for more', ours({ amountMsat: 32_000 as Msat })],
    ['one on another network', ours({ prefix: 'bc' })],
    ['one that outlives the upstream’s', ours({ expirySeconds: 3_601 })],
    ['one that holds for too few blocks', ours({ minCltvDelta: 385 })],
    ['one that holds for as long as any', ours({ minCltvDelta: 18 })],
    ['one of the node of the upstream', ours({}, UPSTREAM_KEY)],
    ['the very invoice of the upstream', THEIRS],
    ['no invoice', 'lnbcrt1'],
  ])('is not shown where the wallet gave %s', async (_what, bolt11) => {
    expect(await open({ made: { type: 'made', bolt11 } }).make()).toMatchObject({ rejected: 'no-settlement-path' })
  })

  it('is not made on a hash that the wallet knows already', async () => {
    expect(await open({ made: { type: 'taken' } }).make()).toMatchObject({ rejected: 'no-settlement-path' })
  })

  it.each<[string, Partial<StepContext['exposure']>]>([
    ['every slot is taken', { takeSlot: () => false }],
    ['so many payments to the node are under way', { underWayTo: () => 50 }],
    ['an earlier payment is in danger', { isHalted: () => true }],
  ])('is not made where %s', async (_what, exposure) => {
    const { purse, make } = open({}, exposure)
    expect(await make()).toMatchObject({ rejected: 'at-capacity' })
    expect(purse.calls).toEqual([])
  })

  it('is not made where the bid is below what would be due, and is where it equals it', async () => {
    const { purse, make } = open({}, {}, 30_999)
    expect(await make()).toMatchObject({ rejected: 'price-exceeds-bid' })
    expect(purse.calls).toEqual([])
    expect(await open({}, {}, 31_000).make()).toMatchObject({ amountMsat: 31_000 })
  })

  it('is asked for again where the wallet does not answer', async () => {
    await expect(open({ made: new Error('away') }).make()).rejects.toThrow('away')
  })
})
