/** Does the adapter of LNbits step into none of the traps of its interface? */
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Msat } from '../../../src/core/money.js'
import { startLnbits, type LnbitsServiceOptions } from '../../../src/dev/wallets/lnbits.js'
import type { SettledIncoming } from '../../../src/ports.js'
import { createLnbitsWallet } from '../../../src/wallets/lnbits.js'
import { createHttpWalletWorld } from '../../support/http-wallet-world.js'
import { invoiceOf, SOON } from '../../support/wallet-world.js'

const worlds: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop()
})

const FAULT = { name: 'TollbridgeError' }
const start = async (options: Partial<LnbitsServiceOptions> & { readonly kind?: 'adminKey' | 'invoiceKey' } = {}) => {
  const { kind = 'adminKey', ...rest } = options
  const world = await createHttpWalletWorld({
    startService: (node) => startLnbits({ node, ...rest }),
    createWallet: (service, parts) => createLnbitsWallet({ ...parts, url: service.url, key: service[kind] }),
  })
  worlds.push(world)
  await world.wallet.start()
  return world
}

describe('LNbits', () => {
  it.each([true, false])('shows preimages before a payment, which are not taken for one (old: %s)', async (isOld) => {
    const { wallet, node } = await start({ isOld })
    const { paymentHash, preimage } = await invoiceOf(node)
    expect(await wallet.lookupInvoice(paymentHash)).toEqual({ state: 'pending' })
    node.settle(paymentHash)
    expect(await wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'settled', preimage })
  })

  it.each([
    ['paid is no more than true-ish', { paid: 'true' }, 'success'],
    ['paid is said and the payment is pending', { paid: true }, 'pending'],
  ])('has told of no payment where %s', async (_, told, status) => {
    const { wallet, service, node } = await start()
    const { paymentHash, preimage } = await invoiceOf(node)
    const details = { payment_hash: paymentHash, amount: 21_000, status, preimage }
    service.failNext(paymentHash, { status: 200, body: { ...told, preimage, details } })
    expect(await wallet.lookupInvoice(paymentHash)).toEqual({ state: 'pending' })
  })

  it('that does not take the key tells what it tells everybody: nothing of that is believed', async () => {
    const { wallet, service, node } = await start()
    const { paymentHash, preimage } = await invoiceOf(node)
    service.failNext(paymentHash, { status: 200, body: { paid: true, preimage } })
    await expect(wallet.lookupInvoice(paymentHash)).rejects.toMatchObject(FAULT)
  })

  it('lets anybody speak on its WebSocket: what is said is looked up', async () => {
    const { wallet, node, service } = await start()
    const heard: SettledIncoming[] = []
    wallet.onSettled(
      (settled) => heard.push(settled),
      () => undefined,
    )
    const { paymentHash, preimage } = await invoiceOf(node)
    const payment = { payment_hash: paymentHash, preimage, amount: 21_000, status: 'success' }
    service.push({ wallet_balance: 1, payment })
    const paid = await invoiceOf(node)
    node.settle(paid.paymentHash)
    await vi.waitFor(() => expect(heard).toHaveLength(1), SOON)
    expect(heard[0]).toMatchObject({ paymentHash: paid.paymentHash })
  })

  it('makes invoices in whole sats: a part of one is refused', async () => {
    const { wallet } = await start()
    const request = { amountMsat: 999 as Msat, description: '', expirySeconds: 60 }
    await expect(wallet.makeInvoice(request)).rejects.toThrow(/whole sats only/)
  })

  it('of an older version tells nothing but the hash of what it has paid, and is asked', async () => {
    const { wallet, other } = await start({ isOld: true })
    const { bolt11, paymentHash, preimage } = await invoiceOf(other)
    expect(await wallet.payInvoice(bolt11, paymentHash)).toMatchObject({ type: 'paid', preimage })
  })

  it.each([
    ['a preimage while it is pending, as of invoices of its own', 201, 'pending', 'unknown'],
    ['that it failed, and knows nothing of it', 520, 'failed', 'refused'],
    ['that it went wrong, and that it is pending', 520, 'pending', 'unknown'],
    ['that it went wrong, and not how', 520, undefined, 'unknown'],
    ['a fault', 500, undefined, 'unknown'],
    ['that the key may not', 403, undefined, 'refused'],
  ])('that answers a payment with %s', async (_, code, status, expected) => {
    const { wallet, service, other } = await start()
    const { bolt11, paymentHash, preimage } = await invoiceOf(other)
    service.failNext('/api/v1/payments', {
      status: code,
      body: { detail: '', status, ...(code === 201 ? { preimage } : {}) },
    })
    expect((await wallet.payInvoice(bolt11, paymentHash)).type).toBe(expected)
  })

  it('warns of the admin key where it is not needed, and of a server that tells preimages to anybody', async () => {
    const needed = new Set(['lookupInvoice'] as const)
    const careful = await start({ leaks: false })
    await invoiceOf(careful.node)
    expect(await careful.wallet.excessOver(needed)).toEqual(['pay invoices'])
    const leaking = await start({ kind: 'invoiceKey', leaks: true })
    expect(await leaking.wallet.excessOver(needed)).toEqual([])
    await invoiceOf(leaking.node)
    expect((await leaking.wallet.excessOver(needed)).join()).toMatch(/without a key/)
  })

  it('tells the key to nobody: its WebSocket has it in the address', async () => {
    const { wallet, log, service } = await start()
    service.cutOff(true)
    await vi.waitFor(() => expect(log.lines.some(({ level }) => level === 'warn')).toBe(true), SOON)
    const refused: unknown = await wallet.getInfo().catch((error: unknown) => error)
    expect(JSON.stringify([String(refused), log.lines])).not.toContain(service.adminKey)
  })
})
