/** Is a customer who pays our own invoice served, and does the money come back where the upstream cannot be paid? */
import { describe, expect, it, type TestContext } from 'vitest'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'

async function open({ onTestFinished }: TestContext, options: BridgeOptions = {}): Promise<Bridge> {
  const { upstream, ...rest } = options
  const bridge = await startBridge({
    purse: { permissions: 'full' },
    dialect: 'aperture',
    upstream: { mode: 'resell', resell: { enabled: true }, ...upstream },
    ...rest,
  })
  onTestFinished(() => bridge.stop())
  return bridge
}

describe.concurrent('an invoice of our own', () => {
  it('is paid, the upstream is paid from our wallet, and the result comes', async (test) => {
    const bridge = await open(test)
    const { customer, purse, merchant } = bridge
    const job = await customer.publishJob({ path: '/joke' })
    const { bolt11, amountMsat } = await customer.offer(job.id)
    // The price, and the fees that the route may cost: ten sats at least.
    expect(amountMsat).toBe(31_000)
    await bridge.pay(bolt11)
    await customer.result(job.id)
    expect(customer.statuses(job.id)).toEqual(['payment-required', 'processing', 'result'])
    expect(purse.node.lookup(bridge.hashOf(bolt11))).toMatchObject({ state: 'settled', amountMsat: 31_000 })
    expect(purse.node.payments()).toMatchObject([{ state: 'settled', amountMsat: 21_000 }])
    expect(merchant.incoming()).toMatchObject([{ state: 'settled', amountMsat: 21_000 }])
  })

  it('is not shown where resale is off, which it is unless the operator says otherwise', async (test) => {
    const { customer } = await open(test, { upstream: { mode: 'auto', resell: {} }, purse: { permissions: 'full' } })
    const job = await customer.publishJob({ path: '/joke' })
    expect((await customer.error(job.id)).code).toBe('no-settlement-path')
  })
})
