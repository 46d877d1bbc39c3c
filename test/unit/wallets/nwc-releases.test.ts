/** When is a held payment settled or given back, for an NWC wallet whose service refuses, repeats or falls silent? */
import { describe, expect, it } from 'vitest'
import { callsExpired, type NwcBehaviour } from '../../../src/dev/nwc-behaviour.js'
import { watchNwcWorld } from '../../support/watched-nwc-world.js'
import { acceptedHold, holdRequest, makeHold, paidInvoiceOf, payLater, untilState } from '../../support/wallet-world.js'

const FAULT = { name: 'TollbridgeError' }

describe('an NWC wallet that settles a hold', () => {
  const nwc = watchNwcWorld()

  it.each<[string, NwcBehaviour]>([
    ['with neither a result nor an error', { replies: 'nothing' }],
    ['with what cannot be opened', { replies: 'garbled' }],
    ['with what is no JSON', { replies: 'prose' }],
    ['twice', { replies: 'twice' }],
  ])('is done where the wallet settles and answers %s', async (_, behaviour) => {
    await nwc.start()
    const { paymentHash, preimage, ended } = await acceptedHold(nwc.world)
    nwc.world.service.behave({ ...behaviour, methods: ['settle_hold_invoice'] })
    await nwc.world.wallet.settleHoldInvoice(preimage, paymentHash)
    expect(await ended).toBe(preimage)
  })

  it.each<[string, NwcBehaviour]>([
    ['refuses with INTERNAL', { refuseWith: 'INTERNAL' }],
    ['refuses with NOT_FOUND', { refuseWith: 'NOT_FOUND' }],
    ['does nothing and answers nothing', { refuseWith: 'OTHER', replies: 'nothing' }],
  ])('is not done where the wallet %s, and can be tried again', async (_, behaviour) => {
    await nwc.start()
    const { paymentHash, preimage, ended } = await acceptedHold(nwc.world)
    nwc.world.service.behave({ ...behaviour, methods: ['settle_hold_invoice'] })
    await expect(nwc.world.wallet.settleHoldInvoice(preimage, paymentHash)).rejects.toMatchObject(FAULT)
    expect(await nwc.world.wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'accepted' })
    nwc.world.service.behave({})
    await nwc.world.wallet.settleHoldInvoice(preimage, paymentHash)
    expect(await ended).toBe(preimage)
  })

  it('is done again where the wallet refuses the repetition, though it shows the payment on that hash first', async () => {
    await nwc.start({ service: { behaviour: { holds: 'strict', shows: 'outgoing' } } })
    const { wallet, other } = nwc.world
    const theirs = await nwc.invoiceOf(other)
    const { paymentHash, preimage } = theirs
    if (preimage === null) throw new Error('the payee made no preimage')
    payLater(other, await makeHold(wallet, holdRequest({ paymentHash })))
    await untilState(wallet, paymentHash, 'accepted')
    await wallet.payInvoice(theirs.bolt11, paymentHash)
    await wallet.settleHoldInvoice(preimage, paymentHash)
    await wallet.settleHoldInvoice(preimage, paymentHash)
    expect(await wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'settled' })
  })

  it('is not done because the payment on that hash is settled', async () => {
    await nwc.start({ service: { behaviour: { holds: 'strict', shows: 'outgoing' } } })
    const { wallet, other } = nwc.world
    const { bolt11, paymentHash, preimage } = await nwc.invoiceOf(other)
    if (preimage === null) throw new Error('the payee made no preimage')
    await makeHold(wallet, holdRequest({ paymentHash }))
    await wallet.payInvoice(bolt11, paymentHash)
    await expect(wallet.settleHoldInvoice(preimage, paymentHash)).rejects.toMatchObject(FAULT)
    expect(await wallet.lookupInvoice(paymentHash)).toEqual({ state: 'pending' })
  })

  it('asks nothing of the wallet with a preimage that does not fit, and says neither preimage nor hash', async () => {
    await nwc.start()
    const { paymentHash } = await acceptedHold(nwc.world)
    const { preimage } = holdRequest()
    const { requests } = nwc.world.service.counts
    const error: unknown = await nwc.world.wallet
      .settleHoldInvoice(preimage, paymentHash)
      .catch((fault: unknown) => fault)
    expect(nwc.world.service.counts.requests).toBe(requests)
    expect(String(error)).not.toMatch(/[0-9a-f]{16}/)
  })

  it('keeps the preimage out of the log and out of what it throws', async () => {
    await nwc.start()
    const { paymentHash, preimage } = await acceptedHold(nwc.world)
    nwc.world.service.behave({ methods: ['settle_hold_invoice'], refuseWith: 'INTERNAL', replies: 'twice' })
    const error: unknown = await nwc.world.wallet
      .settleHoldInvoice(preimage, paymentHash)
      .catch((fault: unknown) => fault)
    expect(`${String(error)} ${JSON.stringify(error)} ${JSON.stringify(nwc.world.log.lines)}`).not.toContain(preimage)
  })

  it('is not done once the deadline has passed and the money went back', async () => {
    await nwc.start()
    const { paymentHash, preimage, ended } = await acceptedHold(nwc.world, { minCltvDelta: 40 })
    nwc.world.network.mine(40)
    expect(await ended).toBeNull()
    await expect(nwc.world.wallet.settleHoldInvoice(preimage, paymentHash)).rejects.toMatchObject(FAULT)
    expect(await nwc.world.wallet.lookupInvoice(paymentHash)).toEqual({ state: 'cancelled' })
    await nwc.world.wallet.cancelHoldInvoice(paymentHash)
  })

  it('does not wait for ever: what came late is seen at the next call', async () => {
    await nwc.start()
    const { paymentHash, preimage, ended } = await acceptedHold(nwc.world)
    nwc.world.misbehave('late')
    await expect(nwc.world.wallet.settleHoldInvoice(preimage, paymentHash)).rejects.toMatchObject({ code: 'timeout' })
    nwc.world.misbehave(null)
    await nwc.world.wallet.settleHoldInvoice(preimage, paymentHash)
    expect(await ended).toBe(preimage)
  })
})

