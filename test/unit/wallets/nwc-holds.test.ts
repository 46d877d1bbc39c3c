/** What does the NWC wallet say of a hold invoice where its wallet service hides, forgets or contradicts? */
import { describe, expect, it, vi } from 'vitest'
import type { PaymentHash } from '../../../src/core/identifiers.js'
import type { Msat } from '../../../src/core/money.js'
import { callsExpired, type NwcBehaviour } from '../../../src/dev/nwc-behaviour.js'
import { FOREIGN, SOON, watchNwcWorld } from '../../support/watched-nwc-world.js'
import { acceptedHold, holdRequest, invoiceOf, makeHold, payLater } from '../../support/wallet-world.js'

const UNUSABLE = { name: 'TollbridgeError', code: 'wallet-unusable' }

/** Look-ups alone: what is notified stays true. */
const lookups = (tell: NonNullable<NwcBehaviour['tell']>): NwcBehaviour => ({ methods: ['lookup_invoice'], tell })
const without = (transaction: object, field: string): object =>
  Object.fromEntries(Object.entries(transaction).filter(([name]) => name !== field))
const expiredUnnamed = lookups((one) => without(callsExpired(one), 'settle_deadline'))

describe('an accepted hold that the wallet calls expired', () => {
  const nwc = watchNwcWorld()

  it('is accepted where the wallet names its deadline', async () => {
    await nwc.start({ service: { behaviour: { notifications: 'dropped' } } })
    const { paymentHash } = await acceptedHold(nwc.world)
    nwc.world.service.behave(lookups(callsExpired))
    const deadline = nwc.world.node.lookup(paymentHash)?.settleDeadline
    expect(deadline).toBeGreaterThan(nwc.world.node.blockHeight())
    expect(await nwc.world.wallet.lookupInvoice(paymentHash)).toEqual({
      state: 'accepted',
      amountMsat: 21_000,
      settleDeadline: deadline,
    })
  })

  it('is accepted where a notification said so, with the deadline that it named', async () => {
    await nwc.start()
    const heard: PaymentHash[] = []
    nwc.world.wallet.onAccepted((hash) => heard.push(hash))
    const { paymentHash } = await acceptedHold(nwc.world)
    await vi.waitFor(() => expect(heard).toEqual([paymentHash]), SOON)
    nwc.world.service.behave(expiredUnnamed)
    const settleDeadline = nwc.world.node.lookup(paymentHash)?.settleDeadline
    expect(await nwc.world.wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'accepted', settleDeadline })
    nwc.world.service.behave(lookups((one) => without(one, 'settle_deadline')))
    expect(await nwc.world.wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'accepted', settleDeadline })
  })

  it('is accepted where its height cannot be learned, and expired once the chain has reached its deadline', async () => {
    await nwc.start()
    const { paymentHash } = await acceptedHold(nwc.world, { minCltvDelta: 30 })
    const { settleDeadline } = nwc.world.node.lookup(paymentHash) ?? {}
    nwc.world.network.mine(30)
    const stale = (one: object): object => ({ ...one, state: 'expired', settle_deadline: settleDeadline })
    nwc.world.service.behave(lookups(stale))
    expect(await nwc.world.wallet.lookupInvoice(paymentHash)).toEqual({ state: 'expired' })
    nwc.world.service.behave([lookups(stale), { methods: ['get_info'], refuseWith: 'INTERNAL' }])
    expect(await nwc.world.wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'accepted', settleDeadline })
  })

  it('is expired where nothing says otherwise', async () => {
    await nwc.start({ service: { behaviour: { notifications: 'dropped' } } })
    const { paymentHash } = await acceptedHold(nwc.world)
    nwc.world.service.behave(expiredUnnamed)
    expect(await nwc.world.wallet.lookupInvoice(paymentHash)).toEqual({ state: 'expired' })
  })

  it('is cancelled once it was given back here, and stays so', async () => {
    await nwc.start()
    const { paymentHash, ended } = await acceptedHold(nwc.world)
    await nwc.world.wallet.cancelHoldInvoice(paymentHash)
    expect(await ended).toBeNull()
    nwc.world.service.behave(lookups((one) => ({ ...one, state: 'expired', settle_deadline: 900_000 })))
    expect(await nwc.world.wallet.lookupInvoice(paymentHash)).toEqual({ state: 'cancelled' })
  })

  it('is given again by makeHoldInvoice all the same', async () => {
    await nwc.start()
    const { bolt11, ended: _, ...request } = await acceptedHold(nwc.world)
    nwc.world.service.behave(lookups(callsExpired))
    expect(await makeHold(nwc.world.wallet, request)).toBe(bolt11)
  })

  it('is no more than pending where the wallet says so, whatever it notified', async () => {
    await nwc.start()
    const { paymentHash } = await acceptedHold(nwc.world)
    nwc.world.service.behave(lookups((one) => ({ ...one, state: 'pending' })))
    expect(await nwc.world.wallet.lookupInvoice(paymentHash)).toEqual({ state: 'pending' })
  })

  it('is not believed without an amount', async () => {
    await nwc.start({ service: { behaviour: { notifications: 'dropped' } } })
    const { paymentHash } = await acceptedHold(nwc.world)
    nwc.world.service.behave(lookups((one) => without(one, 'amount')))
    await expect(nwc.world.wallet.lookupInvoice(paymentHash)).rejects.toMatchObject(UNUSABLE)
  })
})

