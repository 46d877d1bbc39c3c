/** When does the NWC wallet say that a hold was accepted, and when only that something may have happened? */
import { describe, expect, it, vi } from 'vitest'
import type { PaymentHash } from '../../../src/core/identifiers.js'
import type { NwcBehaviour } from '../../../src/dev/nwc-behaviour.js'
import { SOON, watchNwcWorld } from '../../support/watched-nwc-world.js'
import { acceptedHold } from '../../support/wallet-world.js'

describe('an NWC wallet that listens for accepted holds', () => {
  const nwc = watchNwcWorld()

  const listen = () => {
    const accepted: PaymentHash[] = []
    const settled: PaymentHash[] = []
    const gaps: number[] = []
    nwc.world.wallet.onAccepted((hash) => accepted.push(hash))
    nwc.world.wallet.onSettled(
      ({ paymentHash }) => settled.push(paymentHash),
      () => gaps.push(1),
    )
    return { accepted, settled, gaps }
  }
  /** Whatever was sent before has been heard once this has. */
  const fence = async (accepted: PaymentHash[]) => {
    nwc.world.service.behave({})
    const { paymentHash } = await acceptedHold(nwc.world)
    await vi.waitFor(() => expect(accepted.at(-1)).toBe(paymentHash), SOON)
  }

  it.each<[string, NwcBehaviour]>([
    ['without a state', { tellNotified: (one) => ({ ...one, state: undefined }) }],
    ['of no direction', { tellNotified: (one) => ({ ...one, type: undefined }) }],
    ['without amount and deadline', { tellNotified: (one) => ({ ...one, amount: '', settle_deadline: null }) }],
    ['that is said to have expired', { tellNotified: (one) => ({ ...one, state: 'expired' }) }],
  ])('passes on a notification %s: it is a hint', async (_, behaviour) => {
    await nwc.start()
    const { accepted, settled, gaps } = listen()
    nwc.world.service.behave(behaviour)
    const { paymentHash } = await acceptedHold(nwc.world)
    await vi.waitFor(() => expect(accepted).toEqual([paymentHash]), SOON)
    expect([settled, gaps]).toEqual([[], []])
  })

  it.each<[string, NwcBehaviour, number]>([
    ['that cannot be opened is a reason to look everywhere', { notifications: 'garbled' }, 1],
    ['without a payment hash is one too', { tellNotified: (one) => ({ ...one, payment_hash: '' }) }, 1],
    ['of an outgoing payment is nothing', { tellNotified: (one) => ({ ...one, type: 'outgoing' }) }, 0],
  ])('a notification %s', async (_, behaviour, expected) => {
    await nwc.start()
    const { accepted, gaps } = listen()
    nwc.world.service.behave(behaviour)
    await acceptedHold(nwc.world)
    await fence(accepted)
    expect(accepted).toHaveLength(1)
    expect(gaps).toHaveLength(expected)
  })

  it('finds by a look-up, after the gap that it tells of, what was accepted while nobody listened', async () => {
    await nwc.start()
    const { accepted, gaps } = listen()
    const missed: PaymentHash[] = []
    await nwc.world.interrupt(async () => void missed.push((await acceptedHold(nwc.world)).paymentHash))
    await vi.waitFor(() => expect(gaps).toHaveLength(1), SOON)
    for (const hash of missed) {
      expect(await nwc.world.wallet.lookupInvoice(hash)).toMatchObject({ state: 'accepted', amountMsat: 21_000 })
    }
    await fence(accepted)
    expect(accepted).toHaveLength(1)
  })

  it('hears of no hold where the connection has no hold methods', async () => {
    await nwc.start({ service: { permissions: 'full' } })
    expect(nwc.world.wallet.methods).not.toContain('onAccepted')
    expect(nwc.world.wallet.methods).not.toContain('makeHoldInvoice')
  })
})
