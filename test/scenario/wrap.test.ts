/** Is a customer who pays our hold invoice served or given the money back, and does nobody lose any? */
import { describe, expect, it, vi, type TestContext } from 'vitest'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'

async function open({ onTestFinished }: TestContext, options: BridgeOptions = {}): Promise<Bridge> {
  const bridge = await startBridge({ purse: {}, dialect: 'aperture', ...options })
  onTestFinished(() => bridge.stop())
  return bridge
}
const SERVED = ['payment-required', 'processing', 'result']
const ON_RESULT = { upstream: { wrap: { settle: 'on-result' } } }
const JOKE = { path: '/joke' }

async function offered(bridge: Bridge) {
  const { customer } = bridge
  const job = await customer.publishJob(JOKE)
  const { bolt11, amountMsat } = await customer.offer(job.id)
  return { job, bolt11, amountMsat, paymentHash: bridge.hashOf(bolt11) }
}
/** The customer pays, and learns of it only once it is settled or has come back. */
function payLater(bridge: Bridge, bolt11: string): Promise<string> {
  return bridge.payer.pay(bolt11).then(
    () => 'settled',
    () => 'returned',
  )
}
const accepted = ({ purse }: Bridge, paymentHash: string) =>
  vi.waitFor(() => expect(purse.node.lookup(paymentHash)).toMatchObject({ state: 'accepted' }), { timeout: 10_000 })
const jobOf = (bridge: Bridge, jobId: string) => bridge.adapters.store.get(jobId as never)
const reaches = (bridge: Bridge, jobId: string, state: string) =>
  vi.waitFor(() => expect(jobOf(bridge, jobId)?.state).toBe(state), { timeout: 10_000 })

