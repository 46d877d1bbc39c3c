/** Is nothing served unpaid, and nothing paid lost, whatever the merchant wallet says, or does not? */
import { randomBytes } from 'node:crypto'
import { describe, expect, it, vi, type TestContext } from 'vitest'
import type { Msat } from '../../src/core/money.js'
import type { NwcBehaviour } from '../../src/dev/nwc-behaviour.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'

/** Stopped with its test: tests run beside each other here, since most of their time is waiting for sweeps. */
async function open({ onTestFinished }: TestContext, options: BridgeOptions = {}): Promise<Bridge> {
  const bridge = await startBridge({ wallet: true, dialect: 'aperture', ...options })
  onTestFinished(() => bridge.stop())
  return bridge
}

const ONE_PAID_JOB = ['payment-required', 'processing', 'result']
async function offered({ customer }: Bridge) {
  const job = await customer.publishJob({ path: '/joke' })
  return { job, offer: await customer.offer(job.id) }
}
const nextSweep = ({ walletService: { counts } }: Bridge) => {
  const before = counts.requests
  return vi.waitFor(() => expect(counts.requests).toBeGreaterThan(before), { timeout: 5_000 })
}

const now = () => Math.floor(Date.now() / 1000)
const everyTransaction =
  (change: (transaction: object) => object): NonNullable<NwcBehaviour['tell']> =>
  (result, method) =>
    method === 'list_transactions'
      ? { transactions: (result as { transactions: object[] }).transactions.map(change) }
      : result

const MISBEHAVIOUR: [string, NwcBehaviour][] = [
  ['refuses', { refuseWith: 'INTERNAL' }],
  ['answers prose', { replies: 'prose' }],
  ['answers what cannot be opened', { replies: 'garbled' }],
  ['answers with nothing', { replies: 'nothing' }],
  ['answers nonsense', { tell: () => ({ transactions: 'many' }) }],
  ['lists garbage', { tell: () => ({ transactions: [null, 7, 'x', {}, { state: 'settled' }] }) }],
  ['settles without a preimage', { tell: everyTransaction(({ ...rest }) => ({ ...rest, preimage: undefined })) }],
  ['settles with a wrong preimage', { tell: everyTransaction((entry) => ({ ...entry, preimage: 'ab'.repeat(32) })) }],
  ['answers late', { replyDelayMs: 400 }],
  ['answers twice', { replies: 'twice' }],
]

describe.concurrent('what the wallet says after the offer', () => {
  it.for(MISBEHAVIOUR)('it %s: a payment is not lost', async ([, behaviour], test) => {
    const bridge = await open(test)
    const { job, offer } = await offered(bridge)
    bridge.walletService.behave({ ...behaviour, notifications: 'dropped' })
    await bridge.pay(offer.bolt11)
    await nextSweep(bridge)
    bridge.walletService.behave({ notifications: 'dropped' })
    await bridge.customer.result(job.id)
    expect(bridge.customer.statuses(job.id)).toEqual(ONE_PAID_JOB)
  })

  it('it lies of a payment that was not made: nothing is served', async (test) => {
    const bridge = await open(test)
    const { job, offer } = await offered(bridge)
    const paymentHash = bridge.hashOf(offer.bolt11)
    const settled = (preimage?: string) => ({
      type: 'incoming',
      state: 'settled',
      payment_hash: paymentHash,
      amount: 21_000,
      invoice: offer.bolt11,
      created_at: now(),
      settled_at: now(),
      ...(preimage === undefined ? {} : { preimage }),
    })
    const lies = [settled(), settled('ab'.repeat(32)), settled(randomBytes(32).toString('hex')), settled('zz')]
    bridge.walletService.behave({
      tell: (_result, method) => (method === 'list_transactions' ? { transactions: lies } : _result),
    })
    // Another payment makes the wallet notify; what it notifies of is ours.
    for (const lie of lies) {
      bridge.walletService.behave({ tell: () => ({ transactions: lies }), tellNotified: () => lie })
      const { paymentHash: other } = await bridge.merchant.makeInvoice({
        amountMsat: offer.amountMsat as Msat,
        description: '',
        expirySeconds: 60,
      })
      bridge.network.settle(other)
    }
    await nextSweep(bridge)
    await bridge.fence()
    expect(bridge.customer.statuses(job.id)).toEqual(['payment-required'])

    bridge.walletService.behave({})
    await bridge.pay(offer.bolt11)
    await bridge.customer.result(job.id)
  })
})

describe.concurrent('a wallet that is not to be had before the offer', () => {
  it('is waited for where it is slow to start', async (test) => {
    const bridge = await open(test, { walletRelay: { delayMs: 150 } })
    await bridge.stopDaemon()
    const job = await bridge.customer.publishJob({ path: '/joke' })
    await bridge.startDaemon()
    await bridge.pay((await bridge.customer.offer(job.id)).bolt11)
    await bridge.customer.result(job.id)
  })

  it('is done without where the gate has a status endpoint', async (test) => {
    const bridge = await open(test, { dialect: 'toll-booth' })
    bridge.walletService.behave({ refuseWith: 'INTERNAL', notifications: 'dropped' })
    const { job, offer } = await offered(bridge)
    await bridge.pay(offer.bolt11)
    await bridge.customer.result(job.id)
  })

  it('is not waited for long where the gate has a status endpoint', async (test) => {
    const bridge = await open(test, { dialect: 'toll-booth' })
    bridge.walletService.behave({ replies: 'never', notifications: 'dropped' })
    const { job, offer } = await offered(bridge)
    await bridge.pay(offer.bolt11)
    await bridge.customer.result(job.id)
  })

  it('is asked again where it is the only way', async (test) => {
    const bridge = await open(test)
    bridge.walletService.behave({ methods: ['lookup_invoice'], refuseWith: 'INTERNAL' })
    const job = await bridge.customer.publishJob({ path: '/joke' })
    await vi.waitFor(() => expect(bridge.log.lines.map(({ event }) => event)).toContain('step failed'), {
      timeout: 5_000,
    })
    bridge.walletService.behave({})
    await bridge.pay((await bridge.customer.offer(job.id)).bolt11)
    await bridge.customer.result(job.id)
  })
})
