/** Is a customer who pays our own invoice served, and does the money come back where the upstream cannot be paid? */
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, vi, type TestContext } from 'vitest'
import { refundJob } from '../../src/cli/refund-job.js'
import { loadConfig } from '../../src/config/load.js'
import type { Msat } from '../../src/core/money.js'
import { startLnurl } from '../../src/dev/lnurl.js'
import { startNwcWallet } from '../../src/dev/nwc-wallet.js'
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

async function everythingIn(directory: string): Promise<string> {
  const names = await readdir(directory, { recursive: true, withFileTypes: true })
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  return (await Promise.all(files.map((file) => readFile(file, 'latin1')))).join('\n')
}

/** Pays for a job whose upstream cannot be paid, since no route is found. */
async function payInVain(bridge: Bridge, params: Record<string, string> = {}) {
  const { customer, purse } = bridge
  const job = await customer.publishJob({ path: '/joke', ...params })
  const { bolt11 } = await customer.offer(job.id)
  purse.node.faults.failNext = 'refused'
  await bridge.pay(bolt11)
  return job
}

const owedBy = (bridge: Bridge) => [...bridge.adapters.store.live()].filter(({ state }) => state === 'failed')
const PRICE = 31_000 as Msat

describe.concurrent('where the upstream cannot be paid', () => {
  it('the money is owed, visible and said to be so, where the job names no place for it', async (test) => {
    const bridge = await open(test)
    const job = await payInVain(bridge)
    expect((await bridge.customer.error(job.id)).code).toBe('refund-owed')
    await vi.waitFor(() => expect(owedBy(bridge)).toHaveLength(1))
    expect(bridge.purse.node.payments()).toMatchObject([{ state: 'failed' }])
  })

  it('the whole amount goes back by the invoice that the job names', async (test) => {
    const bridge = await open(test)
    const invoice = await bridge.payer.makeInvoice({ amountMsat: PRICE, description: 'back', expirySeconds: 600 })
    const job = await payInVain(bridge, { refund: invoice.bolt11 })
    expect((await bridge.customer.error(job.id)).code).toBe('upstream-unpayable')
    expect(bridge.payer.lookup(invoice.paymentHash)).toMatchObject({ state: 'settled', amountMsat: PRICE })
    expect(bridge.merchant.incoming().filter(({ state }) => state === 'settled')).toEqual([])
  })

  it('the whole amount goes back to the Lightning address that the job names', async (test) => {
    const bridge = await open(test, { config: { inputs: { allowPrivate: true } } })
    const server = await startLnurl({ node: bridge.payer })
    test.onTestFinished(() => server.stop())
    const job = await payInVain(bridge, { refund: server.address })
    expect((await bridge.customer.error(job.id)).code).toBe('upstream-unpayable')
    expect(bridge.payer.incoming()).toMatchObject([{ state: 'settled', amountMsat: PRICE }])
  })

  it('the whole amount goes back to the wallet that an encrypted job names, and nothing shows which', async (test) => {
    const bridge = await open(test)
    const { customer, payer, relay } = bridge
    const wallet = await startNwcWallet({ node: payer, relayUrl: relay.url, permissions: 'receive' })
    test.onTestFinished(() => wallet.stop())
    const params = { method: 'GET', path: '/joke', refund: wallet.uri }
    const inside = JSON.stringify(Object.entries(params).map(([name, value]) => ['param', name, value]))
    const provider = bridge.adapters.signer.pubkey
    const job = customer.sign({ kind: 5800, tags: [['p', provider], ['encrypted']], content: customer.encrypt(inside) })
    await customer.publish(job)
    const offered = await vi.waitFor(() => {
      const [found] = [...bridge.adapters.store.live()]
      if (found?.state !== 'awaiting') throw new Error('no offer yet')
      return found
    }, 10_000)
    bridge.purse.node.faults.failNext = 'refused'
    await bridge.pay(offered.offer.bolt11)
    await vi.waitFor(() => expect(payer.incoming()).toMatchObject([{ state: 'settled', amountMsat: PRICE }]), 10_000)
    const secret = new URL(wallet.uri).searchParams.get('secret') ?? ''
    expect(JSON.stringify(bridge.log.lines)).not.toContain(secret)
    await bridge.stopDaemon()
    expect(await everythingIn(bridge.stateDirectory)).not.toContain(secret)
  })

  it('a wallet connection in the open is refused before any invoice is shown', async (test) => {
    const { customer } = await open(test)
    const uri = `nostr+walletconnect://${'ab'.repeat(32)}?relay=wss://relay.test&secret=${'12'.repeat(32)}`
    const job = await customer.publishJob({ path: '/joke', refund: uri })
    expect((await customer.error(job.id)).code).toBe('encryption-required')
  })
})

describe.concurrent('what is owed', () => {
  it('goes back where the operator says, and the customer hears the last word, over a restart', async (test) => {
    const bridge = await open(test)
    const job = await payInVain(bridge)
    expect((await bridge.customer.error(job.id)).code).toBe('refund-owed')
    await bridge.restart()
    const invoice = await bridge.payer.makeInvoice({ amountMsat: PRICE, description: 'back', expirySeconds: 600 })
    const config = await loadConfig(bridge.configFile)
    const output = { json: true, data: () => undefined, object: () => undefined, say: () => undefined }
    // Nobody has said where to: the customer would only hear once more that it is owed.
    await expect(refundJob(config, job.id, {}, output)).rejects.toThrow(/--to/)
    await refundJob(config, job.id, { to: invoice.bolt11 }, output)
    expect((await bridge.customer.error(job.id, 2)).code).toBe('upstream-unpayable')
    expect(bridge.payer.lookup(invoice.paymentHash)).toMatchObject({ state: 'settled', amountMsat: PRICE })
    await expect(refundJob(config, job.id, {}, output)).rejects.toThrow(/owed/)
  })
})
