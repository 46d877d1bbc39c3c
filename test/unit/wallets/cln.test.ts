/** Does the adapter of Core Lightning step into none of the traps of its interface? */
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { PaymentHash } from '../../../src/core/identifiers.js'
import type { Msat } from '../../../src/core/money.js'
import { startCln, type ClnServiceOptions } from '../../../src/dev/wallets/cln.js'
import { createClnWallet } from '../../../src/wallets/cln.js'
import { createHttpWalletWorld } from '../../support/http-wallet-world.js'
import { holdRequest, invoiceOf, makeHold, SOON } from '../../support/wallet-world.js'

const start = async (options: Partial<ClnServiceOptions> = {}, rune?: string) => {
  const world = await createHttpWalletWorld({
    startService: (node, other) => startCln({ node, peers: [other.id], ...options }),
    createWallet: (service, parts) => createClnWallet({ ...parts, url: service.url, rune: rune ?? service.rune }),
  })
  worlds.push(world)
  return world
}
const worlds: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop()
})

const OTHER_RUNE = Buffer.concat([Buffer.alloc(32, 7), Buffer.from('=0')]).toString('base64url')
const FAULT = { name: 'TollbridgeError' }
const started = async (options: Partial<ClnServiceOptions> = {}) => {
  const world = await start(options)
  await world.wallet.start()
  return world
}

describe('clnrest', () => {
  it('is asked by POST alone: what GET tells of is every invoice, the first one first', async () => {
    const { wallet, service, node } = await started()
    const first = await invoiceOf(node)
    node.settle(first.paymentHash)
    const { paymentHash } = await invoiceOf(node)
    expect(await wallet.lookupInvoice(paymentHash)).toEqual({ state: 'pending' })
    expect(service.requests.filter((line) => !line.startsWith('POST /v1/'))).toEqual([])
    expect(service.requests).toContain('POST /v1/listinvoices 201')
  })

  it('is believed about the invoice that was asked for only, though another comes first', async () => {
    const { wallet, service, node } = await started()
    const paid = await invoiceOf(node)
    node.settle(paid.paymentHash)
    const { paymentHash } = await invoiceOf(node)
    const entry = {
      payment_hash: paid.paymentHash,
      status: 'paid',
      payment_preimage: paid.preimage,
      amount_received_msat: 1,
    }
    service.failNext('listinvoices', {
      status: 201,
      body: { invoices: [entry, { payment_hash: paymentHash, status: 'unpaid' }] },
    })
    expect(await wallet.lookupInvoice(paymentHash)).toEqual({ state: 'pending' })
    service.failNext('listinvoices', { status: 201, body: { invoices: [entry] } })
    await expect(wallet.lookupInvoice(paymentHash)).rejects.toMatchObject(FAULT)
  })

  it('shows a preimage that counts for nothing while the invoice is unpaid', async () => {
    const { wallet, service, node } = await started()
    const { paymentHash, preimage } = await invoiceOf(node)
    const entry = { payment_hash: paymentHash, status: 'unpaid', payment_preimage: preimage }
    service.failNext('listinvoices', { status: 201, body: { invoices: [entry] } })
    expect(await wallet.lookupInvoice(paymentHash)).toEqual({ state: 'pending' })
  })

  it.each([
    ['a missing rune', 403, { code: 1501, message: 'Not authorized: Missing rune' }],
    ['a rune that it does not know', 401, { code: 1501, message: 'Not authorized: Not derived from master' }],
    ['an unknown command', 404, { code: -32601, message: 'Unknown command' }],
    ['an error of the node', 500, { code: -1, message: 'lightningd is down' }],
    ['a page of a proxy', 502, '<html>Bad Gateway</html>'],
    ['a success that is no JSON', 201, 'ok'],
    ['a success without a list', 201, {}],
  ])('that answers with %s has told nothing of an invoice', async (_, status, body) => {
    const { wallet, service, node } = await started()
    const { paymentHash } = await invoiceOf(node)
    service.failNext('listinvoices', { status, body })
    await expect(wallet.lookupInvoice(paymentHash)).rejects.toMatchObject(FAULT)
    expect(await wallet.lookupInvoice(paymentHash)).toEqual({ state: 'pending' })
  })

  it('refuses a foreign rune at the start, and nobody is told the rune', async () => {
    const { wallet, log } = await start({}, OTHER_RUNE)
    const refused: unknown = await wallet.start().catch((error: unknown) => error)
    expect(String(refused)).toMatch(/refuses its rune/)
    expect(JSON.stringify([String(refused), log.lines])).not.toContain(OTHER_RUNE)
  })
})

