/** Is a call bought where L402 is not spoken, or not meant, and is each such credential used once? */
import { afterEach, describe, expect, it } from 'vitest'
import type { NostrEvent } from '../../src/core/event.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'

let bridge: Bridge
const open = async (options: BridgeOptions): Promise<Bridge> =>
  (bridge = await startBridge({ wallet: true, ...options }))
afterEach(() => bridge.stop())

async function buy(params: Record<string, string> = { path: '/joke' }, tags: string[][] = []) {
  const job = await bridge.customer.publishJob(params, tags)
  const offer = await bridge.customer.offer(job.id)
  await bridge.pay(offer.bolt11)
  return { job, offer, result: await bridge.customer.result(job.id) }
}
const refusalOf = async (job: NostrEvent) => (await bridge.customer.error(job.id)).code

describe('the scheme Payment', () => {
  it('is chosen at a server that asks for L402 and refuses it, where the operator says so', async () => {
    await open({ dialect: 'aperture', settings: { authScheme: 'mpp' }, upstream: { scheme: 'payment' } })
    const { result } = await buy()
    expect(JSON.parse(result.content)).toHaveProperty('joke')
    expect(bridge.gateway.counters).toMatchObject({ chargesSettled: 1 })
  })

  it('is left aside where L402 can be had', async () => {
    await open({ dialect: 'aperture', settings: { authScheme: 'l402+mpp' } })
    const job = await bridge.customer.publishJob({ path: '/joke' })
    const { bolt11 } = await bridge.customer.offer(job.id)
    expect(bridge.adapters.store.get(job.id)).toMatchObject({ offer: { scheme: 'L402' } })
    await bridge.pay(bolt11)
    await bridge.customer.result(job.id)
  })

  it('is refused where the operator wants L402 alone', async () => {
    await open({ dialect: 'payment', upstream: { scheme: 'l402' } })
    const job = await bridge.customer.publishJob({ path: '/joke' })
    expect(await refusalOf(job)).toBe('payment-scheme-unsupported')
  })

  it('buys one call at the price of the call where the other rail sells bundles', async () => {
    await open({ dialect: 'toll-booth', settings: { createInvoice: false }, upstream: { scheme: 'payment' } })
    const { offer } = await buy()
    expect(offer.amountMsat).toBe(21_000)
    const { offer: again } = await buy()
    expect(again.bolt11).not.toBe(offer.bolt11)
    expect(bridge.gateway.counters.chargesSettled).toBe(2)
  })

  it('is bought anew for each call: its credential is kept for nobody, whatever the operator says of credit', async () => {
    await open({ dialect: 'payment', upstream: { reuseCredit: 'always' } })
    await buy()
    await buy()
    expect(bridge.adapters.store.credit(bridge.customer.pubkey, 'api')).toBeUndefined()
    expect(bridge.gateway.counters.callsServed.map(({ use }) => use)).toEqual([1, 1])
  })

  it('is no second charge when the server asks again after the payment: the credential is handed over', async () => {
    await open({ dialect: 'payment' })
    const { customer, gateway } = bridge
    const job = await customer.publishJob({ path: '/joke' })
    const offer = await customer.offer(job.id)
    gateway.failNext(402, { times: 20 })
    const preimage = await bridge.pay(offer.bolt11)
    const { code, event } = await customer.error(job.id)
    expect(code).toBe('credential-refused')
    const handed = customer.open(event) as unknown as Record<string, string>
    expect(handed).toMatchObject({ scheme: 'Payment', header: 'authorization', preimage })
    expect(JSON.parse(handed['token'] ?? '')).toMatchObject({ method: 'lightning', intent: 'charge' })
    expect(customer.statuses(job.id).filter((status) => status === 'payment-required')).toHaveLength(1)
  })

  it('tells the customer to pay before the challenge ends, not only before the invoice does', async () => {
    await open({ dialect: 'payment', settings: { paymentExpirySeconds: 120 } })
    const job = await bridge.customer.publishJob({ path: '/joke' })
    const { event } = await bridge.customer.offer(job.id)
    const until = Number(event.tags.find(([name]) => name === 'expiration')?.[1])
    expect(until - Math.floor(Date.now() / 1000)).toBeLessThanOrEqual(120)
  })

  it('is refused where it ends before anybody could pay, and where it asks for a deposit', async () => {
    await open({ dialect: 'payment', settings: { paymentExpirySeconds: -5 } })
    expect(await refusalOf(await bridge.customer.publishJob({ path: '/joke' }))).toBe('challenge-invalid')
    await bridge.stop()
    await open({ dialect: 'payment', settings: { paymentIntent: 'session' } })
    expect(await refusalOf(await bridge.customer.publishJob({ path: '/joke' }))).toBe('payment-scheme-unsupported')
  })
})

describe('x402 over Lightning', () => {
  const sealedJob = async () => {
    const { customer } = bridge
    const params = [
      ['param', 'method', 'GET'],
      ['param', 'path', '/joke'],
    ]
    const content = customer.encrypt(JSON.stringify(params))
    const outside = customer.job({}, [['encrypted']], { content })
    const tags = outside.tags.filter(([name]) => name !== 'param')
    const job = customer.sign({ kind: 5800, tags, content })
    await customer.publish(job)
    return job
  }
  const openedTags = (event: NostrEvent) => bridge.customer.open(event) as unknown as string[][]

  it('is paid and answered where the offer is sealed, by a header of its own and without a preimage in it', async () => {
    await open({ dialect: 'x402' })
    const job = await sealedJob()
    const offer = await bridge.customer.nextFeedback(job.id, '')
    const [, , bolt11 = ''] = openedTags(offer).find(([name]) => name === 'amount') ?? []
    await bridge.pay(bolt11)
    const result = await bridge.customer.result(job.id)
    expect(bridge.customer.open(result)).toHaveProperty('joke')
    expect(bridge.gateway.counters).toMatchObject({ chargesSettled: 1, refusals: 0 })
    expect(bridge.gateway.counters.callsServed).toHaveLength(1)
  })

  it('is refused to a job in the open: whoever reads the invoice could use it before the customer', async () => {
    await open({ dialect: 'x402' })
    expect(await refusalOf(await bridge.customer.publishJob({ path: '/joke' }))).toBe('encryption-required')
  })
})
