/** Does simulated Lightning fail on order and keep its books? */
import { createHash } from 'node:crypto'
import { afterEach, expect, it, vi } from 'vitest'
import bolt11 from 'bolt11'
import type { PaymentHash, Preimage } from '../../../src/core/identifiers.js'
import { msatFromSats, type Msat } from '../../../src/core/money.js'
import { createSimulatedNetwork, type SimulatedNetwork } from '../../../src/dev/lightning/simulated.js'

const networks: SimulatedNetwork[] = []

function createPair(now = Date.now) {
  const network = createSimulatedNetwork({ now })
  networks.push(network)
  return { network, alice: network.createNode(), bob: network.createNode() }
}

afterEach(() => {
  for (const network of networks.splice(0)) network.stop()
})

const terms = { amountMsat: msatFromSats(21), description: 'one call', expirySeconds: 60 }
const fault = (code: string): unknown => expect.objectContaining({ name: 'PaymentFault', code })

it('moves money from one book to the other', async () => {
  const { alice, bob } = createPair()
  const before = [alice.balanceMsat(), bob.balanceMsat()]
  await alice.pay((await bob.makeInvoice(terms)).bolt11)
  expect([alice.balanceMsat(), bob.balanceMsat()]).toEqual([(before[0] ?? 0) - 21_000, (before[1] ?? 0) + 21_000])
})

it('signs with payment secret and feature bits, and without naming the payee', async () => {
  const { bob } = createPair()
  const { tagsObject, payeeNodeKey } = bolt11.decode((await bob.makeInvoice(terms)).bolt11)
  expect(payeeNodeKey).toBe(bob.id)
  expect(tagsObject).toMatchObject({
    payment_secret: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    feature_bits: { var_onion_optin: { required: true }, payment_secret: { required: true } },
  })
  expect(tagsObject).not.toHaveProperty('payee_node_key')
})

it('settles an invoice by its hash, once, and even after its expiry', async () => {
  let now = 1_700_000_000_000
  const { network, bob } = createPair(() => now)
  const { paymentHash } = await bob.makeInvoice(terms)
  now += 61_000
  expect(bob.lookup(paymentHash)?.state).toBe('expired')
  network.settle(paymentHash)
  expect(bob.lookup(paymentHash)).toMatchObject({ state: 'settled', settledAt: now, amountMsat: 21_000 })
  expect(() => network.settle(paymentHash)).toThrow('settled already')
  expect(() => network.settle('0'.repeat(64))).toThrow('no invoice')
})

it('settles an invoice without an amount for the amount given', async () => {
  const { bob } = createPair()
  const { paymentHash } = await bob.makeInvoice({ ...terms, amountMsat: null })
  expect(() => bob.settle(paymentHash)).toThrow('no amount')
  expect(bob.settle(paymentHash, 7_000 as Msat).amountMsat).toBe(7_000)
})

it('refuses the next payment when told to; another try goes through', async () => {
  const { alice, bob } = createPair()
  const { bolt11: text, paymentHash } = await bob.makeInvoice(terms)
  alice.faults.failNext = 'refused'
  await expect(alice.pay(text)).rejects.toEqual(fault('refused'))
  expect(alice.outgoing(paymentHash)?.state).toBe('failed')
  await alice.pay(text)
  expect(alice.outgoing(paymentHash)?.state).toBe('settled')
})

it('leaves the payer in doubt when told to, whether or not the payee was paid', async () => {
  const { alice, bob } = createPair()
  const paid = await bob.makeInvoice(terms)
  alice.faults.failNext = 'unknown'
  await expect(alice.pay(paid.bolt11)).rejects.toEqual(fault('unknown'))
  expect([alice.outgoing(paid.paymentHash)?.state, bob.lookup(paid.paymentHash)?.state]).toEqual(['settled', 'settled'])
  const lost = await bob.makeInvoice(terms)
  alice.faults.failNext = 'lost'
  await expect(alice.pay(lost.bolt11)).rejects.toEqual(fault('unknown'))
  expect([alice.outgoing(lost.paymentHash)?.state, bob.lookup(lost.paymentHash)?.state]).toEqual(['pending', 'pending'])
})

