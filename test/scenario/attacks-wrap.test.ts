/** What can an upstream, a customer or a wallet that means ill take from a bridge that pays out of its own wallet? */
import { randomBytes } from 'node:crypto'
import { describe, expect, it, vi, type TestContext } from 'vitest'
import type { Msat } from '../../src/core/money.js'
import type { PaymentHash } from '../../src/core/identifiers.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'
import { startOddUpstream, type OddUpstream } from '../support/odd-upstream.js'

async function open({ onTestFinished }: TestContext, options: BridgeOptions = {}): Promise<Bridge> {
  const bridge = await startBridge({ purse: {}, dialect: 'aperture', ...options })
  onTestFinished(() => bridge.stop())
  return bridge
}
const JOKE = { path: '/joke' }
const WRAP = { mode: 'wrap' }

async function offered(bridge: Bridge) {
  const job = await bridge.customer.publishJob(JOKE)
  const { bolt11, amountMsat } = await bridge.customer.offer(job.id)
  return { job, bolt11, amountMsat, paymentHash: bridge.hashOf(bolt11) }
}
const payLater = (bridge: Bridge, bolt11: string): Promise<string> =>
  bridge.payer.pay(bolt11).then(
    () => 'settled',
    () => 'returned',
  )
const stateOf = (bridge: Bridge, jobId: string) => bridge.adapters.store.get(jobId as never)?.state
const reaches = (bridge: Bridge, jobId: string, state: string) =>
  vi.waitFor(() => expect(stateOf(bridge, jobId)).toBe(state), { timeout: 10_000 })
const nothingPaid = ({ purse }: Bridge) => expect(purse.node.payments()).toEqual([])

/** An upstream that shows the invoice that the test makes, and takes any credential. */
async function openOdd(test: TestContext, upstream: object = {}): Promise<{ bridge: Bridge; odd: OddUpstream }> {
  const odd = await startOddUpstream()
  test.onTestFinished(() => odd.stop())
  const bridge = await open(test, { origin: odd.origin, upstream: { ...WRAP, ...upstream } })
  return { bridge, odd }
}
const challengeWith = (odd: OddUpstream, bolt11: () => string) =>
  odd.answer((request, response) => {
    if (request.headers.authorization) return void response.end('{"joke":"paid"}')
    const macaroon = randomBytes(40).toString('base64')
    response.setHeader('www-authenticate', `L402 macaroon="${macaroon}", invoice="${bolt11()}"`)
    response.writeHead(402).end()
  })
const request = { amountMsat: 21_000 as Msat, description: 'a call', expirySeconds: 3_600 }

