/** What does the LND adapter make of a node that fails, lies or says nothing? */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { PaymentHash } from '../../../src/core/identifiers.js'
import type { Msat } from '../../../src/core/money.js'
import { createCertificate } from '../../../src/dev/wallets/certificate.js'
import { createLndMacaroons } from '../../../src/dev/wallets/lnd-macaroons.js'
import { createLndWallet } from '../../../src/wallets/lnd.js'
import { createLndWorld, createTlsWorld, NEEDED, type LndWorld } from '../../support/lnd-world.js'
import { createReadableLog, systemClock } from '../../support/pool-fixture.js'

const UNKNOWN = 'ab'.repeat(32) as PaymentHash
const terms = { amountMsat: 21_000 as Msat, description: 'a job', expirySeconds: 600 }
const error = (code: number, message: string) => JSON.stringify({ error: { code, message, details: [] } })

let world: LndWorld
beforeEach(async () => {
  world = await createLndWorld()
  await world.wallet.start()
})
afterEach(() => world.stop())

describe('a payment is', () => {
  const pay = async () => {
    const { bolt11, paymentHash } = await world.other.makeInvoice(terms)
    return world.wallet.payInvoice(bolt11, paymentHash)
  }

  it.each([
    ['a 5xx of somebody between', { status: 502, text: '<html>bad gateway</html>' }],
    ['an empty answer', { status: 200, text: '' }],
    ['nonsense', { status: 200, text: '{"result":{"status":"SUCCEEDED"}}\n' }],
    ['a line that is cut', { status: 200, text: '{"result":{"payment_hash":"' }],
    ['a connection that was lost on the way', { status: 503, text: error(14, 'unavailable') }],
    ['an earlier payment that is under way', { status: 409, text: error(6, 'payment is in transition') }],
  ])('unknown after %s', async (_, fault) => {
    world.lnd.failNext('/v2/router/send', fault)
    expect((await pay()).type).toBe('unknown')
  })

  it.each(['hangUp', 'doneThenHangUp'] as const)('unknown after %s', async (fault) => {
    world.lnd.failNext('/v2/router/send', fault)
    expect((await pay()).type).toBe('unknown')
  })

  it('unknown where it failed for no reason', async () => {
    const { bolt11, paymentHash } = await world.other.makeInvoice(terms)
    const result = { payment_hash: paymentHash, status: 'FAILED', failure_reason: 'FAILURE_REASON_NONE', htlcs: [] }
    world.lnd.failNext('/v2/router/send', { status: 200, text: JSON.stringify({ result }) })
    expect((await world.wallet.payInvoice(bolt11, paymentHash)).type).toBe('unknown')
  })

  it('unknown where it is called failed while a part is under way', async () => {
    const { bolt11, paymentHash } = await world.other.makeInvoice(terms)
    const htlcs = [{ status: 'IN_FLIGHT' }]
    const result = { payment_hash: paymentHash, status: 'FAILED', failure_reason: 'FAILURE_REASON_TIMEOUT', htlcs }
    const text = JSON.stringify({ result })
    world.lnd.failNext('/v2/router/send', { status: 200, text })
    expect((await world.wallet.payInvoice(bolt11, paymentHash)).type).toBe('unknown')
    world.lnd.failNext('/v2/router/track', { status: 200, text })
    expect(await world.wallet.lookupPayment(paymentHash)).toEqual({ state: 'pending' })
  })

  it('refused after an error of LND itself that left no trace, and unknown where it cannot be looked up', async () => {
    world.lnd.failNext('/v2/router/send', { status: 500, text: error(2, 'cltv limit should be greater') })
    expect((await pay()).type).toBe('refused')
    world.lnd.failNext('/v2/router/send', { status: 500, text: error(2, 'cltv limit should be greater') })
    world.lnd.failNext('/v2/router/track', 'hangUp')
    expect((await pay()).type).toBe('unknown')
  })

  it('refused where permission is denied, and where nobody listens', async () => {
    world.lnd.failNext('/v2/router/send', { status: 500, text: error(2, 'permission denied') })
    expect((await pay()).type).toBe('refused')
    await world.lnd.stop()
    expect((await pay()).type).toBe('refused')
  })

  it('not even tried without a delay, nor for another hash, nor without an amount', async () => {
    const { bolt11, paymentHash } = await world.other.makeInvoice(terms)
    const limits = { maxFeeMsat: 0 as Msat, maxDelayBlocks: 0 }
    expect((await world.wallet.payInvoice(bolt11, paymentHash, limits)).type).toBe('refused')
    expect((await world.wallet.payInvoice(bolt11, UNKNOWN)).type).toBe('refused')
    const open = await world.other.makeInvoice({ ...terms, amountMsat: null })
    expect((await world.wallet.payInvoice(open.bolt11, open.paymentHash)).type).toBe('refused')
    expect(world.lnd.requests.filter((one) => one.includes('router/send'))).toEqual([])
  })
})