it('delays a payment, and never answers, when told to', async () => {
  const { alice, bob } = createPair()
  alice.faults.delayMs = 30
  const { bolt11: text, paymentHash } = await bob.makeInvoice(terms)
  const paying = alice.pay(text)
  expect(alice.outgoing(paymentHash)?.state).toBe('pending')
  await paying
  alice.faults.delayMs = 0
  alice.faults.neverAnswer = true
  const unanswered = await bob.makeInvoice(terms)
  const outcome = alice.pay(unanswered.bolt11).catch((error: unknown) => error)
  await expect.poll(() => bob.lookup(unanswered.paymentHash)?.state).toBe('settled')
  alice.stop()
  expect(await outcome).toEqual(fault('unknown'))
})

it('pays an invoice once when two pay at the same time', async () => {
  const { network, alice, bob } = createPair()
  const carol = network.createNode()
  const { bolt11: text } = await bob.makeInvoice(terms)
  alice.faults.delayMs = 20
  const slow = alice.pay(text).catch((error: unknown) => error)
  await carol.pay(text)
  const before = bob.balanceMsat()
  alice.stop()
  expect(await slow).toEqual(fault('unknown'))
  expect(bob.balanceMsat()).toBe(before)
})

it('holds a payment until it is settled: one preimage, one payment, both books', async () => {
  const { alice, bob } = createPair()
  const preimage = 'cd'.repeat(32)
  const paymentHash = createHash('sha256').update(preimage, 'hex').digest('hex') as PaymentHash
  const { bolt11 } = await bob.makeInvoice({ ...terms, paymentHash, minCltvDelta: 144 })
  const accepted: string[] = []
  bob.onAccepted((payment) => accepted.push(payment.paymentHash))
  expect(() => bob.settleHold(preimage as Preimage)).toThrow()
  const paid = alice.pay(bolt11)
  await vi.waitFor(() => expect(accepted).toEqual([paymentHash]))
  expect(bob.lookup(paymentHash)).toMatchObject({ state: 'accepted', settleDeadline: bob.blockHeight() + 144 })
  const before = bob.balanceMsat()
  bob.settleHold(preimage as Preimage)
  bob.settleHold(preimage as Preimage)
  expect(await paid).toEqual({ preimage, feesMsat: 0 })
  expect(bob.balanceMsat() - before).toBe(21_000)
  expect(() => bob.cancelHold(paymentHash)).toThrow()
})

it('sends a held payment back when it is cancelled, or when its deadline has come', async () => {
  const { network, alice, bob } = createPair()
  const hold = async (paymentHash: string) =>
    bob.makeInvoice({ ...terms, paymentHash: paymentHash as PaymentHash, minCltvDelta: 40 })
  const [first, second] = [await hold('aa'.repeat(32)), await hold('bb'.repeat(32))]
  const payments = [alice.pay(first.bolt11), alice.pay(second.bolt11)]
  await vi.waitFor(() => expect(bob.lookup(second.paymentHash)?.state).toBe('accepted'))
  bob.cancelHold(first.paymentHash)
  bob.cancelHold(first.paymentHash)
  await expect(payments[0]).rejects.toMatchObject({ code: 'refused' })
  network.mine(39)
  expect(bob.lookup(second.paymentHash)?.state).toBe('accepted')
  network.mine(1)
  await expect(payments[1]).rejects.toMatchObject({ code: 'refused' })
  expect(alice.outgoing(second.paymentHash)?.state).toBe('failed')
  expect(alice.balanceMsat()).toBe(bob.balanceMsat())
})

it('holds to the limits of a payment', async () => {
  const { alice, bob } = createPair()
  const { bolt11 } = await bob.makeInvoice(terms)
  alice.faults.feeMsat = 1_500
  await expect(alice.pay(bolt11, undefined, { maxFeeMsat: 1_000 as Msat })).rejects.toEqual(fault('refused'))
  await expect(alice.pay(bolt11, undefined, { maxDelayBlocks: 50 })).rejects.toEqual(fault('refused'))
  expect((await alice.pay(bolt11, undefined, { maxFeeMsat: 1_500 as Msat, maxDelayBlocks: 58 })).feesMsat).toBe(1_500)
})
