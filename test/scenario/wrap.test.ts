/** Is a customer who pays our hold invoice served, and does the money go where it should? */
import { describe, expect, it, type TestContext } from 'vitest'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'

async function open({ onTestFinished }: TestContext, options: BridgeOptions = {}): Promise<Bridge> {
  const bridge = await startBridge({ purse: {}, dialect: 'aperture', ...options })
  onTestFinished(() => bridge.stop())
  return bridge
}

describe.concurrent('a hold invoice on the hash of the upstream', () => {
  it('is paid, the upstream is paid with it, and the result comes', async (test) => {
    const bridge = await open(test)
    const { customer, purse, payer, merchant } = bridge
    const job = await customer.publishJob({ path: '/joke' })
    const { bolt11, amountMsat } = await customer.offer(job.id)
    // The price, and the fees that the route may cost: ten sats at least.
    expect(amountMsat).toBe(31_000)
    const paying = bridge.pay(bolt11)
    await customer.result(job.id)
    await paying
    const paymentHash = bridge.hashOf(bolt11)
    expect(customer.statuses(job.id)).toEqual(['payment-required', 'processing', 'result'])
    expect(purse.node.lookup(paymentHash)).toMatchObject({ state: 'settled', amountMsat: 31_000 })
    expect(merchant.lookup(paymentHash)).toMatchObject({ state: 'settled', amountMsat: 21_000 })
    expect(payer.outgoing(paymentHash)).toMatchObject({ state: 'settled' })
  })
})