describe.concurrent('an upstream', () => {
  it('that knows its preimage from the start cannot have us pay for nothing', async (test) => {
    const bridge = await open(test)
    const { job, paymentHash } = await offered(bridge)
    const preimage = bridge.merchant.lookup(paymentHash)?.preimage ?? ''
    await bridge.customer.publish(bridge.customer.proof(job.id, paymentHash, preimage))
    await bridge.fence()
    expect(stateOf(bridge, job.id)).toBe('awaiting')
    nothingPaid(bridge)
  })

  it('that shows one invoice to two jobs is paid for one of them', async (test) => {
    const { bridge, odd } = await openOdd(test)
    const { bolt11 } = await bridge.merchant.makeInvoice(request)
    challengeWith(odd, () => bolt11)
    const [first, second] = [await bridge.customer.publishJob(JOKE), await bridge.customer.publishJob(JOKE)]
    const codes = await vi.waitFor(
      () => {
        const said = [first, second].map(({ id }) => bridge.customer.statuses(id)[0])
        expect(said.sort()).toEqual(['error', 'payment-required'])
        return said
      },
      { timeout: 10_000 },
    )
    expect(codes).toHaveLength(2)
    const shown = bridge.purse.node.incoming()
    expect(shown).toHaveLength(1)
    const winner = bridge.customer.statuses(first.id).includes('payment-required') ? first : second
    const paid = payLater(bridge, shown[0]?.bolt11 ?? '')
    await bridge.customer.result(winner.id)
    expect(await paid).toBe('settled')
  })

  it('whose own hold invoice asks for more blocks than ours leaves is shown to nobody', async (test) => {
    const { bridge, odd } = await openOdd(test)
    const invoices = await Promise.all(
      [289, 2_000].map(async (minCltvDelta) => {
        const paymentHash = randomBytes(32).toString('hex') as PaymentHash
        return (await bridge.merchant.makeInvoice({ ...request, paymentHash, minCltvDelta })).bolt11
      }),
    )
    challengeWith(odd, () => invoices.shift() ?? '')
    for (const _ of [1, 2]) {
      const { id } = await bridge.customer.publishJob(JOKE)
      expect((await bridge.customer.error(id)).code).toBe('no-settlement-path')
    }
    expect(bridge.purse.node.incoming()).toEqual([])
  })

  it('that holds our payment and gives it back near the end leaves nobody poorer', async (test) => {
    const { bridge, odd } = await openOdd(test)
    const paymentHash = randomBytes(32).toString('hex') as PaymentHash
    const { bolt11 } = await bridge.merchant.makeInvoice({ ...request, paymentHash })
    challengeWith(odd, () => bolt11)
    const { job, bolt11: ours } = await offered(bridge)
    const paid = payLater(bridge, ours)
    await vi.waitFor(() => expect(bridge.merchant.lookup(paymentHash)?.state).toBe('accepted'), { timeout: 10_000 })
    const held = bridge.purse.node.lookup(paymentHash)?.settleDeadline ?? 0
    const theirs = (bridge.merchant.lookup(paymentHash) as { settleDeadline: number }).settleDeadline
    // Ours lasts longer than theirs by more than the margin, so that whatever they do we can still settle.
    expect(held - theirs).toBeGreaterThanOrEqual(80)
    bridge.network.mine(theirs - bridge.network.height)
    expect((await bridge.customer.error(job.id)).code).toBe('upstream-unpayable')
    expect(await paid).toBe('returned')
  })

  it('that holds payments has only so many of ours, and no more are shown', async (test) => {
    const { bridge, odd } = await openOdd(test, { wrap: { maxUnderWay: 1 } })
    const hashes = [1, 2].map(() => randomBytes(32).toString('hex') as PaymentHash)
    const invoices = await Promise.all(
      hashes.map(async (paymentHash) => (await bridge.merchant.makeInvoice({ ...request, paymentHash })).bolt11),
    )
    challengeWith(odd, () => invoices.shift() ?? '')
    const first = await offered(bridge)
    void payLater(bridge, first.bolt11)
    await vi.waitFor(() => expect(bridge.merchant.lookup(first.paymentHash)?.state).toBe('accepted'), {
      timeout: 10_000,
    })
    const { id } = await bridge.customer.publishJob(JOKE)
    expect((await bridge.customer.error(id)).code).toBe('at-capacity')
    bridge.network.stop()
  })

  it('that asks again after the payment is not paid again', async (test) => {
    const bridge = await open(test)
    const { job, bolt11 } = await offered(bridge)
    bridge.gateway.failNext(402, { times: 50 })
    const paid = payLater(bridge, bolt11)
    const { code, event } = await bridge.customer.error(job.id)
    expect(code).toBe('credential-refused')
    expect(bridge.customer.open(event)).toMatchObject({ type: 'l402-credential' })
    expect(await paid).toBe('settled')
    expect(bridge.purse.node.payments()).toHaveLength(1)
  })

  it.for(['expiredInvoice', 'amountlessInvoice', 'unknownFeature', 'foreignNetwork', 'tokenOfAnotherHash'] as const)(
    'that shows what is wrong (%s) has no hold invoice made for it',
    async (tampering, test) => {
      const bridge = await open(test)
      bridge.gateway.tamper(tampering)
      const { id } = await bridge.customer.publishJob(JOKE)
      expect(['invoice-invalid', 'challenge-invalid']).toContain((await bridge.customer.error(id)).code)
      expect(bridge.purse.node.incoming()).toEqual([])
    },
  )

  it('that raises its price beyond what the operator allows is shown to nobody', async (test) => {
    const bridge = await open(test, { route: { maxSats: 100 } })
    bridge.gateway.tamper('dearInvoice')
    const { id } = await bridge.customer.publishJob(JOKE)
    expect((await bridge.customer.error(id)).code).toBe('price-exceeds-cap')
    expect(bridge.purse.node.incoming()).toEqual([])
  })
})

