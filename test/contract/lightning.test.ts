/** Do both Lightning worlds keep the promises of the node interface? */
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PaymentHash } from '../../src/core/identifiers.js'
import { msatFromSats, type Msat } from '../../src/core/money.js'
import { sha256Hex } from '../../src/dev/lightning/ledger.js'
import { createLdkPair, ldkAvailable } from '../../src/dev/lightning/ldk.js'
import type { IncomingPayment, LightningNode, OutgoingPayment } from '../../src/dev/lightning/node.js'
import { decodeInvoice, signInvoice } from '../../src/dev/lightning/sign-invoice.js'
import { createSimulatedNetwork } from '../../src/dev/lightning/simulated.js'

interface World {
  readonly alice: LightningNode
  readonly bob: LightningNode
  stop(): void
}

const worlds: Record<string, () => Promise<World>> = {
  'two LDK nodes with a channel': createLdkPair,
  'a simulated network': async () => {
    const network = createSimulatedNetwork()
    return { alice: network.createNode(), bob: network.createNode(), stop: () => network.stop() }
  },
}

const invoice = (sats: number | null, expirySeconds = 600) => ({
  amountMsat: sats === null ? null : msatFromSats(sats),
  description: 'one call',
  expirySeconds,
})
const fault = (code: 'refused' | 'unknown'): unknown => expect.objectContaining({ name: 'PaymentFault', code })
const randomHash = () => randomBytes(32).toString('hex') as PaymentHash

it('finds LDK, a development dependency, installed', async () => {
  expect(await ldkAvailable()).toBe(true)
})

