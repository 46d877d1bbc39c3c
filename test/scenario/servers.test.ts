/** Do the habits of the servers in use cost a customer nothing: bundles, debits, free tiers, prefixes, hidden refusals? */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'
import type { NostrCustomer, Params } from '../support/nostr-customer.js'

let bridge: Bridge
const open = async (options: BridgeOptions): Promise<Bridge> => (bridge = await startBridge(options))
afterEach(() => bridge.stop())

const JOKE: Params = { path: '/joke' }
async function offered(params = JOKE, customer: NostrCustomer = bridge.customer) {
  const job = await customer.publishJob(params)
  return { job, offer: await customer.offer(job.id) }
}
async function buy(params = JOKE, customer: NostrCustomer = bridge.customer) {
  const { job, offer } = await offered(params, customer)
  await bridge.pay(offer.bolt11)
  return { job, offer, result: await customer.result(job.id) }
}
const refusal = async (params = JOKE, customer = bridge.customer) =>
  (await customer.error((await customer.publishJob(params)).id)).code
const leftOf = (customer = bridge.customer) => bridge.adapters.store.credit(customer.pubkey, 'api')?.balanceSats

describe('a gate that debits before it asks the API', () => {
  it('is not asked again on an exact price: it was used up, and the credential is handed over at once', async () => {
    await open({})
    const { job, offer } = await offered()
    bridge.gateway.failNext(500)
    await bridge.pay(offer.bolt11)
    expect((await bridge.customer.error(job.id)).code).toBe('upstream-failed')
    expect(bridge.gateway.counters).toMatchObject({ chargesSettled: 1, invoicesMinted: 2 })
  })

  it('is asked three times at most on a bundle, and what is left serves the next job', async () => {
    await open({ settings: { createInvoice: false } })
    const { job, offer } = await offered()
    bridge.gateway.failNext(500, { times: 20 })
    await bridge.pay(offer.bolt11)
    expect((await bridge.customer.error(job.id)).code).toBe('upstream-failed')
    expect(leftOf()).toBe(1000 - 3 * 21)
  })

  it('gives more credit than it costs, and all of it is used', async () => {
    await open({ settings: { createInvoice: false, bundleSats: 100, creditTiers: { 100: 130 }, priceSats: 65 } })
    const { offer, result } = await buy()
    expect(offer.amountMsat).toBe(100_000)
    expect(result.tags).toContainEqual(['credit', '65'])
    const second = await bridge.customer.publishJob(JOKE)
    const answer = await bridge.customer.result(second.id)
    expect(answer.tags.some(([name]) => name === 'credit')).toBe(false)
    expect(bridge.gateway.counters.chargesSettled).toBe(1)
  })

  it('has its pages below a path, and names them from the root', async () => {
    await open({ settings: { prefix: '/gate' }, upstream: { statusPrefix: '/gate' } })
    const { offer } = await buy()
    expect(offer.amountMsat).toBe(21_000)
  })

  it('takes ecash only: refused before anybody is shown an empty invoice', async () => {
    await open({ settings: { cashuOnly: true } })
    expect(await refusal()).toBe('payment-scheme-unsupported')
  })
})

describe('a free tier, counted by address', () => {
  it('is shared out: nobody eats what the others could have', async () => {
    await open({ settings: { freeCalls: 3 }, config: { admission: { freePerDayPerCustomer: 1 } } })
    await bridge.customer.result((await bridge.customer.publishJob(JOKE)).id)
    expect(await refusal()).toBe('free-quota-used')
    const other = await bridge.newCustomer()
    const result = await other.result((await other.publishJob(JOKE)).id)
    expect(result.tags.some(([name]) => name === 'amount')).toBe(false)
  })
})

