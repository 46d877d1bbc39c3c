/** Do the embedded servers refuse what the real ones refuse: a credential twice, an altered challenge, a path with tricks? */
import { expect, it } from 'vitest'
import { createSmallApi } from '../../../src/dev/gateways/small-api.js'
import { startGateway } from '../../../src/dev/gateways/gateway.js'
import { createSimulatedNetwork } from '../../../src/dev/lightning/simulated.js'
import { createUpstreamClient } from '../../../src/l402/client.js'
import { presentCredential } from '../../../src/l402/credential.js'
import { parseChallenge } from '../../../src/l402/challenge.js'
import { isMalformed, type Preimage } from '../../../src/core/identifiers.js'
import type { UpstreamOutcome, UpstreamRequest } from '../../../src/ports.js'
import { useMarket } from './market.js'
import { ask, buy } from './payer.js'

const { customer, open } = useMarket()

const clientOf = (origin: string) =>
  createUpstreamClient({
    ...{ name: 'api', origin, connectTimeoutMs: 5_000, headersTimeoutMs: 5_000, bodyTimeoutMs: 5_000 },
    ...{ totalTimeoutMs: 10_000, maxRequestBytes: 1_000, maxResponseBytes: 100_000 },
    ...{ allowRequestHeaders: ['payment-signature'], allowResponseHeaders: ['payment-receipt', 'payment-response'] },
  })
const GET: UpstreamRequest = { method: 'GET', target: '/joke', headers: {}, body: null }
type Response = Extract<UpstreamOutcome, { type: 'response' }>

async function bought(dialect: 'payment' | 'x402') {
  const gateway = await open(dialect)
  const client = clientOf(gateway.url)
  const send = async (over: Partial<UpstreamRequest> = {}) => (await client.send({ ...GET, ...over })) as Response
  const asked = await send()
  const challenge = parseChallenge({
    headers: asked.headers['www-authenticate'] ?? [],
    ...{ body: asked.body, contentType: null, requestTarget: '/joke', sameOriginTarget: () => null },
    paymentRequired: asked.headers['payment-required']?.[0] ?? null,
  })
  if (isMalformed(challenge) || 'schemes' in challenge) throw new Error(JSON.stringify(challenge))
  const present = (value: string, token = challenge.token) =>
    presentCredential(challenge.scheme, token, { kind: 'preimage', value: value as Preimage })
  const pay = async () => (await customer.pay(challenge.bolt11)).preimage
  return { gateway, challenge, send, present, pay, stop: () => client.stop() }
}

it.each(['payment', 'x402'] as const)(
  '%s serves one call, keeps its receipt from us, and asks again after',
  async (dialect) => {
    const { gateway, send, present, pay, stop } = await bought(dialect)
    expect((await send(present('00'.repeat(32)))).status).toBe(402)
    const credential = present(await pay())
    const served = await send(credential)
    expect(served.status).toBe(200)
    expect(Object.keys(served.headers)).toEqual(['content-type'])
    expect((await send(credential)).status).toBe(402)
    expect(gateway.counters.callsServed).toHaveLength(1)
    await stop()
  },
)

it('a challenge of Payment that comes back altered is not taken', async () => {
  const { challenge, send, present, pay, stop } = await bought('payment')
  const preimage = await pay()
  const altered = JSON.stringify({ ...(JSON.parse(challenge.token) as object), realm: 'elsewhere' })
  expect((await send(present(preimage, altered))).status).toBe(402)
  expect((await send({ ...present(preimage), target: '/echo' })).status).toBe(402)
  expect((await send(present(preimage))).status).toBe(200)
  await stop()
})

it('a customer cannot set the header of a credential', async () => {
  const gateway = await open('x402')
  const client = clientOf(gateway.url)
  const headers = { 'payment-signature': 'forged', 'x-payment': 'forged', authorization: 'Payment forged' }
  expect(await client.send({ ...GET, headers })).toMatchObject({ status: 402 })
  await client.stop()
})

it.each(['/a%2fb', '/a%5cb'])('toll-booth refuses the path %s before it has a price', async (path) => {
  const gateway = await open('toll-booth')
  const heard = await ask(gateway.url + path, { method: 'POST' })
  expect([heard.status, heard.json()]).toEqual([400, { error: 'Invalid request path' }])
  expect(gateway.counters.invoicesMinted).toBe(0)
})

it('ngx answers 500 to what it cannot read, and 401 to what it can and does not take', async () => {
  const gateway = await open('single-use')
  const { authorization, token } = await buy(`${gateway.url}/joke`, customer)
  const statusOf = async (value: string) =>
    (await ask(`${gateway.url}/joke`, { headers: { authorization: value } })).status
  expect(await statusOf('L402 AgEEbHNhdA==:00')).toBe(500)
  expect(await statusOf(`L402 ${token}`)).toBe(401)
  expect(await statusOf(authorization)).toBe(200)
  expect(await statusOf(authorization)).toBe(401)
})

it('what a call has cost after all corrects the balance, up to ten times the price', async () => {
  const network = createSimulatedNetwork()
  const [merchant, payer] = [network.createNode(), network.createNode()]
  let cost = 2
  const small = createSmallApi()
  const api = {
    get orders() {
      return small.orders
    },
    answer: async (...asked: Parameters<typeof small.answer>) => {
      const answer = await small.answer(...asked)
      return { ...answer, headers: { ...answer.headers, 'X-Toll-Cost': String(cost) } }
    },
  }
  const gateway = await startGateway({ dialect: 'satgate', node: merchant, api, settings: { priceSats: 10 } })
  const { authorization } = await buy(`${gateway.url}/joke`, payer)
  const balance = async () =>
    (await ask(`${gateway.url}/joke`, { headers: { authorization } })).headers['x-credit-balance']
  expect(await balance()).toEqual(['998'])
  cost = 5_000
  expect(await balance()).toEqual(['898'])
  await gateway.stop()
  network.stop()
})