describe('a look-up', () => {
  it('does not take the preimage of an open invoice for a payment', async () => {
    const { paymentHash } = await world.node.makeInvoice(terms)
    expect(await world.wallet.lookupInvoice(paymentHash)).toEqual({ state: 'pending' })
  })

  it.each([
    ['an answer that is cut', 'hangUp' as const],
    ['a start-up', { status: 500, text: '{"code":2,"message":"the RPC server is in the process of starting up"}' }],
    ['what is no JSON', { status: 200, text: 'ok' }],
    ['a state that nobody knows', { status: 200, text: '{"r_hash":"","state":"PAID"}' }],
    ['a list', { status: 200, text: '[]' }],
    ['a 404 of somebody between', { status: 404, text: 'not found' }],
  ])('throws on %s, and calls nothing not_found', async (_, fault) => {
    world.lnd.failNext('/v1/invoice', fault)
    await expect(world.wallet.lookupInvoice(UNKNOWN)).rejects.toMatchObject({ name: 'TollbridgeError' })
    world.lnd.failNext('/v2/router/track', fault)
    await expect(world.wallet.lookupPayment(UNKNOWN)).rejects.toMatchObject({ name: 'TollbridgeError' })
  })

  it('takes the earliest end of the parts that were accepted for the deadline, and counts no others', async () => {
    const part = (amount: string, height: number, state = 'ACCEPTED') => ({
      amt_msat: amount,
      expiry_height: height,
      state,
    })
    const body = {
      r_hash: Buffer.from(UNKNOWN, 'hex').toString('base64'),
      value_msat: '5000',
      creation_date: '1',
      expiry: '60',
      payment_request: '',
      state: 'ACCEPTED',
      htlcs: [part('2000', 950), part('3000', 940), part('9000', 900, 'CANCELED')],
    }
    world.lnd.failNext('/v1/invoice', { status: 200, text: JSON.stringify(body) })
    const seen = await world.wallet.lookupInvoice(UNKNOWN)
    expect(seen).toEqual({ state: 'accepted', amountMsat: 5_000, settleDeadline: 940 })
  })
})

describe('a hold invoice', () => {
  const hold = { ...terms, paymentHash: UNKNOWN, minCltvDelta: 120 }

  it('that was made, and whose answer was lost, is given again', async () => {
    world.lnd.failNext('/v2/invoices/hodl', 'doneThenHangUp')
    await expect(world.wallet.makeHoldInvoice(hold)).rejects.toMatchObject({ name: 'TollbridgeError' })
    expect((await world.wallet.makeHoldInvoice(hold)).type).toBe('made')
    expect((await world.wallet.makeHoldInvoice({ ...hold, amountMsat: 22_000 as Msat })).type).toBe('taken')
  })

  it('of another amount or hash than was asked for is shown to nobody', async () => {
    const { bolt11 } = await world.other.makeInvoice(terms)
    world.lnd.failNext('/v2/invoices/hodl', { status: 200, text: JSON.stringify({ payment_request: bolt11 }) })
    await expect(world.wallet.makeHoldInvoice(hold)).rejects.toThrow('another payment hash')
  })

  it('of the payee itself on this very node is taken', async () => {
    const { paymentHash } = await world.node.makeInvoice(terms)
    expect(await world.wallet.makeHoldInvoice({ ...hold, paymentHash })).toEqual({ type: 'taken' })
  })
})

describe('a start', () => {
  const walletOf = (url: string, macaroon: string, certificate?: string) =>
    createLndWallet({
      name: 'till',
      url,
      macaroon,
      ...(certificate === undefined ? {} : { certificate }),
      clock: systemClock,
      log: createReadableLog(),
      network: 'regtest',
    })

  it('fails with a macaroon of another node, and says nothing of it', async () => {
    const macaroon = createLndMacaroons().bake(NEEDED)
    const wallet = walletOf(world.lnd.url, macaroon)
    const fault: unknown = await wallet.start().catch((caught: unknown) => caught)
    expect(fault).toMatchObject({ code: 'wallet-unusable', message: expect.stringContaining('macaroon') as string })
    expect(String(fault)).not.toContain(macaroon)
    await wallet.stop()
  })

  it('fails on another network than is expected', async () => {
    const main = await createLndWorld({ lnd: { network: 'mainnet' }, wallet: { network: 'regtest' } })
    await expect(main.wallet.start()).rejects.toThrow('it is on mainnet, and regtest is expected')
    await main.stop()
  })

  it('fails with another certificate than the node shows', async () => {
    const tls = await createTlsWorld()
    const wallet = walletOf(tls.lnd.url, tls.lnd.adminMacaroon, createCertificate().cert)
    await expect(wallet.start()).rejects.toThrow('certificate')
    await wallet.stop()
    await tls.stop()
  })

  it('promises what the macaroon allows, by permissions or by the names of calls', async () => {
    const reader = walletOf(world.lnd.url, world.lnd.bake(['invoices:read']))
    await reader.start()
    expect([...reader.methods].sort()).toEqual(['listIncoming', 'lookupInvoice', 'onAccepted', 'onSettled'])
    const single = walletOf(world.lnd.url, world.lnd.bake(['uri:/lnrpc.Lightning/LookupInvoice']))
    await single.start()
    expect([...single.methods]).toEqual(['lookupInvoice'])
    await Promise.all([reader.stop(), single.stop()])
  })

  it('is told what the macaroon may do beyond what it is needed for', async () => {
    const till = new Set(['getInfo', 'lookupInvoice', 'listIncoming', 'onSettled'] as const)
    const said = async (macaroon: string) => walletOf(world.lnd.url, macaroon).excessOver(till)
    expect(await said(world.lnd.bake(['invoices:read', 'info:read', 'offchain:read']))).toEqual([])
    expect(await said(world.lnd.bake(NEEDED))).toHaveLength(2)
    const ofAdmin = await said(world.lnd.adminMacaroon)
    expect(ofAdmin.join('\n')).toMatch(/offchain:write[^]*onchain:write[^]*macaroon:generate/)
    expect(await said('0201')).toEqual([])
  })
})
