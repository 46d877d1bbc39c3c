/** What must a wallet say of money that arrives? Look-ups, the sweep, the push, and invoices of its own. */
import { describe, expect, it, vi } from 'vitest'
import type { PaymentHash } from '../../src/core/identifiers.js'
import type { Msat } from '../../src/core/money.js'
import { decodeInvoice } from '../../src/dev/lightning/sign-invoice.js'
import type { SettledIncoming } from '../../src/ports.js'
import { invoiceOf, paidInvoiceOf, sha256, SOON, sweep, UNKNOWN_HASH, type Contract } from './wallet-world.js'

const nothing = (): void => undefined

export function claimsOfReceiving(contract: Contract): void {
  const { has } = contract

  describe('lookupInvoice', () => {
    it('calls an unpaid invoice pending and an unknown hash not_found', async () => {
      const { wallet, node } = contract.world
      const { paymentHash } = await invoiceOf(node)
      expect(await wallet.lookupInvoice(paymentHash)).toEqual({ state: 'pending' })
      expect(await wallet.lookupInvoice(UNKNOWN_HASH)).toEqual({ state: 'not_found' })
    })

    it('gives amount, time and preimage of a settled invoice', async () => {
      const before = Date.now()
      const amountMsat = has('msat') ? 21_500 : 22_000
      const { paymentHash, preimage } = await paidInvoiceOf(contract.world, amountMsat)
      const seen = await contract.world.wallet.lookupInvoice(paymentHash)
      expect(seen).toMatchObject({ state: 'settled', preimage, amountMsat })
      if (seen.state !== 'settled' || seen.settledAt === null) throw new Error('settled at no time')
      expect(seen.settledAt).toBeGreaterThanOrEqual(before - 1_000)
      expect(seen.settledAt).toBeLessThanOrEqual(Date.now() + 1_000)
    })

    if (has('simulated')) {
      it('calls an invoice expired whose time is over, and settled when it is paid after all', async () => {
        const { wallet, node } = contract.world
        const { paymentHash } = await invoiceOf(node, 1_000, 0)
        expect(await wallet.lookupInvoice(paymentHash)).toEqual({ state: 'expired' })
        node.settle?.(paymentHash)
        expect(await wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'settled' })
      })
    }

    it('does not take an outgoing payment for an incoming one', async () => {
      const { wallet, node, other } = contract.world
      const { bolt11, paymentHash } = await invoiceOf(other)
      await node.pay(bolt11)
      expect(await wallet.lookupInvoice(paymentHash)).toEqual({ state: 'not_found' })
    })
  })

  if (has('makeInvoice')) {
    describe('makeInvoice', () => {
      it('makes another invoice at each call, and each can be paid', async () => {
        const { wallet, other } = contract.world
        const request = { amountMsat: 5_000 as Msat, description: 'one call', expirySeconds: 300 }
        const first = await wallet.makeInvoice(request)
        const second = await wallet.makeInvoice(request)
        expect(second.paymentHash).not.toBe(first.paymentHash)
        const read = decodeInvoice(first.bolt11)
        expect(read).toMatchObject({ paymentHash: first.paymentHash, amountMsat: 5_000 })
        expect(Math.abs(read.expiresAt - (Date.now() + 300_000))).toBeLessThan(20_000)
        expect(await wallet.lookupInvoice(first.paymentHash)).toEqual({ state: 'pending' })
        const { preimage } = await other.pay(first.bolt11)
        expect(sha256(preimage)).toBe(first.paymentHash)
        expect(await wallet.lookupInvoice(first.paymentHash)).toMatchObject({ state: 'settled', amountMsat: 5_000 })
        expect(await wallet.lookupInvoice(second.paymentHash)).toEqual({ state: 'pending' })
      })
    })
  }

  if (has('listIncoming')) {
    describe('listIncoming', () => {
      const settleSome = async (count: number): Promise<PaymentHash[]> => {
        const hashes: PaymentHash[] = []
        for (let i = 0; i < count; i++) hashes.push((await paidInvoiceOf(contract.world)).paymentHash)
        return hashes
      }

      it('finds every settled payment over several pages, with its proof, and nothing that is unpaid or outgoing', async () => {
        const { wallet, node, other } = contract.world
        const since = Date.now()
        const settled = await settleSome(45)
        await invoiceOf(node)
        const { bolt11 } = await invoiceOf(other)
        await node.pay(bolt11)
        const found = await sweep(wallet, since)
        expect(found.map(({ paymentHash }) => paymentHash)).toEqual(settled.reverse())
        for (const { paymentHash, preimage, amountMsat } of found) {
          expect(sha256(preimage)).toBe(paymentHash)
          expect(amountMsat).toBe(21_000)
        }
      })

      it('misses none while more arrive', async () => {
        const settled = await settleSome(45)
        const more = async (): Promise<void> => void (await settleSome(7))
        const found = await sweep(contract.world.wallet, Date.now() - 60_000, more)
        const hashes = new Set(found.map((one) => one.paymentHash))
        expect(settled.filter((hash) => !hashes.has(hash))).toEqual([])
      })

      it('ends at once where there is nothing', async () => {
        if (has('fresh')) expect(await sweep(contract.world.wallet, 0)).toEqual([])
        await settleSome(1)
        expect(await sweep(contract.world.wallet, Date.now() + 60_000)).toEqual([])
      })
    })
  }

  if (has('onSettled')) {
    describe('onSettled', () => {
      it('pushes each payment once, with its proof, until it is told to stop', async () => {
        const { wallet, node, other } = contract.world
        const heard: SettledIncoming[] = []
        const forget = wallet.onSettled((settled) => heard.push(settled), nothing)
        const first = await invoiceOf(node, 5_000)
        await invoiceOf(other).then(({ bolt11 }) => node.pay(bolt11))
        await other.pay(first.bolt11)
        await vi.waitFor(() => expect(heard).toHaveLength(1), SOON)
        const { paymentHash, preimage } = first
        expect(heard[0]).toMatchObject({ paymentHash, preimage, amountMsat: 5_000 })
        forget()
        const later: SettledIncoming[] = []
        wallet.onSettled((settled) => later.push(settled), nothing)
        await paidInvoiceOf(contract.world)
        await vi.waitFor(() => expect(later).toHaveLength(1), SOON)
        expect(heard).toHaveLength(1)
      })

      if (has('interruption')) {
        it('says that there was a gap after a reconnection, misses nothing by then, and hears again', async () => {
          const { wallet } = contract.world
          const since = Date.now()
          const heard: SettledIncoming[] = []
          const gaps: number[] = []
          wallet.onSettled(
            (settled) => heard.push(settled),
            () => gaps.push(1),
          )
          const missed: PaymentHash[] = []
          await contract.world.interrupt?.(async () => {
            missed.push((await paidInvoiceOf(contract.world)).paymentHash)
          })
          await vi.waitFor(() => expect(gaps.length).toBeGreaterThan(0), SOON)
          for (const hash of missed) expect(await wallet.lookupInvoice(hash)).toMatchObject({ state: 'settled' })
          if (has('listIncoming')) {
            expect((await sweep(wallet, since)).map(({ paymentHash }) => paymentHash)).toEqual(missed)
          }
          const { paymentHash } = await paidInvoiceOf(contract.world)
          await vi.waitFor(() => expect(heard.map((one) => one.paymentHash)).toContain(paymentHash), SOON)
        })
      }
    })
  }
}