describe('a hold invoice that is made', () => {
  const nwc = watchNwcWorld()
  const ask = (changes: object = {}) => {
    const { preimage: _, ...request } = holdRequest()
    return nwc.world.wallet.makeHoldInvoice({ ...request, ...changes })
  }

  it.each<[string, (invoices: { readonly foreign: string; readonly dear: string }) => object]>([
    ['no invoice', () => ({ invoice: '' })],
    ['what is no invoice', () => ({ invoice: 'lnbcrt1' })],
    ['an invoice on another hash', ({ foreign }) => ({ invoice: foreign })],
    ['an invoice over another amount', ({ dear }) => ({ invoice: dear })],
    ['another hash beside the invoice', () => ({ payment_hash: FOREIGN })],
  ])('is not believed where the answer holds %s', async (_, fields) => {
    await nwc.start()
    const request = holdRequest()
    const foreign = (await invoiceOf(nwc.world.other)).bolt11
    const onHash = { ...request, amountMsat: 99_000 as Msat }
    const dear = (await nwc.world.other.makeInvoice(onHash)).bolt11
    const told = fields({ foreign, dear })
    nwc.world.service.behave({ methods: ['make_hold_invoice'], tell: (one) => ({ ...one, ...told }) })
    await expect(nwc.world.wallet.makeHoldInvoice(request)).rejects.toMatchObject(UNUSABLE)
  })

  it.each(['NOT_IMPLEMENTED', 'RESTRICTED', 'RATE_LIMITED', 'INTERNAL'])(
    'is neither made nor taken where the wallet refuses with %s and knows nothing of it',
    async (refuseWith) => {
      await nwc.start()
      nwc.world.service.behave({ methods: ['make_hold_invoice'], refuseWith })
      await expect(ask()).rejects.toThrow(refuseWith)
    },
  )

  it('is neither made nor taken where nothing answers the look-up', async () => {
    await nwc.start({ service: { behaviour: { refuseWith: 'INTERNAL' } } })
    await expect(ask()).rejects.toMatchObject(UNUSABLE)
  })

  it.each(['OTHER', 'INTERNAL', 'BAD_REQUEST'])(
    'is given again where the wallet says by %s that it exists',
    async (code) => {
      await nwc.start()
      const request = holdRequest()
      const bolt11 = await makeHold(nwc.world.wallet, request)
      nwc.world.service.behave({ methods: ['make_hold_invoice'], refuseWith: code })
      expect(await makeHold(nwc.world.wallet, request)).toBe(bolt11)
    },
  )

  it('is taken where the wallet does not show its invoice', async () => {
    await nwc.start()
    const request = holdRequest()
    await makeHold(nwc.world.wallet, request)
    nwc.world.service.behave(lookups((one) => without(one, 'invoice')))
    expect(await nwc.world.wallet.makeHoldInvoice(request)).toEqual({ type: 'taken' })
  })

  it('is not taken for the payment on its hash, which is no invoice of ours', async () => {
    await nwc.start({ service: { behaviour: { shows: 'outgoing' } } })
    const { bolt11, paymentHash } = await invoiceOf(nwc.world.other)
    const request = holdRequest({ paymentHash, amountMsat: 25_000 as Msat })
    const ours = await makeHold(nwc.world.wallet, request)
    payLater(nwc.world.other, ours)
    await nwc.world.wallet.payInvoice(bolt11, paymentHash)
    expect(await makeHold(nwc.world.wallet, request)).toBe(ours)
  })

  it('leaves only with a time after which the wallet must not begin', async () => {
    await nwc.start()
    const { preimage, ...request } = holdRequest()
    const expirations: (string | undefined)[] = []
    nwc.world.relay.refuse(({ kind, tags }) => {
      if (kind === 23194) expirations.push(tags.find(([name]) => name === 'expiration')?.[1])
      return undefined
    })
    await nwc.world.wallet.makeHoldInvoice(request)
    await nwc.world.wallet.cancelHoldInvoice(request.paymentHash)
    await expect(nwc.world.wallet.settleHoldInvoice(preimage, request.paymentHash)).rejects.toMatchObject(UNUSABLE)
    await nwc.world.wallet.makeInvoice(request)
    const soon = Math.floor(Date.now() / 1000) + 120
    expect(expirations.length).toBeGreaterThanOrEqual(4)
    for (const expiration of expirations) expect(Number(expiration)).toBeLessThan(soon)
  })
})

describe('an invoice of our own', () => {
  const nwc = watchNwcWorld()

  it.each<[string, object]>([
    ['none', { invoice: null }],
    ['one over another amount', { amount: 7 }],
    ['one of another hash', { payment_hash: FOREIGN }],
  ])('is not believed where the wallet answers with %s', async (_, told) => {
    await nwc.start()
    const { bolt11 } = await invoiceOf(nwc.world.node, 8_000)
    const fields = 'amount' in told ? { invoice: bolt11, payment_hash: '' } : told
    nwc.world.service.behave({ tell: (one) => ({ ...one, ...fields }) })
    const request = { amountMsat: 5_000 as Msat, description: '', expirySeconds: 60 }
    await expect(nwc.world.wallet.makeInvoice(request)).rejects.toMatchObject(UNUSABLE)
  })

  it('is read from the invoice alone where the wallet names nothing else', async () => {
    await nwc.start()
    nwc.world.service.behave({ tell: (one) => ({ invoice: (one as { readonly invoice: string }).invoice }) })
    const request = { amountMsat: 5_000 as Msat, description: '', expirySeconds: 60 }
    const { bolt11, paymentHash } = await nwc.world.wallet.makeInvoice(request)
    expect(nwc.world.node.lookup(paymentHash)?.bolt11).toBe(bolt11)
  })
})