describe.concurrent('a hold invoice on the hash of the upstream', () => {
  it('is paid, the upstream is paid with it, and the result comes', async (test) => {
    const bridge = await open(test, { upstream: { markup: { msat: 500, ppm: 10_000 } } })
    const { purse, merchant, customer } = bridge
    const { job, bolt11, amountMsat, paymentHash } = await offered(bridge)
    // The price, ten sats for the route, and the markup, rounded up once.
    expect(amountMsat).toBe(32_000)
    const paid = payLater(bridge, bolt11)
    await customer.result(job.id)
    expect(await paid).toBe('settled')
    expect(customer.statuses(job.id)).toEqual(SERVED)
    expect(purse.node.lookup(paymentHash)).toMatchObject({ state: 'settled', amountMsat: 32_000 })
    expect(merchant.lookup(paymentHash)).toMatchObject({ state: 'settled', amountMsat: 21_000 })
  })

  it('is not shown where the bid is below the price with fees', async (test) => {
    const { customer, purse } = await open(test)
    const job = await customer.publishJob(JOKE, [['bid', '30000']])
    expect((await customer.error(job.id)).code).toBe('price-exceeds-bid')
    expect(purse.node.incoming()).toEqual([])
  })

  it.for<[string, BridgeOptions]>([
    ['on the node of the upstream itself', { purse: { node: 'merchant' } }],
    ['with a wallet that cannot hold', { purse: { permissions: 'full' } }],
    ['above what an untrusted upstream may have', { upstream: { mode: 'wrap', wrap: { maxUntrustedSats: 20 } } }],
  ])('is not made %s', async ([, options], test) => {
    const { customer } = await open(test, options)
    const job = await customer.publishJob(JOKE)
    expect((await customer.error(job.id)).code).toBe('no-settlement-path')
  })

  it('is made for a trusted upstream whatever it costs', async (test) => {
    const bridge = await open(test, { upstream: { wrap: { maxUntrustedSats: 20, trusted: true } } })
    expect((await offered(bridge)).amountMsat).toBe(31_000)
  })

  it('is given back where the upstream cannot be paid', async (test) => {
    const bridge = await open(test)
    const { job, bolt11, paymentHash } = await offered(bridge)
    bridge.purse.node.faults.failNext = 'refused'
    const paid = payLater(bridge, bolt11)
    expect((await bridge.customer.error(job.id)).code).toBe('upstream-unpayable')
    expect(await paid).toBe('returned')
    expect(bridge.merchant.lookup(paymentHash)?.state).toBe('pending')
    await vi.waitFor(() => expect(jobOf(bridge, job.id)?.state ?? 'refunded').toBe('refunded'))
  })

  it('is settled where the payment went through and nobody said so', async (test) => {
    const bridge = await open(test)
    const { job, bolt11 } = await offered(bridge)
    bridge.purse.node.faults.failNext = 'unknown'
    const paid = payLater(bridge, bolt11)
    await bridge.customer.result(job.id)
    expect(await paid).toBe('settled')
    expect(bridge.purse.node.payments()).toHaveLength(1)
  })

  it('is neither settled nor given back while a payment is under way, also after a restart', async (test) => {
    const bridge = await open(test)
    const { job, bolt11, paymentHash } = await offered(bridge)
    bridge.purse.node.faults.failNext = 'lost'
    const paid = payLater(bridge, bolt11)
    await reaches(bridge, job.id, 'tracking')
    await bridge.restart()
    await reaches(bridge, job.id, 'tracking')
    await bridge.fence()
    await accepted(bridge, paymentHash)
    expect(bridge.purse.node.payments()).toHaveLength(1)
    bridge.network.stop()
    expect(await paid).toBe('returned')
  })

  it('that was accepted while the daemon was away is taken up at its start', async (test) => {
    const bridge = await open(test)
    const { job, bolt11, paymentHash } = await offered(bridge)
    await bridge.stopDaemon()
    const paid = payLater(bridge, bolt11)
    await accepted(bridge, paymentHash)
    await bridge.startDaemon()
    await bridge.customer.result(job.id)
    expect(await paid).toBe('settled')
  })

  it('that went back at its deadline before anybody looked costs us nothing', async (test) => {
    const bridge = await open(test)
    const { job, bolt11, paymentHash } = await offered(bridge)
    await bridge.stopDaemon()
    const paid = payLater(bridge, bolt11)
    await accepted(bridge, paymentHash)
    bridge.network.mine(1_000)
    expect(await paid).toBe('returned')
    await bridge.startDaemon()
    await bridge.fence()
    expect(jobOf(bridge, job.id)?.state).toBe('awaiting')
    expect(bridge.purse.node.payments()).toEqual([])
  })

  it('of which too few blocks are left is given back, and nothing is paid', async (test) => {
    const bridge = await open(test)
    const { job, bolt11, paymentHash } = await offered(bridge)
    await bridge.stopDaemon()
    const paid = payLater(bridge, bolt11)
    await accepted(bridge, paymentHash)
    bridge.network.mine(300)
    await bridge.startDaemon()
    expect((await bridge.customer.error(job.id)).code).toBe('upstream-unpayable')
    expect(await paid).toBe('returned')
    expect(bridge.purse.node.payments()).toEqual([])
  })

  it('that is paid after its job was called off is given back', async (test) => {
    const bridge = await open(test)
    const { customer, purse } = bridge
    const { job, bolt11 } = await offered(bridge)
    await customer.publish(
      customer.sign({
        kind: 5,
        tags: [
          ['e', job.id],
          ['k', '5800'],
        ],
      }),
    )
    expect((await customer.error(job.id)).code).toBe('cancelled')
    const paid = payLater(bridge, bolt11)
    expect((await customer.error(job.id, 2)).code).toBe('payment-returned')
    expect(await paid).toBe('returned')
    expect(purse.node.payments()).toEqual([])
  })

  it('that cannot be settled in time is a loss, said and counted, and its job is served', async (test) => {
    const bridge = await open(test)
    const { customer, purse, network, log } = bridge
    const { job, bolt11 } = await offered(bridge)
    purse.service.behave({ methods: ['settle_hold_invoice'], refuseWith: 'INTERNAL' })
    const paid = payLater(bridge, bolt11)
    await reaches(bridge, job.id, 'settling')
    network.mine(1_000)
    expect(await paid).toBe('returned')
    await customer.result(job.id)
    expect(customer.statuses(job.id)).toEqual(SERVED)
    await reaches(bridge, job.id, 'completed')
    expect(bridge.daemon.status()).toMatchObject({ losses: 1, lossMsat: 21_000 })
    expect(log.lines.filter(({ event, level }) => event === 'loss' && level === 'error')).toHaveLength(1)
    await bridge.restart()
    expect(bridge.daemon.status()).toMatchObject({ losses: 1, lossMsat: 21_000 })
  })
})

describe.concurrent('settled on the result', () => {
  it('the payment is held until the answer is there', async (test) => {
    const bridge = await open(test, ON_RESULT)
    const { job, bolt11, paymentHash } = await offered(bridge)
    bridge.gateway.failNext(503)
    const paid = payLater(bridge, bolt11)
    await reaches(bridge, job.id, 'fetching')
    expect(bridge.merchant.lookup(paymentHash)?.state).toBe('settled')
    await bridge.customer.result(job.id)
    expect(await paid).toBe('settled')
  })

  it('it is taken, and the credential handed over, where the upstream refuses', async (test) => {
    const bridge = await open(test, ON_RESULT)
    const { customer } = bridge
    const { job, bolt11 } = await offered(bridge)
    bridge.gateway.failNext(404)
    const paid = payLater(bridge, bolt11)
    const { code, event } = await customer.error(job.id)
    expect(code).toBe('upstream-failed')
    expect(customer.open(event)).toMatchObject({ type: 'l402-credential' })
    expect(await paid).toBe('settled')
  })
})