describe.each(Object.entries(worlds))('%s', (_name, create) => {
  let world: World
  let alice: LightningNode
  let bob: LightningNode

  beforeAll(async () => {
    world = await create()
    ;({ alice, bob } = world)
  })
  afterAll(() => world.stop())

  it('says whose node is whose', () => {
    expect(alice.id).toMatch(/^0[23][0-9a-f]{64}$/)
    expect(bob.id).not.toBe(alice.id)
    expect(alice.network).toBe('regtest')
  })

  it('signs regtest invoices from which payee, hash, amount and expiry can be read', async () => {
    const made = await bob.makeInvoice(invoice(21, 777))
    const read = decodeInvoice(made.bolt11)
    expect(read).toMatchObject({
      payee: bob.id,
      paymentHash: made.paymentHash,
      amountMsat: 21_000,
      prefix: 'bcrt',
    })
    expect(Math.abs(read.expiresAt - (Date.now() + 777_000))).toBeLessThan(3_000)
    expect(sha256Hex(made.preimage ?? '')).toBe(made.paymentHash)
    expect(bob.lookup(made.paymentHash)).toMatchObject({ state: 'pending', amountMsat: 21_000, bolt11: made.bolt11 })
    expect(alice.lookup(made.paymentHash)).toBeUndefined()
  })

  it('carries a payment in either direction, and both books agree', async () => {
    for (const [payer, payee] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      const { bolt11, paymentHash, preimage } = await payee.makeInvoice(invoice(1000))
      const receipt = await payer.pay(bolt11)
      expect(receipt).toEqual({ preimage, feesMsat: 0 })
      expect(payer.outgoing(paymentHash)).toMatchObject({ state: 'settled', preimage, amountMsat: 1_000_000 })
      expect(payee.outgoing(paymentHash)).toBeUndefined()
      expect(payee.lookup(paymentHash)).toMatchObject({ state: 'settled', preimage, amountMsat: 1_000_000 })
      expect(payee.lookup(paymentHash)?.settledAt).toBeGreaterThan(Date.now() - 10_000)
    }
  })

  it('tells its listeners once of what was received and of what was sent, until they stop listening', async () => {
    const received: IncomingPayment[] = []
    const sent: OutgoingPayment[] = []
    const stops = [bob.onSettled((payment) => received.push(payment)), alice.onSent((payment) => sent.push(payment))]
    const first = await bob.makeInvoice(invoice(7))
    await alice.pay(first.bolt11)
    for (const stop of stops) stop()
    await alice.pay((await bob.makeInvoice(invoice(8))).bolt11)
    expect(received.map((payment) => [payment.paymentHash, payment.state])).toEqual([[first.paymentHash, 'settled']])
    expect(sent.map((payment) => [payment.paymentHash, payment.preimage])).toEqual([
      [first.paymentHash, first.preimage],
    ])
  })

  it('lists invoices and payments newest first', async () => {
    const older = await bob.makeInvoice(invoice(1))
    const newer = await bob.makeInvoice(invoice(2))
    await alice.pay(newer.bolt11)
    await alice.pay(older.bolt11)
    expect(
      bob
        .incoming()
        .slice(0, 2)
        .map((payment) => payment.bolt11),
    ).toEqual([newer.bolt11, older.bolt11])
    expect(
      alice
        .payments()
        .slice(0, 2)
        .map((payment) => payment.bolt11),
    ).toEqual([older.bolt11, newer.bolt11])
  })

  it('pays an invoice without an amount only when told how much', async () => {
    const { bolt11, paymentHash } = await bob.makeInvoice(invoice(null))
    await expect(alice.pay(bolt11)).rejects.toEqual(fault('refused'))
    await alice.pay(bolt11, 5_000 as Msat)
    expect(bob.lookup(paymentHash)).toMatchObject({ state: 'settled', amountMsat: 5_000 })
  })

  it('refuses to pay an invoice twice', async () => {
    const { bolt11 } = await bob.makeInvoice(invoice(3))
    await alice.pay(bolt11)
    await expect(alice.pay(bolt11)).rejects.toEqual(fault('refused'))
  })

  it('refuses an expired invoice, and calls it expired', async () => {
    const { bolt11, paymentHash } = await bob.makeInvoice(invoice(3, 1))
    await expect.poll(() => bob.lookup(paymentHash)?.state, { timeout: 5_000 }).toBe('expired')
    await expect.poll(() => decodeInvoice(bolt11).expiresAt <= Date.now()).toBe(true)
    await expect(alice.pay(bolt11)).rejects.toEqual(fault('refused'))
  })

  it('refuses what is no invoice, what is for another network, and what nobody can be reached for', async () => {
    const terms = {
      paymentHash: randomHash(),
      paymentSecret: randomHash(),
      amountMsat: msatFromSats(5),
      description: '',
      timestamp: Math.floor(Date.now() / 1000),
      expirySeconds: 60,
    }
    const mainnet = signInvoice({ ...terms, prefix: 'bc' }, randomBytes(32))
    const stranger = signInvoice({ ...terms, prefix: 'bcrt' }, randomBytes(32))
    for (const bad of ['lnbcrt1nonsense', mainnet, stranger]) {
      await expect(alice.pay(bad)).rejects.toEqual(fault('refused'))
    }
  })

  it('refuses a payment beyond what it has, and can still pay afterwards', async () => {
    const { bolt11 } = await bob.makeInvoice(invoice(2_000_000_000))
    await expect(alice.pay(bolt11)).rejects.toEqual(fault('refused'))
    await alice.pay((await bob.makeInvoice(invoice(4))).bolt11)
  })

  it('carries a hundred payments at a time', async () => {
    const invoices = await Promise.all(Array.from({ length: 100 }, () => bob.makeInvoice(invoice(21))))
    const receipts = await Promise.all(invoices.map(({ bolt11 }) => alice.pay(bolt11)))
    expect(receipts.map((receipt) => receipt.preimage)).toEqual(invoices.map(({ preimage }) => preimage))
  })

  it('leaves a payment to somebody else’s hash pending, and unknown when the node stops', async () => {
    const { bolt11, paymentHash, preimage } = await bob.makeInvoice({ ...invoice(9), paymentHash: randomHash() })
    expect(preimage).toBeNull()
    const paid = alice.pay(bolt11).catch((error: unknown) => error)
    // A later payment overtakes it: by then it would have been settled.
    await alice.pay((await bob.makeInvoice(invoice(1))).bolt11)
    expect(alice.outgoing(paymentHash)?.state).toBe('pending')
    expect(bob.lookup(paymentHash)?.state).toMatch(/pending|accepted/)
    alice.stop()
    expect(await paid).toEqual(fault('unknown'))
    await expect(alice.pay(bolt11)).rejects.toEqual(fault('refused'))
  })
})