describe('a rune', () => {
  it('of least privilege promises what it allows, and is called excessive in nothing', async () => {
    const { wallet } = await started({ restrictions: ['method=listinvoices|method=waitanyinvoice|method=getinfo'] })
    expect([...wallet.methods].sort()).toEqual(['getInfo', 'listIncoming', 'lookupInvoice', 'onSettled'])
    expect(await wallet.excessOver(wallet.methods)).toEqual([])
  })

  it('that allows everything is said to', async () => {
    const { wallet } = await started()
    expect(await wallet.excessOver(new Set(['lookupInvoice']))).toEqual(['do everything that the node can'])
  })

  it('that can pay and need not is said to', async () => {
    const { wallet } = await started({ restrictions: ['method^list|method=getinfo|method=xpay|method=createrune'] })
    const excess = await wallet.excessOver(new Set(['getInfo', 'lookupInvoice']))
    expect(excess).toEqual(['pay invoices', 'make other runes'])
  })

  it('that does not allow getinfo is enough to look up', async () => {
    const { wallet, node } = await started({ restrictions: ['method=listinvoices'] })
    expect([...wallet.methods].sort()).toEqual(['listIncoming', 'lookupInvoice'])
    const { paymentHash } = await invoiceOf(node)
    expect(await wallet.lookupInvoice(paymentHash)).toEqual({ state: 'pending' })
  })
})

describe('a payment', () => {
  const pay = async (status: number, body: unknown, listed: unknown[] | null = null) => {
    const { wallet, service, other } = await started()
    const { bolt11, paymentHash } = await invoiceOf(other)
    service.failNext('xpay', { status, body })
    if (listed) {
      const pays = listed.map((entry) => ({ payment_hash: paymentHash, ...(entry as object) }))
      service.failNext('listpays', { status: 201, body: { pays } })
    }
    return { outcome: await wallet.payInvoice(bolt11, paymentHash), service, wallet, paymentHash }
  }

  it.each([
    ['there is no route and nothing was tried', 500, { code: 205, message: '' }, [], 'refused'],
    [
      'each attempt has failed',
      500,
      { code: 203, message: '' },
      [{ status: 'failed' }, { status: 'failed' }],
      'refused',
    ],
    [
      'a part is still under way',
      500,
      { code: 203, message: '' },
      [{ status: 'failed' }, { status: 'pending' }],
      'unknown',
    ],
    ['the code says nothing of it', 500, { code: -1, message: '' }, [], 'unknown'],
    ['the answer has no code', 500, { message: 'oops' }, null, 'unknown'],
    ['a proxy has answered', 504, 'Gateway Timeout', null, 'unknown'],
    ['it is complete without a preimage', 201, { amount_msat: 1 }, null, 'unknown'],
    ['it is complete with another preimage', 201, { payment_preimage: 'ab'.repeat(32) }, null, 'unknown'],
    ['the rune may not', 401, { code: 1502, message: '' }, null, 'refused'],
  ] as const)('where %s', async (_, status, body, listed, expected) => {
    const { outcome } = await pay(status, body, listed === null ? null : [...listed])
    expect(outcome.type).toBe(expected)
  })

  it('is made once, by pay, where xpay cannot hold to a limit of time', async () => {
    const { wallet, service, other } = await started()
    const { bolt11, paymentHash, preimage } = await invoiceOf(other)
    service.failNext('xpay', { status: 500, body: { code: -32602, message: 'unknown parameter: maxdelay' } })
    const limits = { maxFeeMsat: 0 as Msat, maxDelayBlocks: 500 }
    expect(await wallet.payInvoice(bolt11, paymentHash, limits)).toMatchObject({ type: 'paid', preimage })
    expect(service.requests.filter((line) => /pay /.test(line))).toEqual(['POST /v1/xpay 500', 'POST /v1/pay 201'])
  })

  it('of several attempts is settled where any is, and pending where any may still be', async () => {
    const { wallet, service, other } = await started()
    const { paymentHash, preimage } = await invoiceOf(other)
    const look = (...states: object[]) => {
      const pays = states.map((entry) => ({ payment_hash: paymentHash, ...entry }))
      service.failNext('listpays', { status: 201, body: { pays } })
      return wallet.lookupPayment(paymentHash)
    }
    const complete = { status: 'complete', preimage, amount_msat: '1000msat', amount_sent_msat: '1500msat' }
    expect(await look({ status: 'failed' }, complete, { status: 'failed' })).toEqual({
      state: 'settled',
      preimage,
      feesMsat: 500,
    })
    expect(await look({ status: 'failed' }, { status: 'pending' })).toEqual({ state: 'pending' })
    expect(await look({ status: 'failed' }, { status: 'some day' })).toEqual({ state: 'pending' })
    expect(await look({ status: 'failed' })).toEqual({ state: 'failed' })
    expect(await look()).toEqual({ state: 'not_found' })
  })
})

