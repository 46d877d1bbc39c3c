/** What must every wallet do? One suite, run against each implementation of the Wallet port. */
import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { PaymentHash } from '../../src/core/identifiers.js'
import type { Msat } from '../../src/core/money.js'
import type { SettledIncoming, Wallet } from '../../src/ports.js'
import type { SimulatedNode } from '../../src/dev/lightning/simulated.js'

export interface WalletWorld {
  /** Started. Pays and receives by `node`. */
  readonly wallet: Wallet
  readonly node: SimulatedNode
  /** Somebody else with a balance. */
  readonly other: SimulatedNode
  /** True when nothing of the wallet is left open after its `stop`. */
  isClosed(): boolean
  stop(): Promise<void>
}

const UNKNOWN_HASH = 'ab'.repeat(32) as PaymentHash
const SOON = { timeout: 10_000, interval: 5 }
const sha256 = (hex: string): string => createHash('sha256').update(hex, 'hex').digest('hex')

const invoiceOf = (node: SimulatedNode, amountMsat = 21_000, expirySeconds = 600) =>
  node.makeInvoice({ amountMsat: amountMsat as Msat, description: 'a job', expirySeconds })

export function describeWallet(name: string, startWorld: () => Promise<WalletWorld>): void {
  describe(`wallet: ${name}`, () => {
    let world: WalletWorld
    beforeEach(async () => {
      world = await startWorld()
    })
    afterEach(() => world.stop())

    it('knows its methods once it has started', () => {
      for (const method of [
        'getInfo',
        'lookupInvoice',
        'lookupPayment',
        'listIncoming',
        'payInvoice',
        'onSettled',
      ] as const) {
        expect(world.wallet.methods).toContain(method)
      }
    })

    it('names its network and node', async () => {
      expect(await world.wallet.getInfo()).toMatchObject({ network: 'regtest', nodeId: world.node.id })
    })

    describe('lookupInvoice', () => {
      it('calls an unpaid invoice pending and an unknown hash not_found', async () => {
        const { paymentHash } = await invoiceOf(world.node)
        expect(await world.wallet.lookupInvoice(paymentHash)).toEqual({ state: 'pending' })
        expect(await world.wallet.lookupInvoice(UNKNOWN_HASH)).toEqual({ state: 'not_found' })
      })

      it('gives amount, time and preimage of a settled invoice', async () => {
        const before = Date.now()
        const { paymentHash, preimage } = await invoiceOf(world.node, 21_500)
        world.node.settle(paymentHash)
        const seen = await world.wallet.lookupInvoice(paymentHash)
        expect(seen).toMatchObject({ state: 'settled', preimage, amountMsat: 21_500 })
        if (seen.state !== 'settled' || seen.settledAt === null) throw new Error('settled at no time')
        expect(seen.settledAt).toBeGreaterThanOrEqual(before - 1_000)
        expect(seen.settledAt).toBeLessThanOrEqual(Date.now() + 1_000)
      })

      it('calls an invoice expired whose time is over, and settled when it is paid after all', async () => {
        const { paymentHash } = await invoiceOf(world.node, 1_000, 0)
        expect(await world.wallet.lookupInvoice(paymentHash)).toEqual({ state: 'expired' })
        world.node.settle(paymentHash)
        expect(await world.wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'settled' })
      })

      it('does not take an outgoing payment for an incoming one', async () => {
        const { bolt11, paymentHash } = await invoiceOf(world.other)
        await world.node.pay(bolt11)
        expect(await world.wallet.lookupInvoice(paymentHash)).toEqual({ state: 'not_found' })
      })
    })

    describe('payInvoice and lookupPayment', () => {
      it('pays once, and proves it by the preimage', async () => {
        const { bolt11, paymentHash, preimage } = await invoiceOf(world.other)
        expect(await world.wallet.lookupPayment(paymentHash)).toEqual({ state: 'not_found' })
        world.node.faults.feeMsat = 1_500
        const feesMsat = 1_500
        expect(await world.wallet.payInvoice(bolt11, paymentHash)).toMatchObject({ type: 'paid', preimage, feesMsat })
        expect(await world.wallet.lookupPayment(paymentHash)).toEqual({ state: 'settled', preimage, feesMsat })
        const again = await world.wallet.payInvoice(bolt11, paymentHash)
        expect(again.type).not.toBe('paid')
        expect(world.other.balanceMsat() + world.node.balanceMsat()).toBe(200_000_000_000 - feesMsat)
        expect(world.other.balanceMsat()).toBe(100_000_021_000)
      })

      it('says refused where nothing was sent, and the look-up agrees', async () => {
        const { bolt11, paymentHash } = await invoiceOf(world.other)
        world.node.faults.failNext = 'refused'
        expect(await world.wallet.payInvoice(bolt11, paymentHash)).toMatchObject({ type: 'refused' })
        expect(await world.wallet.lookupPayment(paymentHash)).toEqual({ state: 'failed' })
      })

      it('says unknown where the payment was sent and not answered, and the look-up finds the preimage', async () => {
        const { bolt11, paymentHash, preimage } = await invoiceOf(world.other)
        world.node.faults.failNext = 'unknown'
        expect(await world.wallet.payInvoice(bolt11, paymentHash)).toMatchObject({ type: 'unknown' })
        expect(await world.wallet.lookupPayment(paymentHash)).toMatchObject({ state: 'settled', preimage })
      })

      it('calls a payment pending that is under way', async () => {
        const { bolt11, paymentHash } = await invoiceOf(world.other)
        world.node.faults.failNext = 'lost'
        expect(await world.wallet.payInvoice(bolt11, paymentHash)).toMatchObject({ type: 'unknown' })
        expect(await world.wallet.lookupPayment(paymentHash)).toEqual({ state: 'pending' })
      })

      it('does not take an incoming payment for an outgoing one', async () => {
        const { paymentHash } = await invoiceOf(world.node)
        world.node.settle(paymentHash)
        expect(await world.wallet.lookupPayment(paymentHash)).toEqual({ state: 'not_found' })
      })

      it('does not throw on what is no invoice', async () => {
        expect((await world.wallet.payInvoice('lnbcrt1nonsense', UNKNOWN_HASH)).type).not.toBe('paid')
      })
    })

    describe('listIncoming', () => {
      const sweep = async (since: number, onPage?: (page: number) => Promise<void>): Promise<SettledIncoming[]> => {
        const all: SettledIncoming[] = []
        let cursor: string | null = null
        for (let page = 0; page < 50; page++) {
          const { settled, cursor: next } = await world.wallet.listIncoming({ since, cursor })
          all.push(...settled)
          if (next === null) return all
          cursor = next
          await onPage?.(page)
        }
        throw new Error('the sweep does not end')
      }
      const settleSome = async (count: number): Promise<PaymentHash[]> => {
        const hashes: PaymentHash[] = []
        for (let i = 0; i < count; i++) {
          const { paymentHash } = await invoiceOf(world.node)
          world.node.settle(paymentHash)
          hashes.push(paymentHash)
        }
        return hashes
      }

      it('finds every settled payment over several pages, with its proof, and nothing that is unpaid or outgoing', async () => {
        const since = Date.now()
        const settled = await settleSome(45)
        await invoiceOf(world.node)
        const { bolt11 } = await invoiceOf(world.other)
        await world.node.pay(bolt11)
        const found = await sweep(since)
        expect(found.map(({ paymentHash }) => paymentHash)).toEqual(settled.reverse())
        for (const { paymentHash, preimage, amountMsat } of found) {
          expect(sha256(preimage)).toBe(paymentHash)
          expect(amountMsat).toBe(21_000)
        }
      })

      it('misses none while more arrive', async () => {
        const settled = await settleSome(45)
        const found = new Set(
          (await sweep(Date.now() - 60_000, async () => void (await settleSome(7)))).map((one) => one.paymentHash),
        )
        expect(settled.filter((hash) => !found.has(hash))).toEqual([])
      })

      it('ends at once where there is nothing', async () => {
        expect(await sweep(0)).toEqual([])
        await settleSome(1)
        expect(await sweep(Date.now() + 60_000)).toEqual([])
      })
    })

    describe('onSettled', () => {
      it('pushes each payment once, with its proof, until it is told to stop', async () => {
        const heard: SettledIncoming[] = []
        const forget = world.wallet.onSettled(
          (settled) => heard.push(settled),
          () => undefined,
        )
        const first = await invoiceOf(world.node, 5_000)
        await invoiceOf(world.other).then(({ bolt11 }) => world.node.pay(bolt11))
        await world.other.pay(first.bolt11)
        await vi.waitFor(() => expect(heard).toHaveLength(1), SOON)
        expect(heard[0]).toMatchObject({ paymentHash: first.paymentHash, preimage: first.preimage, amountMsat: 5_000 })
        forget()
        const later: SettledIncoming[] = []
        world.wallet.onSettled(
          (settled) => later.push(settled),
          () => undefined,
        )
        const second = await invoiceOf(world.node)
        world.node.settle(second.paymentHash)
        await vi.waitFor(() => expect(later).toHaveLength(1), SOON)
        expect(heard).toHaveLength(1)
      })
    })

    it('leaves nothing open when it has stopped, and may be stopped twice', async () => {
      await world.wallet.stop()
      await world.wallet.stop()
      await vi.waitFor(() => expect(world.isClosed()).toBe(true), SOON)
      await expect(world.wallet.lookupInvoice(UNKNOWN_HASH)).rejects.toMatchObject({ name: 'TollbridgeError' })
    })
  })
}
