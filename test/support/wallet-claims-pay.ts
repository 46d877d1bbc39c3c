/** What must a wallet say of money that leaves? Three outcomes, limits that hold, and look-ups of the outgoing side only. */
import { describe, expect, it } from 'vitest'
import type { Msat } from '../../src/core/money.js'
import { invoiceOf, faultsOf, paidInvoiceOf, UNKNOWN_HASH, type Contract } from './wallet-world.js'

/** The generator point: nobody's node. */
const STRANGER = '0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'

const limits = (maxFeeMsat: number, maxDelayBlocks: number | null = null) => ({
  maxFeeMsat: maxFeeMsat as Msat,
  maxDelayBlocks,
})

export function claimsOfPaying(contract: Contract): void {
  const { has } = contract
  if (!has('payInvoice', 'lookupPayment')) return

  describe('payInvoice and lookupPayment', () => {
    it('pays once, and proves it by the preimage', async () => {
      const { wallet, other } = contract.world
      const { bolt11, paymentHash, preimage } = await invoiceOf(other)
      expect(await wallet.lookupPayment(paymentHash)).toEqual({ state: 'not_found' })
      expect(await wallet.payInvoice(bolt11, paymentHash)).toMatchObject({ type: 'paid', preimage })
      expect(await wallet.lookupPayment(paymentHash)).toMatchObject({ state: 'settled', preimage })
      expect((await wallet.payInvoice(bolt11, paymentHash)).type).not.toBe('paid')
    })

    it('does not take an incoming payment for an outgoing one', async () => {
      const { paymentHash } = await paidInvoiceOf(contract.world)
      expect(await contract.world.wallet.lookupPayment(paymentHash)).toEqual({ state: 'not_found' })
    })

    it('does not throw on what is no invoice', async () => {
      expect((await contract.world.wallet.payInvoice('lnbcrt1nonsense', UNKNOWN_HASH)).type).not.toBe('paid')
    })
  })

  if (has('estimateDelay')) {
    it('estimates the blocks that a route needs, and finds none to a node that nobody knows', async () => {
      const { wallet, other } = contract.world
      const blocks = await wallet.estimateDelay(other.id, 21_000 as Msat)
      if (has('simulated')) expect(blocks).toBe(faultsOf(contract.world.node).routeBlocks)
      else expect(blocks).toBeGreaterThanOrEqual(0)
      expect(await wallet.estimateDelay(STRANGER, 21_000 as Msat)).toBeNull()
    })
  }

  if (!has('simulated')) return

  describe('payInvoice, where the node has trouble', () => {
    it('takes the amount and the fee once, and names the fee', async () => {
      const { wallet, node, other } = contract.world
      const { bolt11, paymentHash, preimage } = await invoiceOf(other)
      const feesMsat = has('msat') ? 1_500 : 2_000
      faultsOf(node).feeMsat = feesMsat
      const [before, theirs] = [node.balanceMsat?.() ?? 0, other.balanceMsat?.() ?? 0]
      expect(await wallet.payInvoice(bolt11, paymentHash)).toMatchObject({ type: 'paid', preimage, feesMsat })
      expect(await wallet.lookupPayment(paymentHash)).toEqual({ state: 'settled', preimage, feesMsat })
      await wallet.payInvoice(bolt11, paymentHash)
      expect(node.balanceMsat?.()).toBe(before - 21_000 - feesMsat)
      expect(other.balanceMsat?.()).toBe(theirs + 21_000)
    })

    it('says refused where nothing was sent, and the look-up does not contradict', async () => {
      const { wallet, node, other } = contract.world
      const { bolt11, paymentHash } = await invoiceOf(other)
      faultsOf(node).failNext = 'refused'
      expect(await wallet.payInvoice(bolt11, paymentHash)).toMatchObject({ type: 'refused' })
      expect(['failed', 'not_found']).toContain((await wallet.lookupPayment(paymentHash)).state)
    })

    it('says unknown where the payment was sent and not answered, and the look-up finds the preimage', async () => {
      const { wallet, node, other } = contract.world
      const { bolt11, paymentHash, preimage } = await invoiceOf(other)
      faultsOf(node).failNext = 'unknown'
      expect(await wallet.payInvoice(bolt11, paymentHash)).toMatchObject({ type: 'unknown' })
      expect(await wallet.lookupPayment(paymentHash)).toMatchObject({ state: 'settled', preimage })
    })

    it('calls a payment pending that is under way', async () => {
      const { wallet, node, other } = contract.world
      const { bolt11, paymentHash } = await invoiceOf(other)
      faultsOf(node).failNext = 'lost'
      expect(await wallet.payInvoice(bolt11, paymentHash)).toMatchObject({ type: 'unknown' })
      expect(await wallet.lookupPayment(paymentHash)).toEqual({ state: 'pending' })
    })

    if (has('fee')) {
      it('pays no more than the fee that it may cost, and says refused', async () => {
        const { wallet, node, other } = contract.world
        faultsOf(node).feeMsat = 3_000
        const { bolt11, paymentHash, preimage } = await invoiceOf(other)
        const before = node.balanceMsat?.()
        expect(await wallet.payInvoice(bolt11, paymentHash, limits(2_000))).toMatchObject({ type: 'refused' })
        expect(node.balanceMsat?.()).toBe(before)
        expect(await wallet.payInvoice(bolt11, paymentHash, limits(3_000))).toMatchObject({ type: 'paid', preimage })
      })
    }

    if (has('delay')) {
      it('takes no route longer than the delay that it may take, and says refused', async () => {
        const { wallet, node, other } = contract.world
        const request = { amountMsat: 21_000 as Msat, description: 'a job', expirySeconds: 600, minCltvDelta: 60 }
        const { bolt11, paymentHash, preimage } = await other.makeInvoice(request)
        const needed = faultsOf(node).routeBlocks + 60
        expect(await wallet.payInvoice(bolt11, paymentHash, limits(0, needed - 1))).toMatchObject({ type: 'refused' })
        expect(await wallet.payInvoice(bolt11, paymentHash, limits(0, needed))).toMatchObject({
          type: 'paid',
          preimage,
        })
      })
    }
  })
}
