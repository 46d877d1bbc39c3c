/** What must a wallet make of a service that is late, repeats itself or lies? Nothing is called paid or done that is not proved. */
import { describe, expect, it, vi } from 'vitest'
import type { SettledIncoming } from '../../src/ports.js'
import { invoiceOf, paidInvoiceOf, sha256, SOON, type Contract, type Misbehaviour } from './wallet-world.js'

const FAULT = { name: 'TollbridgeError' }

export function claimsOfMisbehaviour(contract: Contract): void {
  const { has } = contract
  if (!has('misbehaviour')) return
  const pays = has('payInvoice', 'lookupPayment')

  describe('a wallet whose service misbehaves', () => {
    const misbehave = (how: Misbehaviour | null): void => contract.world.misbehave?.(how)

    it('waits for an answer only so long: a look-up throws, and a payment is unknown until it is looked up', async () => {
      const { wallet, node, other } = contract.world
      const own = await invoiceOf(node)
      const theirs = await invoiceOf(other)
      misbehave('late')
      await expect(wallet.lookupInvoice(own.paymentHash)).rejects.toMatchObject(FAULT)
      if (!pays) return
      expect(await wallet.payInvoice(theirs.bolt11, theirs.paymentHash)).toMatchObject({ type: 'unknown' })
      misbehave(null)
      const { preimage } = theirs
      await vi.waitFor(
        async () =>
          expect(await wallet.lookupPayment(theirs.paymentHash)).toMatchObject({ state: 'settled', preimage }),
        SOON,
      )
    })

    it('pays once and tells the truth where everything comes twice', async () => {
      const { wallet, other } = contract.world
      const heard: SettledIncoming[] = []
      wallet.onSettled(
        (settled) => heard.push(settled),
        () => undefined,
      )
      misbehave('twice')
      const own = await paidInvoiceOf(contract.world)
      expect(await wallet.lookupInvoice(own.paymentHash)).toMatchObject({ state: 'settled', preimage: own.preimage })
      if (has('onSettled')) await vi.waitFor(() => expect(heard.length).toBeGreaterThan(0), SOON)
      for (const { paymentHash, preimage } of heard)
        expect([paymentHash, preimage]).toEqual([own.paymentHash, own.preimage])
      if (!pays) return
      const theirs = await invoiceOf(other)
      const { paymentHash, preimage } = theirs
      expect(await wallet.payInvoice(theirs.bolt11, paymentHash)).toMatchObject({ type: 'paid', preimage })
      expect(await wallet.lookupPayment(paymentHash)).toMatchObject({ state: 'settled', preimage })
    })

    it('believes nothing that is said of another payment', async () => {
      const { wallet, other } = contract.world
      const own = await paidInvoiceOf(contract.world)
      const theirs = await invoiceOf(other)
      misbehave('otherHash')
      expect(await stateOf(wallet.lookupInvoice(own.paymentHash))).not.toBe('settled')
      if (!pays) return
      expect((await wallet.payInvoice(theirs.bolt11, theirs.paymentHash)).type).not.toBe('refused')
      expect(await stateOf(wallet.lookupPayment(theirs.paymentHash))).not.toBe('failed')
      misbehave(null)
      expect(await wallet.lookupPayment(theirs.paymentHash)).toMatchObject({ state: 'settled' })
    })

    it.each(['wrongPreimage', 'emptyPreimage'] as const)(
      'proves nothing by a preimage that is none: %s',
      async (how) => {
        const { wallet, other } = contract.world
        const heard: SettledIncoming[] = []
        wallet.onSettled(
          (settled) => heard.push(settled),
          () => undefined,
        )
        misbehave(how)
        const own = await paidInvoiceOf(contract.world)
        const seen = await wallet.lookupInvoice(own.paymentHash).catch(() => null)
        if (seen?.state === 'settled') expect(seen.preimage).toBeNull()
        if (has('listIncoming')) {
          const page = await wallet.listIncoming({ since: 0, cursor: null }).catch(() => null)
          expect(page?.settled ?? []).toEqual([])
        }
        if (pays) {
          const { bolt11, paymentHash, preimage } = await invoiceOf(other)
          expect(await wallet.payInvoice(bolt11, paymentHash)).toMatchObject({ type: 'unknown' })
          expect(await stateOf(wallet.lookupPayment(paymentHash))).not.toMatch(/settled|failed|not_found/)
          misbehave(null)
          expect(await wallet.lookupPayment(paymentHash)).toMatchObject({ state: 'settled', preimage })
        }
        for (const { paymentHash, preimage } of heard) expect(sha256(preimage)).toBe(paymentHash)
      },
    )
  })
}

/** The state that a look-up tells, or that it threw. */
async function stateOf(look: Promise<{ readonly state: string }>): Promise<string> {
  const seen = await look.catch(() => null)
  return seen?.state ?? 'thrown'
}