describe('the hold plugin', () => {
  it('is not asked to hold on a hash on which the node has an invoice of its own', async () => {
    const { wallet, service, node } = await started()
    const { paymentHash } = await invoiceOf(node)
    expect(await wallet.makeHoldInvoice({ ...holdRequest(), paymentHash })).toEqual({ type: 'taken' })
    expect(service.requests.join()).not.toContain('/v1/holdinvoice')
  })

  it('has its invoice checked: one of another amount or hash is not shown to anybody', async () => {
    const { wallet, service, node } = await started()
    const { bolt11 } = await invoiceOf(node, 21_000)
    service.failNext('/holdinvoice', { status: 201, body: { bolt11 } })
    await expect(wallet.makeHoldInvoice(holdRequest({ amountMsat: 22_000 as Msat }))).rejects.toMatchObject(FAULT)
    service.failNext('/holdinvoice', { status: 201, body: { bolt11 } })
    await expect(wallet.makeHoldInvoice(holdRequest({ amountMsat: 21_000 as Msat }))).rejects.toMatchObject(FAULT)
  })

  it('tells of parts: those sent back do not count, and the first to expire sets the deadline, less what the plugin keeps', async () => {
    const { wallet, service } = await started()
    const request = holdRequest()
    const invoice = await makeHold(wallet, request)
    const part = (state: string, msat: number, expiry: number | null) => ({ state, msat, cltv_expiry: expiry })
    const tell = (...htlcs: object[]) => {
      const entry = { payment_hash: request.paymentHash, invoice, state: 'accepted', htlcs }
      service.failNext('listholdinvoices', { status: 201, body: { holdinvoices: [entry] } })
      return wallet.lookupInvoice(request.paymentHash)
    }
    const parts = [part('accepted', 10_000, 950), part('accepted', 11_000, 940), part('cancelled', 5_000, 900)]
    expect(await tell(...parts)).toEqual({ state: 'accepted', amountMsat: 21_000, settleDeadline: 937 })
    expect(await tell(part('accepted', 21_000, null))).toMatchObject({ settleDeadline: null })
    await expect(tell()).rejects.toMatchObject(FAULT)
  })

  it('is never given a preimage of another hash, which would settle that', async () => {
    const { wallet, service } = await started()
    const [ours, theirs] = [holdRequest(), holdRequest()]
    await expect(wallet.settleHoldInvoice(theirs.preimage, ours.paymentHash)).rejects.toMatchObject(FAULT)
    expect(service.requests.join()).not.toContain('settleholdinvoice')
  })

  it('is not believed to have settled or cancelled what it has not said', async () => {
    const { wallet, service, other } = await started()
    const request = holdRequest()
    const bolt11 = await makeHold(wallet, request)
    void other.pay(bolt11).catch(() => undefined)
    await vi.waitFor(async () => expect((await wallet.lookupInvoice(request.paymentHash)).state).toBe('accepted'), SOON)
    service.failNext('settleholdinvoice', 'hangUp')
    await expect(wallet.settleHoldInvoice(request.preimage, request.paymentHash)).rejects.toMatchObject(FAULT)
    service.failNext('settleholdinvoice', 'doneThenHangUp')
    await expect(wallet.settleHoldInvoice(request.preimage, request.paymentHash)).rejects.toMatchObject(FAULT)
    await wallet.settleHoldInvoice(request.preimage, request.paymentHash)
    await expect(wallet.cancelHoldInvoice(request.paymentHash)).rejects.toMatchObject(FAULT)
  })
})

describe('the wait for the next payment', () => {
  it('goes on from the last number after a break, so that what was paid meanwhile is told', async () => {
    const world = await started()
    const { wallet, node } = world
    const heard: PaymentHash[] = []
    wallet.onSettled(
      ({ paymentHash }) => heard.push(paymentHash),
      () => undefined,
    )
    const settled: PaymentHash[] = []
    await world.interrupt?.(async () => {
      for (let i = 0; i < 3; i++) {
        const { paymentHash } = await invoiceOf(node)
        node.settle(paymentHash)
        settled.push(paymentHash)
      }
    })
    await vi.waitFor(() => expect(heard).toEqual(settled), SOON)
  })

  it('is not repeated without a pause where the node does not wait', async () => {
    const { service, wallet } = await start()
    const nothingYet = { status: 500, body: { code: 904, message: 'Timed out' } }
    for (let i = 0; i < 500; i++) service.failNext('waitanyinvoice', nothingYet)
    await wallet.start()
    const waits = (): number => service.requests.filter((line) => line.includes('waitanyinvoice')).length
    await vi.waitFor(() => expect(waits()).toBeGreaterThanOrEqual(2), SOON)
    expect(waits()).toBeLessThan(10)
  })
})
