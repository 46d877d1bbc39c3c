/** What does the NWC wallet make of a wallet service that answers badly, or lies? */
import { describe, expect, it } from 'vitest'
import type { NwcBehaviour } from '../../../src/dev/nwc-behaviour.js'
import { FOREIGN, told, watchNwcWorld } from '../../support/watched-nwc-world.js'

describe('an NWC wallet whose wallet service answers badly', () => {
  const nwc = watchNwcWorld()

  it.each<[string, NwcBehaviour]>([
    ['with what cannot be opened', { replies: 'garbled' }],
    ['with what is no JSON', { replies: 'prose' }],
    ['with neither a result nor an error', { replies: 'nothing' }],
    ['with an empty result', { tell: () => ({}) }],
    ['with an error that proves nothing', { refuseWith: 'INTERNAL' }],
    ['with a foreign preimage', told({ preimage: FOREIGN, state: 'settled', settled_at: 1 })],
    ['for another payment hash', { tell: (result) => ({ ...result, payment_hash: FOREIGN, preimage: '' }) }],
  ])('%s: look-ups throw and a payment is unknown', async (_, behaviour) => {
    await nwc.start()
    nwc.world.service.behave(behaviour)
    const own = await nwc.invoiceOf()
    await expect(nwc.world.wallet.lookupInvoice(own.paymentHash)).rejects.toMatchObject({ code: 'wallet-unusable' })
    await expect(nwc.world.wallet.lookupPayment(own.paymentHash)).rejects.toMatchObject({ code: 'wallet-unusable' })
    const { bolt11, paymentHash, preimage } = await nwc.invoiceOf(nwc.world.other)
    const outcome = await nwc.world.wallet.payInvoice(bolt11, paymentHash)
    expect(outcome.type).toBe('unknown')
    expect(JSON.stringify(outcome)).not.toContain(preimage)
  })

  it('pays nothing twice and reads each reply once where every reply comes twice', async () => {
    await nwc.start({ service: { behaviour: { replies: 'twice' } } })
    const { bolt11, paymentHash, preimage } = await nwc.invoiceOf(nwc.world.other)
    expect(await nwc.world.wallet.payInvoice(bolt11, paymentHash)).toMatchObject({ type: 'paid', preimage })
    expect(await nwc.world.wallet.lookupPayment(paymentHash)).toMatchObject({ state: 'settled' })
    await nwc.world.service.replay()
    expect(await nwc.world.wallet.lookupInvoice(paymentHash)).toEqual({ state: 'not_found' })
  })

  it('sees a settled payment without an invoice in it, as NIP-47 allows', async () => {
    await nwc.start({ service: { behaviour: told({ invoice: undefined, description: undefined, state: undefined }) } })
    const { paymentHash, preimage } = await nwc.settledInvoice()
    expect(await nwc.world.wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'settled', preimage })
  })

  it('takes a preimage before the payment for no payment', async () => {
    await nwc.start()
    const { paymentHash, preimage } = await nwc.invoiceOf()
    nwc.world.service.behave(told({ preimage }))
    expect(await nwc.world.wallet.lookupInvoice(paymentHash)).toEqual({ state: 'pending' })
    expect(await nwc.world.wallet.listIncoming({ since: 0, cursor: null })).toMatchObject({ settled: [] })
  })

  it.each([
    ['failed', { state: 'cancelled' }],
    ['accepted', { state: 'accepted', amountMsat: 21_000, settleDeadline: null }],
    ['expired', { state: 'expired' }],
  ])('reads an incoming payment that is %s', async (state, seen) => {
    await nwc.start({ service: { behaviour: told({ state }) } })
    const { paymentHash } = await nwc.invoiceOf()
    expect(await nwc.world.wallet.lookupInvoice(paymentHash)).toEqual(seen)
  })

  it.each([
    ['expired', 'pending'],
    ['failed', 'failed'],
  ])('reads an outgoing payment that is %s as %s', async (state, seen) => {
    await nwc.start()
    const { bolt11, paymentHash } = await nwc.invoiceOf(nwc.world.other)
    nwc.world.node.faults.failNext = 'lost'
    await nwc.world.wallet.payInvoice(bolt11, paymentHash)
    nwc.world.service.behave(told({ state }))
    expect(await nwc.world.wallet.lookupPayment(paymentHash)).toEqual({ state: seen })
  })

  it('finds the incoming payment in the list where the wallet shows the outgoing one of that hash', async () => {
    await nwc.start({
      service: { behaviour: { methods: ['lookup_invoice'], tell: (one) => ({ ...one, type: 'outgoing' }) } },
    })
    const { paymentHash, preimage } = await nwc.settledInvoice()
    for (let i = 0; i < 30; i++) await nwc.invoiceOf()
    expect(await nwc.world.wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'settled', preimage })
  })

  it('claims nothing where even the list does not tell the two apart', async () => {
    const blind = { tell: (one: object) => ({ ...one, type: undefined }) }
    await nwc.start({ service: { behaviour: { methods: ['lookup_invoice'], ...blind } } })
    const { paymentHash } = await nwc.settledInvoice()
    for (let i = 0; i < 410; i++) await nwc.invoiceOf()
    await expect(nwc.world.wallet.lookupInvoice(paymentHash)).rejects.toMatchObject({ code: 'wallet-unusable' })
  })

  it('leaves out of a sweep what is not proved', async () => {
    await nwc.start()
    const { paymentHash } = await nwc.settledInvoice()
    const { transactions } = {
      transactions: [{ payment_hash: paymentHash, type: 'incoming', state: 'settled' }, null, 7],
    }
    nwc.world.service.behave({ tell: () => ({ transactions }) })
    expect((await nwc.world.wallet.listIncoming({ since: 0, cursor: null })).settled).toEqual([])
    nwc.world.service.behave({ tell: () => ({ transactions: null }) })
    expect(await nwc.world.wallet.listIncoming({ since: 0, cursor: null })).toEqual({ settled: [], cursor: null })
    nwc.world.service.behave({ tell: () => ({ transactions: 'none' }) })
    await expect(nwc.world.wallet.listIncoming({ since: 0, cursor: null })).rejects.toMatchObject({
      code: 'wallet-unusable',
    })
  })

  it('ends a sweep of a wallet that always serves the first page', async () => {
    await nwc.start()
    await nwc.settledInvoice()
    const page = await nwc.world.wallet.listIncoming({ since: 0, cursor: null })
    const first = { payment_hash: page.settled[0]?.paymentHash, type: 'incoming', state: 'pending' }
    nwc.world.service.behave({ tell: () => ({ transactions: [first] }) })
    expect(await nwc.world.wallet.listIncoming({ since: 0, cursor: page.cursor })).toEqual({
      settled: [],
      cursor: null,
    })
  })

  it('says refused by a code that proves that nothing was sent', async () => {
    await nwc.start({ service: { behaviour: { refuseWith: 'RATE_LIMITED' } } })
    const { bolt11, paymentHash } = await nwc.invoiceOf(nwc.world.other)
    expect(await nwc.world.wallet.payInvoice(bolt11, paymentHash)).toEqual({ type: 'refused', reason: 'RATE_LIMITED' })
    await expect(nwc.world.wallet.lookupInvoice(paymentHash)).rejects.toThrow(/RATE_LIMITED/)
  })
})
