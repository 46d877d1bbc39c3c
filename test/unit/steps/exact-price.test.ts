/** Does the customer pay for this one call where the server is known to offer that, and is no other server ever probed? */
import { describe, expect, it } from 'vitest'
import type { Challenge } from '../../../src/core/job.js'
import type { Upstream } from '../../../src/core/route.js'
import { invoicing } from '../../../src/steps/invoicing.js'
import { CRAFTED_HASH, craftInvoice } from '../../support/craft-invoice.js'
import { craftToken } from '../../support/craft-token.js'
import { jobIn } from '../../support/sample-jobs.js'
import { answer, jsonAnswer } from '../../support/scripted-upstream.js'
import { createStepWorld } from '../../support/step-world.js'

const token = craftToken({ paymentHash: CRAFTED_HASH })
const BUNDLE = craftInvoice({ hrp: 'lnbcrt10u' }) // 1,000 sats
const EXACT = craftInvoice() // 21 sats
const created = (changes: object = {}) =>
  jsonAnswer({
    bolt11: EXACT,
    macaroon: token,
    payment_hash: CRAFTED_HASH,
    amount_sats: 21,
    payment_url: '/status?token=1',
    ...changes,
  })
const priceHeader = (sats: string) => answer(402, '', { 'x-l402-price-sats': sats })

async function offered(
  exactPrice: Upstream['exactPrice'],
  challenge: Partial<Challenge>,
  answers: ReturnType<typeof answer>[],
  priceMsat: number | null = null,
) {
  const world = createStepWorld({
    upstream: { exactPrice },
    route: { maxMsat: 10_000_000 as never, priceMsat: priceMsat as never },
  })
  world.api.script(...answers)
  const job = jobIn('invoicing')
  const usual = { bolt11: BUNDLE, token, statusUrl: '/status' }
  const fact = await invoicing(world.context, { ...job, challenge: { ...job.challenge, ...usual, ...challenge } })
  return {
    amountMsat: fact.type === 'invoiced' ? fact.offer.amountMsat : fact,
    asked: world.api.requests.map(({ method, target, body }) => `${method} ${target}${body ? ` ${body}` : ''}`),
    authorizations: world.api.requests.filter(({ authorization }) => authorization !== undefined),
  }
}
const MINT = 'POST /create-invoice {"amountSats":21}'
const known: Partial<Challenge> = { offersExactPrice: true }
const priced: Partial<Challenge> = { ...known, callPriceMsat: 21_000 as never }

describe('an exact price', () => {
  it.each([
    ['never where the operator says so', null, priced],
    ['never of a server that is not known to offer it', 'auto' as const, { callPriceMsat: 21_000 as never }],
  ])('is asked for %s', async (_, exactPrice, challenge) => {
    const { amountMsat, asked } = await offered(exactPrice, challenge, [created()])
    expect([amountMsat, asked]).toEqual([1_000_000, []])
  })

  it('is taken from the body where that names it, and without a second call to the API itself', async () => {
    const { amountMsat, asked, authorizations } = await offered('auto', priced, [created()])
    expect([amountMsat, asked, authorizations]).toEqual([21_000, [MINT], []])
  })

  it('is asked for with HEAD where the body of a known server names none', async () => {
    const { amountMsat, asked } = await offered('auto', known, [priceHeader('21'), created()])
    expect([amountMsat, asked]).toEqual([21_000, ['HEAD /joke', MINT]])
  })

  it('is what the operator says, at the place that the operator names', async () => {
    const { asked } = await offered({ createInvoicePath: '/mint' }, {}, [created()], 21_000)
    expect(asked).toEqual(['POST /mint {"amountSats":21}'])
  })

  it('is rounded up to whole sats', async () => {
    const { asked } = await offered('auto', { ...known, callPriceMsat: 20_001 as never }, [created()])
    expect(asked).toEqual([MINT])
  })

  it('is not minted where the invoice at hand costs no more', async () => {
    const { amountMsat, asked } = await offered('auto', { ...priced, bolt11: EXACT }, [created()])
    expect([amountMsat, asked]).toEqual([21_000, []])
  })

  it.each([
    ['HEAD brings no price', [answer(402)]],
    ['HEAD brings a fraction', [priceHeader('2.5')]],
    ['HEAD is not answered with 402', [answer(200, '', { 'x-l402-price-sats': '21' })]],
    ['the API is away', [{ type: 'unsent', reason: 'ECONNREFUSED' } as never]],
    ['there is nothing to create invoices', [priceHeader('21'), answer(404)]],
    ['what was created is no invoice', [priceHeader('21'), created({ bolt11: 'x' })]],
    ['what was created is no JSON', [priceHeader('21'), answer(200, '<html>')]],
  ])('gives way to the bundle where %s', async (_, answers) => {
    expect((await offered('auto', known, answers)).amountMsat).toBe(1_000_000)
  })

  it('is verified as every other: one that contradicts itself is shown to nobody', async () => {
    const { amountMsat } = await offered('auto', priced, [created({ amount_sats: 20 })])
    expect(amountMsat).toMatchObject({ rejection: { rejected: 'challenge-invalid' } })
  })
})