describe('tokens that are good for more calls, and say no balance', () => {
  const ALWAYS: BridgeOptions = { dialect: 'aperture', wallet: true, upstream: { reuseCredit: 'always' } }

  it('serve the customer who paid, over a restart, and nobody else', async () => {
    await open(ALWAYS)
    const { result } = await buy()
    expect(result.tags).toContainEqual(['credit', ''])
    await bridge.restart()
    const again = await bridge.customer.publishJob({ path: '/echo', query: 'a=1' })
    await bridge.customer.result(again.id)
    expect(bridge.customer.statuses(again.id)).toEqual(['result'])
    await buy(JOKE, await bridge.newCustomer())
    expect(bridge.gateway.counters.chargesSettled).toBe(2)
  })

  it('are dropped when the server no longer takes them, and the job is quoted, never charged by itself', async () => {
    await open({ ...ALWAYS, dialect: 'single-use' })
    const first = await buy()
    const { job, offer } = await offered()
    expect(offer.bolt11).not.toBe(first.offer.bolt11)
    expect(bridge.gateway.counters).toMatchObject({ chargesSettled: 1, refusals: 1 })
    expect(bridge.adapters.store.credit(bridge.customer.pubkey, 'api')).toBeUndefined()
    expect(bridge.customer.statuses(job.id)).toEqual(['payment-required'])
  })

  it('are handed over to whom they belong, and to nobody who asks in a job of another key', async () => {
    await open(ALWAYS)
    const { customer } = bridge
    await buy()
    const asking: Params = { ...JOKE, credential: 'enclose' }
    const { tags } = await customer.result((await customer.publishJob(asking)).id)
    const [, sealed = ''] = tags.find(([name]) => name === 'credential') ?? []
    const handed = customer.open({ ...customer.job(JOKE), content: sealed })
    expect(
      (await fetch(`${bridge.gateway.url}/joke`, { headers: { authorization: handed.authorization } })).status,
    ).toBe(200)
    const stranger = await bridge.newCustomer()
    const bought = await buy(asking, stranger)
    const [, other = ''] = bought.result.tags.find(([name]) => name === 'credential') ?? []
    expect(stranger.open({ ...stranger.job(JOKE), content: other }).token).not.toBe(handed.token)
    expect(() => stranger.open({ ...stranger.job(JOKE), content: sealed })).toThrow()
  })

  it('serve an encrypted job of the same key, whose result says nothing of them outside', async () => {
    await open(ALWAYS)
    const { customer } = bridge
    await buy()
    const params = [
      ['param', 'method', 'GET'],
      ['param', 'path', '/joke'],
    ]
    const outside = [['p', bridge.daemon.pubkey], ['encrypted']]
    const seal = (by: NostrCustomer) =>
      by.sign({ kind: 5800, tags: outside, content: by.encrypt(JSON.stringify(params)) })
    const mine = seal(customer)
    await customer.publish(mine)
    const result = await customer.result(mine.id)
    expect(customer.statuses(mine.id)).toEqual(['result'])
    expect(result.tags.map(([name]) => name)).not.toContain('credit')
    expect(customer.open(result)).toHaveProperty('joke')
    const stranger = await bridge.newCustomer()
    const theirs = seal(stranger)
    await stranger.publish(theirs)
    // Feedback, sealed: an invoice, and no result.
    await stranger.nextFeedback(theirs.id, '')
    expect(stranger.statuses(theirs.id)).toEqual([''])
  })
})

describe('single use', () => {
  it('is bought with a whole credential also where the gate asks its node by itself', async () => {
    await open({ dialect: 'single-use', wallet: true, settings: { autoDetectPayment: true } })
    await buy()
    await buy()
    expect(bridge.gateway.counters).toMatchObject({ chargesSettled: 2, refusals: 0 })
  })
})

describe('what cannot be paid or seen', () => {
  it('an invoice of another network of payments is refused', async () => {
    await open({ dialect: 'fiber', wallet: true })
    expect(await refusal()).toBe('challenge-invalid')
  })

  it('gRPC is refused before anything is sent, in whatever spelling', async () => {
    await open({ dialect: 'aperture', wallet: true })
    const order = { method: 'POST', path: '/orders', body: '{}' }
    for (const type of ['application/grpc', 'Application/gRPC+proto', ' application/grpc-web']) {
      expect(await refusal({ ...order, 'content-type': type })).toBe('invalid-request')
    }
    await vi.waitFor(() => expect(bridge.gateway.counters.requests).toBe(0))
  })

  it.each(['/v1/models:generate', '/v1/a,b'])(
    '%s has a price of its own and a token that never verifies',
    async (path) => {
      await open({ dialect: 'aperture', wallet: true, settings: { dynamicPrice: true } })
      expect(await refusal({ path })).toBe('challenge-invalid')
    },
  )
})