describe.concurrent('a customer', () => {
  it('who leaves an invoice unpaid takes no more slots than the upstream has', async (test) => {
    const bridge = await open(test, { upstream: { wrap: { maxHolds: 1 } } })
    await offered(bridge)
    const { id } = await bridge.customer.publishJob(JOKE)
    expect((await bridge.customer.error(id)).code).toBe('at-capacity')
  })
})

describe.concurrent('a wallet', () => {
  it('that notifies of what was not accepted has nothing paid', async (test) => {
    const bridge = await open(test)
    const { job, bolt11, paymentHash } = await offered(bridge)
    const now = Math.floor(Date.now() / 1000)
    const lie = {
      ...{ type: 'incoming', state: 'accepted', payment_hash: paymentHash, amount: 31_000, invoice: bolt11 },
      ...{ created_at: now, settle_deadline: 2_000 },
    }
    bridge.purse.service.behave({ tellNotified: () => lie })
    const other = await bridge.purse.node.makeInvoice(request)
    await bridge.payer.pay(other.bolt11)
    await vi.waitFor(() => expect(bridge.purse.service.counts.notifications).toBeGreaterThan(0))
    await bridge.fence()
    expect(stateOf(bridge, job.id)).toBe('awaiting')
    nothingPaid(bridge)
  })

  it.for([
    ['late', { replyDelayMs: 300 }],
    ['twice', { replies: 'twice' as const }],
    ['with its notifications lost', { notifications: 'dropped' as const }],
    ['strictly', { holds: 'strict' as const }],
    ['with the other side of a hash', { shows: 'outgoing' as const }],
  ] as const)('that answers %s has each job served once', async ([, behaviour], test) => {
    const bridge = await open(test)
    bridge.purse.service.behave(behaviour)
    const { job, bolt11 } = await offered(bridge)
    const paid = payLater(bridge, bolt11)
    await bridge.customer.result(job.id)
    expect(await paid).toBe('settled')
    expect(bridge.purse.node.payments()).toHaveLength(1)
  })

  it.for([
    ['an empty preimage', { preimage: '' }],
    ['a wrong preimage', { preimage: 'ab'.repeat(32) }],
    ['nothing', {}],
  ] as const)('that answers a payment with %s is looked up, and asked for it once', async ([, result], test) => {
    const bridge = await open(test)
    const { job, bolt11 } = await offered(bridge)
    bridge.purse.service.behave({ methods: ['pay_invoice'], tell: () => result })
    const paid = payLater(bridge, bolt11)
    await bridge.customer.result(job.id)
    expect(await paid).toBe('settled')
    expect(bridge.purse.node.payments()).toHaveLength(1)
  })

  it('that forgets to answer for a while loses nothing of what is held', async (test) => {
    const bridge = await open(test)
    const { job, bolt11 } = await offered(bridge)
    bridge.purse.service.behave({ methods: ['settle_hold_invoice', 'list_transactions'], refuseWith: 'INTERNAL' })
    const paid = payLater(bridge, bolt11)
    await reaches(bridge, job.id, 'settling')
    bridge.purse.service.behave({})
    await bridge.customer.result(job.id)
    expect(await paid).toBe('settled')
  })
})
