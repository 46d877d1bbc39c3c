/** Does the adapter of phoenixd step into none of the traps of its interface? */
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Msat } from '../../../src/core/money.js'
import { startPhoenixd, type PhoenixdServiceOptions } from '../../../src/dev/wallets/phoenixd.js'
import type { SettledIncoming } from '../../../src/ports.js'
import { createPhoenixdWallet } from '../../../src/wallets/phoenixd.js'
import { createHttpWalletWorld } from '../../support/http-wallet-world.js'
import { invoiceOf, SOON } from '../../support/wallet-world.js'

const worlds: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop()
})

const FAULT = { name: 'TollbridgeError' }
const start = async (options: Partial<PhoenixdServiceOptions> & { readonly isLimited?: boolean } = {}) => {
  const world = await createHttpWalletWorld({
    startService: (node) => startPhoenixd({ node, ...options }),
    createWallet: ({ url, password, limitedPassword }, parts) =>
      createPhoenixdWallet({ ...parts, url, password: options.isLimited ? limitedPassword : password }),
  })
  worlds.push(world)
  await world.wallet.start()
  return world
}

describe('phoenixd', () => {
  it('shows the preimage of an unpaid invoice, which is not taken for a payment', async () => {
    const { wallet, node, service } = await start()
    const { paymentHash, preimage } = await invoiceOf(node)
    expect(await wallet.lookupInvoice(paymentHash)).toEqual({ state: 'pending' })
    const entry = { paymentHash, preimage, receivedSat: 21, fees: 0, isPaid: 'true' }
    service.failNext('/payments/incoming/', { status: 200, body: entry })
    expect(await wallet.lookupInvoice(paymentHash)).toEqual({ state: 'pending' })
  })

  it('keeps a part for liquidity: what the customer paid is counted, not what arrived', async () => {
    const { wallet, node } = await start({ liquidityFeeMsat: 3_500 })
    const { paymentHash } = await invoiceOf(node, 21_000)
    node.settle(paymentHash)
    expect(await wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'settled', amountMsat: 21_000 })
  })

  it('makes invoices in whole sats: a part of one is refused, and nothing is rounded', async () => {
    const { wallet, service } = await start()
    const request = { description: 'a job', expirySeconds: 60 }
    await expect(wallet.makeInvoice({ ...request, amountMsat: 1_500 as Msat })).rejects.toThrow(/whole sats only/)
    expect(service.requests.join()).not.toContain('createinvoice')
    await wallet.makeInvoice({ ...request, description: 'x'.repeat(500), amountMsat: 2_000 as Msat })
  })

  it.each([
    [
      'a reason, and its look-up says failed',
      200,
      { reason: 'no route' },
      { isPaid: false, completedAt: 5 },
      'refused',
    ],
    ['a reason, and it is still under way', 200, { reason: 'odd' }, { isPaid: false }, 'unknown'],
    ['a reason, and nothing is known of it', 200, { reason: 'no channel' }, null, 'refused'],
    ['another preimage', 200, { paymentPreimage: 'ab'.repeat(32) }, null, 'unknown'],
    ['nonsense', 200, [], null, 'unknown'],
    ['a fault', 500, 'boom', null, 'unknown'],
    ['a page of a proxy', 502, '<html>', null, 'unknown'],
    ['that the password may not', 401, 'Invalid authentication', null, 'refused'],
  ])('that answers a payment with %s', async (_, status, body, seen, expected) => {
    const { wallet, service, other } = await start()
    const { bolt11, paymentHash } = await invoiceOf(other)
    service.failNext('/payinvoice', { status, body })
    if (seen) service.failNext('outgoingbyhash', { status: 200, body: { paymentHash, ...seen } })
    expect((await wallet.payInvoice(bolt11, paymentHash)).type).toBe(expected)
  })

  it('of a version that cannot look payments up by their hash does not pay: each would seem never to have been tried', async () => {
    const { wallet, other } = await start({ isOld: true })
    expect(wallet.methods).not.toContain('payInvoice')
    const { paymentHash } = await invoiceOf(other)
    await expect(wallet.lookupPayment(paymentHash)).rejects.toMatchObject(FAULT)
  })

  it('pushes no preimage: what it says is looked up, and what is made up is not believed', async () => {
    const { wallet, node, service } = await start()
    const heard: SettledIncoming[] = []
    wallet.onSettled(
      (settled) => heard.push(settled),
      () => undefined,
    )
    const unpaid = await invoiceOf(node)
    service.push({ type: 'payment_received', amountSat: 21, paymentHash: unpaid.paymentHash })
    const paid = await invoiceOf(node)
    node.settle(paid.paymentHash)
    await vi.waitFor(() => expect(heard).toHaveLength(1), SOON)
    expect(heard[0]).toMatchObject({ paymentHash: paid.paymentHash, preimage: paid.preimage })
  })

  it('with full access is said to do more than is needed, and with limited access not', async () => {
    const needed = new Set(['lookupInvoice'] as const)
    expect(await (await start()).wallet.excessOver(needed)).toHaveLength(1)
    expect(await (await start({ isLimited: true })).wallet.excessOver(needed)).toEqual([])
  })

  it('tells the password to nobody but itself', async () => {
    const { wallet, log, service } = await start()
    service.failNext('/getinfo', { status: 401, body: 'Invalid authentication' })
    const refused: unknown = await wallet.getInfo().catch((error: unknown) => error)
    const text = JSON.stringify([String(refused), log.lines])
    expect(text).not.toContain(service.password)
    expect(text).not.toContain(Buffer.from(`:${service.password}`).toString('base64'))
  })
})
