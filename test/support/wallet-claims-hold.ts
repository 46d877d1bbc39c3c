/** What must a wallet do with hold invoices? Make one once, tell when it is accepted, settle or cancel it, and tell both sides of a hash apart. */
import { describe, expect, it, vi } from 'vitest'
import type { PaymentHash, Preimage } from '../../src/core/identifiers.js'
import type { Msat } from '../../src/core/money.js'
import { decodeInvoice } from '../../src/dev/lightning/sign-invoice.js'
import type { SettledIncoming } from '../../src/ports.js'
import { claimsOfBothDirections } from './wallet-claims-both-directions.js'
import {
  acceptedHold,
  holdRequest,
  invoiceOf,
  makeHold,
  paidInvoiceOf,
  payLater,
  SOON,
  sweep,
  UNKNOWN_HASH,
  untilState,
  type Contract,
} from './wallet-world.js'

const nothing = (): void => undefined
const FAULT = { name: 'TollbridgeError' }

export function claimsOfHolds(contract: Contract): void {
  const { has } = contract
  if (!has('makeHoldInvoice', 'settleHoldInvoice', 'cancelHoldInvoice')) return

  describe('makeHoldInvoice', () => {
    it('makes an invoice on the hash that it is given, as it was asked for', async () => {
      const { wallet, node } = contract.world
      const request = holdRequest({ amountMsat: 33_000 as Msat, expirySeconds: 300, minCltvDelta: 222 })
      const read = decodeInvoice(await makeHold(wallet, request))
      expect(read).toMatchObject({ paymentHash: request.paymentHash, amountMsat: 33_000, payee: node.id })
      if (has('holdExpiry')) expect(Math.abs(read.expiresAt - (Date.now() + 300_000))).toBeLessThan(20_000)
      if (has('minCltvDelta')) expect(read.minCltvDelta).toBe(222)
      expect(await wallet.lookupInvoice(request.paymentHash)).toEqual({ state: 'pending' })
    })

    it('gives the same invoice again while it is open and when it is accepted', async () => {
      const { wallet, other } = contract.world
      const request = holdRequest()
      const bolt11 = await makeHold(wallet, request)
      expect(await makeHold(wallet, request)).toBe(bolt11)
      const { ended } = payLater(other, bolt11)
      await untilState(wallet, request.paymentHash, 'accepted')
      expect(await makeHold(wallet, request)).toBe(bolt11)
      await wallet.cancelHoldInvoice(request.paymentHash)
      expect(await ended).toBeNull()
    })

    it('calls a hash taken on which there is another invoice, or one that has ended', async () => {
      const { wallet, node } = contract.world
      const { paymentHash: ofNode } = await invoiceOf(node)
      const { paymentHash: paid } = await paidInvoiceOf(contract.world)
      const open = holdRequest()
      await makeHold(wallet, open)
      const ended = await acceptedHold(contract.world)
      await wallet.settleHoldInvoice(ended.preimage, ended.paymentHash)
      const amountMsat = 44_000 as Msat
      for (const paymentHash of [ofNode, paid, open.paymentHash, ended.paymentHash]) {
        const outcome = await wallet.makeHoldInvoice({ ...holdRequest(), amountMsat, paymentHash })
        expect(outcome).toEqual({ type: 'taken' })
      }
      const again = await wallet.makeHoldInvoice({ ...holdRequest(), paymentHash: ended.paymentHash })
      expect(again).toEqual({ type: 'taken' })
    })
  })

  describe('a hold invoice', () => {
    it('is pending, accepted with amount and deadline, and settled with the preimage that settled it', async () => {
      const { wallet } = contract.world
      const since = Date.now()
      const { paymentHash, preimage, ended } = await acceptedHold(contract.world)
      const accepted = await wallet.lookupInvoice(paymentHash)
      expect(accepted).toMatchObject({ state: 'accepted', amountMsat: 21_000 })
      if (has('settleDeadline') && accepted.state === 'accepted') {
        const { blockHeight } = await wallet.getInfo()
        expect(accepted.settleDeadline).toBeGreaterThan(blockHeight ?? Infinity)
      }
      await wallet.settleHoldInvoice(preimage, paymentHash)
      expect(await ended).toBe(preimage)
      await untilState(wallet, paymentHash, 'settled')
      const settled = await wallet.lookupInvoice(paymentHash)
      expect(settled).toMatchObject({ state: 'settled', amountMsat: 21_000, preimage })
      if (has('listIncoming', 'listsHolds')) {
        expect((await sweep(wallet, since)).map((one) => [one.paymentHash, one.preimage])).toEqual([
          [paymentHash, preimage],
        ])
      }
    })

    it('settles again without harm, and is then not to be cancelled', async () => {
      const { wallet } = contract.world
      const { paymentHash, preimage, ended } = await acceptedHold(contract.world)
      await wallet.settleHoldInvoice(preimage, paymentHash)
      await ended
      await wallet.settleHoldInvoice(preimage, paymentHash)
      await expect(wallet.cancelHoldInvoice(paymentHash)).rejects.toMatchObject(FAULT)
      expect(await wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'settled' })
    })

    it('gives the payer its money back when it is cancelled, is cancelled again without harm, and then not to be settled', async () => {
      const { wallet } = contract.world
      const { paymentHash, preimage, ended } = await acceptedHold(contract.world)
      await wallet.cancelHoldInvoice(paymentHash)
      expect(await ended).toBeNull()
      await wallet.cancelHoldInvoice(paymentHash)
      expect(await wallet.lookupInvoice(paymentHash)).toEqual({ state: 'cancelled' })
      await expect(wallet.settleHoldInvoice(preimage, paymentHash)).rejects.toMatchObject(FAULT)
    })

    it('is not settled before it is accepted, nor by another preimage', async () => {
      const { wallet, other } = contract.world
      const request = holdRequest()
      const bolt11 = await makeHold(wallet, request)
      await expect(wallet.settleHoldInvoice(request.preimage, request.paymentHash)).rejects.toMatchObject(FAULT)
      expect(await wallet.lookupInvoice(request.paymentHash)).toEqual({ state: 'pending' })
      const { ended } = payLater(other, bolt11)
      await untilState(wallet, request.paymentHash, 'accepted')
      const foreign = 'cd'.repeat(32) as Preimage
      await expect(wallet.settleHoldInvoice(foreign, request.paymentHash)).rejects.toMatchObject(FAULT)
      expect(await wallet.lookupInvoice(request.paymentHash)).toMatchObject({ state: 'accepted' })
      await wallet.settleHoldInvoice(request.preimage, request.paymentHash)
      expect(await ended).toBe(request.preimage)
    })

    it('is done with where nobody knows it', async () => {
      await contract.world.wallet.cancelHoldInvoice(UNKNOWN_HASH)
    })

    if (has('cancelOpen')) {
      it('cannot be paid once it is cancelled', async () => {
        const { wallet, other } = contract.world
        const request = holdRequest()
        const bolt11 = await makeHold(wallet, request)
        await wallet.cancelHoldInvoice(request.paymentHash)
        expect(await wallet.lookupInvoice(request.paymentHash)).toEqual({ state: 'cancelled' })
        await expect(other.pay(bolt11)).rejects.toThrow()
      })
    } else {
      it('is not called cancelled while it can still be paid', async () => {
        const { wallet } = contract.world
        const request = holdRequest()
        await makeHold(wallet, request)
        await expect(wallet.cancelHoldInvoice(request.paymentHash)).rejects.toMatchObject(FAULT)
        expect(await wallet.lookupInvoice(request.paymentHash)).toEqual({ state: 'pending' })
      })
    }
  })

  if (has('onAccepted')) {
    it('pushes that a payment was accepted, and nothing else, until it is told to stop', async () => {
      const { wallet } = contract.world
      const heard: PaymentHash[] = []
      const settled: SettledIncoming[] = []
      const forget = wallet.onAccepted((hash) => heard.push(hash))
      wallet.onSettled((one) => settled.push(one), nothing)
      const first = await acceptedHold(contract.world)
      await vi.waitFor(() => expect(heard).toContain(first.paymentHash), SOON)
      expect(settled).toEqual([])
      forget()
      const later: PaymentHash[] = []
      wallet.onAccepted((hash) => later.push(hash))
      const second = await acceptedHold(contract.world)
      await vi.waitFor(() => expect(later).toContain(second.paymentHash), SOON)
      expect(heard).not.toContain(second.paymentHash)
      for (const { preimage, paymentHash } of [first, second]) await wallet.settleHoldInvoice(preimage, paymentHash)
      if (has('onSettled')) await vi.waitFor(() => expect(settled).toHaveLength(2), SOON)
    })
  }

  claimsOfBothDirections(contract)
}
