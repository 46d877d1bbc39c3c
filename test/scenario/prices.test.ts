/** Does a customer pay for exactly the call, for credit that stays the customer's own, or nothing where it is free? */
import { afterEach, describe, expect, it } from 'vitest'
import { tagValue } from '../../src/core/event.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'
import type { NostrCustomer } from '../support/nostr-customer.js'

let bridge: Bridge
const open = async (options: BridgeOptions): Promise<Bridge> => (bridge = await startBridge(options))
afterEach(() => bridge.stop())

async function buy(customer: NostrCustomer, path = '/joke') {
  const job = await customer.publishJob({ path })
  const offer = await customer.offer(job.id)
  await bridge.pay(offer.bolt11)
  return { job, offer, result: await customer.result(job.id) }
}

describe('a gate that sells bundles', () => {
  it('is asked for the price of the call, and for an invoice of exactly that', async () => {
    await open({ settings: { priceSats: 7, bundleSats: 1_000 } })
    const { offer } = await buy(bridge.customer)
    expect(offer.amountMsat).toBe(7_000)
  })

  it('is asked for the price that the operator names, without a HEAD', async () => {
    await open({
      settings: { priceSats: 7 },
      upstream: { exactPrice: { createInvoicePath: '/create-invoice', priceSats: 9 } },
    })
    const { offer, result } = await buy(bridge.customer)
    expect(offer.amountMsat).toBe(9_000)
    expect(tagValue(result, 'amount')).toBe('9000')
    // The 402, the created invoice, the call, and the polls.
    expect(bridge.gateway.counters.requests - bridge.gateway.counters.statusPolls).toBe(3)
  })

  it('sells its bundle where it makes no invoice to measure, and the credit serves the same customer only', async () => {
    await open({ settings: { createInvoice: false, bundleSats: 100, priceSats: 40 } })
    const { customer } = bridge
    const first = await buy(customer)
    expect(first.offer.amountMsat).toBe(100_000)

    const second = await customer.publishJob({ path: '/echo', query: 'a=1' })
    const answer = await customer.result(second.id)
    expect(JSON.parse(answer.content)).toMatchObject({ query: { a: '1' } })
    expect(customer.statuses(second.id)).toEqual(['result'])
    expect(tagValue(answer, 'amount')).toBeUndefined()

    const stranger = await bridge.newCustomer()
    const strangers = await buy(stranger)
    expect(strangers.offer.amountMsat).toBe(100_000)
    expect(strangers.offer.bolt11).not.toBe(first.offer.bolt11)

    // 100 less 40 less 40 leaves 20, too little for a third call: a new bundle, and never somebody else's credit.
    const third = await buy(customer)
    expect(third.offer.amountMsat).toBe(100_000)
    expect(bridge.gateway.counters.chargesSettled).toBe(3)
    const uses = new Map<string | null, number>()
    for (const { paymentHash } of bridge.gateway.counters.callsServed) {
      uses.set(paymentHash, (uses.get(paymentHash) ?? 0) + 1)
    }
    expect([...uses.values()].sort()).toEqual([1, 1, 2])
  })

  it('keeps credit over a restart of the daemon', async () => {
    await open({ settings: { createInvoice: false, bundleSats: 100, priceSats: 40 } })
    await buy(bridge.customer)
    await bridge.restart()
    const second = await bridge.customer.publishJob({ path: '/joke' })
    await bridge.customer.result(second.id)
    expect(bridge.customer.statuses(second.id)).toEqual(['result'])
  })

  it('is paid anew for each call where the operator switched the reuse of credit off', async () => {
    await open({ settings: { createInvoice: false, bundleSats: 100, priceSats: 40 }, upstream: { reuseCredit: 'off' } })
    await buy(bridge.customer)
    await buy(bridge.customer)
    expect(bridge.gateway.counters.chargesSettled).toBe(2)
  })
})

describe('a gate whose credential stays good', () => {
  it('serves each job by a payment of its own where it reports no balance', async () => {
    await open({ dialect: 'aperture', wallet: true })
    await buy(bridge.customer)
    await buy(bridge.customer)
    expect(bridge.gateway.counters.chargesSettled).toBe(2)
  })
})

describe('a call that is free', () => {
  it('is answered at once, without an invoice and without a second call', async () => {
    await open({})
    const { customer } = bridge
    const job = await customer.publishJob({ path: '/free/echo', query: 'x=1&y=2' })
    const result = await customer.result(job.id)
    expect(JSON.parse(result.content)).toEqual({ method: 'GET', query: { x: '1', y: '2' }, body: '' })
    expect(customer.statuses(job.id)).toEqual(['result'])
    expect(tagValue(result, 'amount')).toBeUndefined()
    expect(bridge.gateway.counters).toMatchObject({ requests: 1, invoicesMinted: 0 })
  })

  it('brings a body, and bytes that are no text as base64', async () => {
    await open({})
    const { customer } = bridge
    const order = await customer.publishJob({ method: 'POST', path: '/free/orders', body: '{"item":"tea"}' })
    const answer = await customer.result(order.id)
    expect(tagValue(answer, 'http-status')).toBe('201')
    expect(JSON.parse(answer.content)).toEqual({ order: { item: 'tea' }, number: 1 })

    const binary = await customer.publishJob({ path: '/free/binary' })
    const bytes = await customer.result(binary.id)
    expect(tagValue(bytes, 'encoding')).toBe('base64')
    expect([...Buffer.from(bytes.content, 'base64')]).toEqual([...Array(256).keys()])
  })
})