describe('an NWC wallet that cancels a hold', () => {
  const nwc = watchNwcWorld()

  it.each<[string, NwcBehaviour]>([
    ['with neither a result nor an error', { replies: 'nothing' }],
    ['with what cannot be opened', { replies: 'garbled' }],
  ])('is done where the wallet cancels and answers %s', async (_, behaviour) => {
    await nwc.start()
    const { paymentHash, ended } = await acceptedHold(nwc.world)
    nwc.world.service.behave({ ...behaviour, methods: ['cancel_hold_invoice'] })
    await nwc.world.wallet.cancelHoldInvoice(paymentHash)
    expect(await ended).toBeNull()
  })

  it.each<[string, NwcBehaviour]>([
    ['refuses', { refuseWith: 'INTERNAL' }],
    ['says that there is none', { refuseWith: 'NOT_FOUND' }],
    ['does nothing and answers nothing', { refuseWith: 'OTHER', replies: 'nothing' }],
  ])('is not done while the hold is accepted and the wallet %s', async (_, behaviour) => {
    await nwc.start()
    const { paymentHash } = await acceptedHold(nwc.world)
    nwc.world.service.behave({ ...behaviour, methods: ['cancel_hold_invoice'] })
    await expect(nwc.world.wallet.cancelHoldInvoice(paymentHash)).rejects.toMatchObject(FAULT)
    expect(await nwc.world.wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'accepted' })
  })

  it('is not done because an accepted hold is called expired', async () => {
    await nwc.start()
    const { paymentHash } = await acceptedHold(nwc.world)
    nwc.world.service.behave([
      { methods: ['lookup_invoice'], tell: callsExpired },
      { methods: ['cancel_hold_invoice'], refuseWith: 'INTERNAL' },
    ])
    await expect(nwc.world.wallet.cancelHoldInvoice(paymentHash)).rejects.toThrow('INTERNAL')
    expect(await nwc.world.wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'accepted' })
  })

  it('is done for an unpaid one whose time is over, where the wallet cancels accepted ones only', async () => {
    await nwc.start({ service: { behaviour: { holds: 'strict' } } })
    const open = holdRequest()
    await makeHold(nwc.world.wallet, open)
    await expect(nwc.world.wallet.cancelHoldInvoice(open.paymentHash)).rejects.toThrow('NOT_FOUND')
    const over = holdRequest({ expirySeconds: 0 })
    await makeHold(nwc.world.wallet, over)
    await nwc.world.wallet.cancelHoldInvoice(over.paymentHash)
  })

  it('is done again where the wallet cancels accepted ones only, and calls what is cancelled failed', async () => {
    await nwc.start({ service: { behaviour: { holds: 'strict' } } })
    const { paymentHash, ended } = await acceptedHold(nwc.world)
    await nwc.world.wallet.cancelHoldInvoice(paymentHash)
    await nwc.world.wallet.cancelHoldInvoice(paymentHash)
    expect(await ended).toBeNull()
  })

  it('is not done where the wallet refuses because it is settled', async () => {
    await nwc.start({ service: { behaviour: { holds: 'strict' } } })
    const { paymentHash } = await paidInvoiceOf(nwc.world)
    await expect(nwc.world.wallet.cancelHoldInvoice(paymentHash)).rejects.toMatchObject(FAULT)
  })

  it('ends at its stop, without looking anything up', async () => {
    await nwc.start()
    const { paymentHash } = await acceptedHold(nwc.world)
    nwc.world.service.behave({ replies: 'never' })
    const cancelling = expect(nwc.world.wallet.cancelHoldInvoice(paymentHash)).rejects.toThrow('local:stopped')
    await nwc.world.wallet.stop()
    await cancelling
  })
})
