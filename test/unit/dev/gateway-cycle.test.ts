/** Can a call be bought from every dialect, over simulated and over real Lightning? */
import { importMacaroon } from 'macaroon'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DIALECTS, type DialectName } from '../../../src/dev/gateways/settings.js'
import { createLdkPair, type LdkPair } from '../../../src/dev/lightning/ldk.js'
import { decodeInvoice } from '../../../src/dev/lightning/sign-invoice.js'
import { useMarket } from './market.js'
import { ask, buy, challengeOf } from './payer.js'

const { customer, open } = useMarket()

/** The others sell by schemes of their own, or for what no Lightning wallet pays. */
const OTHERS: readonly DialectName[] = ['payment', 'x402', 'fiber']
const L402_DIALECTS = DIALECTS.filter((name) => !OTHERS.includes(name))

const schemeOf = (dialect: DialectName) => (dialect === 'lsat-only' ? 'LSAT' : 'L402')

describe.each(L402_DIALECTS)('the dialect %s', (dialect) => {
  it('sells a call: 402, payment, the answer', async () => {
    const gateway = await open(dialect)
    const { authorization, bolt11 } = await buy(`${gateway.url}/joke`, customer, {}, schemeOf(dialect))
    const heard = await ask(`${gateway.url}/joke`, { headers: { authorization } })
    expect(heard.status).toBe(200)
    expect(heard.json()).toHaveProperty('joke')
    const { paymentHash } = decodeInvoice(bolt11)
    expect(gateway.counters).toMatchObject({ invoicesMinted: 1, chargesSettled: 1, challenges: 1 })
    expect(gateway.counters.callsServed).toEqual([
      { method: 'GET', target: '/joke', paymentHash, use: 1, idempotencyKey: null, status: 200 },
    ])
  })

  it('sells a POST with its body, and executes it once', async () => {
    const gateway = await open(dialect)
    const order = { method: 'POST', body: '{"item":"bridge"}' } as const
    const { authorization } = await buy(`${gateway.url}/orders`, customer, order, schemeOf(dialect))
    const heard = await ask(`${gateway.url}/orders`, { ...order, headers: { authorization } })
    expect(heard.status).toBe(201)
    expect(heard.json()).toEqual({ order: { item: 'bridge' }, number: 1 })
    expect(gateway.api.orders).toBe(1)
  })

  it('serves nothing for a wrong preimage, a foreign token, or no payment', async () => {
    const gateway = await open(dialect)
    const other = await open(dialect)
    const bought = await buy(`${gateway.url}/joke`, customer, {}, schemeOf(dialect))
    const scheme = schemeOf(dialect)
    const wrong = [
      `${scheme} ${bought.token}:${'0'.repeat(64)}`,
      `${scheme} ${bought.token}`,
      `${scheme} AgEEbHNhdA==:${bought.preimage}`,
      `Bearer ${bought.preimage}`,
    ]
    for (const authorization of wrong) {
      const { status } = await ask(`${gateway.url}/joke`, { headers: { authorization } })
      expect([401, 402, 500]).toContain(status)
    }
    const { status } = await ask(`${other.url}/joke`, { headers: { authorization: bought.authorization } })
    expect([401, 402]).toContain(status)
    expect(gateway.counters.callsServed).toEqual([])
    expect(other.counters.callsServed).toEqual([])
  })

  it('lets /free/ pass, and forgets it on stopping', async () => {
    const gateway = await open(dialect)
    const heard = await ask(`${gateway.url}/free/echo?x=1`)
    expect(heard.json()).toMatchObject({ query: { x: '1' } })
    expect(gateway.counters.callsServed[0]).toMatchObject({ target: '/free/echo?x=1', paymentHash: null, use: 0 })
    await gateway.stop()
    await expect(ask(`${gateway.url}/free/joke`)).rejects.toThrow()
    await gateway.stop()
  })
})

it.each(L402_DIALECTS.filter((name) => name !== 'non-macaroon'))(
  'the macaroon of %s commits to its invoice',
  async (name) => {
    const { url } = await open(name)
    const { token, bolt11 } = challengeOf(await ask(`${url}/joke`))
    expect(token).toMatch(/^[A-Za-z0-9+/]+=*$/)
    const { identifier, location } = importMacaroon(token)
    expect(identifier).toHaveLength(66)
    expect(Buffer.from(identifier).readUInt16BE(0)).toBe(0)
    expect(Buffer.from(identifier).toString('hex', 2, 34)).toBe(decodeInvoice(bolt11).paymentHash)
    expect(location).toBe(name === 'aperture' ? 'lsat' : location === 'gateway' ? 'gateway' : 'toll-booth')
  },
)

describe('over real Lightning', () => {
  let pair: LdkPair
  beforeAll(async () => {
    pair = await createLdkPair()
  })
  afterAll(() => pair.stop())

  it.each(['toll-booth', 'aperture'] as const)('%s sells a call', async (dialect) => {
    const gateway = await open(dialect, {}, pair.bob)
    const { authorization } = await buy(`${gateway.url}/joke`, pair.alice)
    expect((await ask(`${gateway.url}/joke`, { headers: { authorization } })).status).toBe(200)
    expect(gateway.counters.chargesSettled).toBe(1)
  })
})
