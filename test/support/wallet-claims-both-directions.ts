/** What must a wallet say where money arrives and leaves on one payment hash? Each look-up tells its own side, and never the other's. */
import { describe, expect, it } from 'vitest'
import type { Msat } from '../../src/core/money.js'
import { faultsOf, holdRequest, invoiceOf, makeHold, payLater, untilState, type Contract } from './wallet-world.js'

export function claimsOfBothDirections(contract: Contract): void {
  const { has } = contract
  if (!has('payInvoice', 'lookupPayment')) return

  /** Somebody else's invoice, and our hold invoice on its hash, accepted. */
  const wrapped = async () => {
    const { wallet, other } = contract.world
    const theirs = await invoiceOf(other, 20_000)
    const { paymentHash } = theirs
    const ours = await makeHold(wallet, holdRequest({ paymentHash, amountMsat: 25_000 as Msat }))
    const { ended } = payLater(other, ours)
    await untilState(wallet, paymentHash, 'accepted')
    return { ...theirs, ended }
  }

  describe('a hold invoice and a payment on one hash', () => {
    it('are told apart, from the acceptance to the settlement', async () => {
      const { wallet } = contract.world
      const { bolt11, paymentHash, preimage, ended } = await wrapped()
      if (preimage === null) throw new Error('the payee made no preimage')
      expect(await wallet.lookupPayment(paymentHash)).toEqual({ state: 'not_found' })
      expect(await wallet.payInvoice(bolt11, paymentHash)).toMatchObject({ type: 'paid', preimage })
      expect(await wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'accepted', amountMsat: 25_000 })
      expect(await wallet.lookupPayment(paymentHash)).toMatchObject({ state: 'settled', preimage })
      await wallet.settleHoldInvoice(preimage, paymentHash)
      expect(await ended).toBe(preimage)
      await untilState(wallet, paymentHash, 'settled')
      expect(await wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'settled', amountMsat: 25_000, preimage })
      expect(await wallet.lookupPayment(paymentHash)).toMatchObject({ state: 'settled', preimage })
    })

    if (has('simulated')) {
      it.each([
        ['refused', ['failed', 'not_found']],
        ['lost', ['pending']],
      ] as const)('are told apart where the payment is %s, and only the hold is cancelled', async (fault, states) => {
        const { wallet, node } = contract.world
        const { bolt11, paymentHash, ended } = await wrapped()
        faultsOf(node).failNext = fault
        expect((await wallet.payInvoice(bolt11, paymentHash)).type).not.toBe('paid')
        expect(states).toContain((await wallet.lookupPayment(paymentHash)).state)
        expect(await wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'accepted' })
        await wallet.cancelHoldInvoice(paymentHash)
        expect(await ended).toBeNull()
        expect(await wallet.lookupInvoice(paymentHash)).toEqual({ state: 'cancelled' })
        expect(states).toContain((await wallet.lookupPayment(paymentHash)).state)
      })
    }
  })
}
