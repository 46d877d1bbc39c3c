/** When does the NWC wallet say that a payment arrived, and when only that one may have? */
import { describe, expect, it, vi } from 'vitest'
import type { NostrEvent } from '../../../src/core/event.js'
import { GARBLED, type NwcBehaviour } from '../../../src/dev/nwc-behaviour.js'
import { startNwcWallet } from '../../../src/dev/nwc-wallet.js'
import type { SettledIncoming } from '../../../src/ports.js'
import { createPoolFixture, systemClock } from '../../support/pool-fixture.js'
import { FOREIGN, SOON, watchNwcWorld } from '../../support/watched-nwc-world.js'

describe('an NWC wallet that listens', () => {
  const nwc = watchNwcWorld()

  const listen = () => {
    const heard: SettledIncoming[] = []
    const gaps: number[] = []
    nwc.world.wallet.onSettled(
      (settled) => heard.push(settled),
      () => gaps.push(1),
    )
    return { heard, gaps }
  }
  /** Whatever was sent before has been heard once this has. */
  const fence = async (heard: SettledIncoming[]) => {
    nwc.world.service.behave({})
    const { paymentHash } = await nwc.settledInvoice()
    await vi.waitFor(() => expect(heard.at(-1)?.paymentHash).toBe(paymentHash), SOON)
  }

  it.each<[string, NwcBehaviour]>([
    ['without a preimage', { tellNotified: (one) => ({ ...one, preimage: undefined }) }],
    ['with a foreign preimage', { tellNotified: (one) => ({ ...one, preimage: FOREIGN }) }],
    ['without an amount', { tellNotified: (one) => ({ ...one, amount: undefined }) }],
    ['of no direction', { tellNotified: (one) => ({ ...one, type: undefined }) }],
    ['that calls it pending', { tellNotified: (one) => ({ ...one, state: 'pending' }) }],
    ['that cannot be opened', { notifications: 'garbled' }],
  ])('takes a notification %s for a reason to look, and not for a payment', async (_, behaviour) => {
    await nwc.start()
    const { heard, gaps } = listen()
    nwc.world.service.behave(behaviour)
    await nwc.settledInvoice()
    await fence(heard)
    expect(heard).toHaveLength(1)
    expect(gaps).toHaveLength(1)
  })

  it('takes a settled payment without a state by its time', async () => {
    await nwc.start({ service: { behaviour: { tellNotified: (one) => ({ ...one, state: undefined }) } } })
    const { heard } = listen()
    const { paymentHash } = await nwc.settledInvoice()
    await vi.waitFor(() => expect(heard).toHaveLength(1), SOON)
    expect(heard[0]?.paymentHash).toBe(paymentHash)
  })

  it('hears a replayed notification once', async () => {
    await nwc.start()
    const { heard, gaps } = listen()
    await nwc.settledInvoice()
    await fence(heard)
    await nwc.world.service.replay()
    await fence(heard)
    expect(heard).toHaveLength(3)
    expect(gaps).toEqual([])
  })

  it('does not hear a stranger, nor of what is no incoming payment', async () => {
    await nwc.start()
    const { heard, gaps } = listen()
    const stranger = createPoolFixture(systemClock).pool
    const forged = { notification_type: 'payment_received', notification: {} }
    const { bolt11 } = await nwc.invoiceOf(nwc.world.other)
    const genuine = await new Promise<NostrEvent>((resolve) => {
      nwc.world.relay.refuse((event) => {
        if (event.kind === 23197) resolve(event)
        return undefined
      })
      void nwc.world.node.pay(bolt11)
    })
    nwc.world.relay.refuse(undefined)
    await stranger.publish({ ...genuine, content: JSON.stringify(forged) }, nwc.world.relay.url)
    await stranger.stop()
    await fence(heard)
    expect(heard).toHaveLength(1)
    expect(gaps).toEqual([])
  })

  it('does not let a forgery hide the message that it imitates', async () => {
    await nwc.start({ relay: { verify: false } })
    const { heard, gaps } = listen()
    const stranger = createPoolFixture(systemClock).pool
    const forgeFirst = (kind: number) =>
      new Promise<void>((resolve) => {
        nwc.world.relay.refuse((event) => {
          if (event.kind !== kind) return undefined
          nwc.world.relay.refuse(undefined)
          const forged = { ...event, sig: '0'.repeat(128) }
          void stranger.publish(forged, nwc.world.relay.url).then(() => resolve(nwc.world.service.replay()))
          return { ok: true, reason: '' }
        })
      })
    const notified = forgeFirst(23197)
    const { paymentHash } = await nwc.settledInvoice()
    await notified
    await vi.waitFor(() => expect(heard).toHaveLength(1), SOON)
    const replied = forgeFirst(23195)
    expect(await nwc.world.wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'settled' })
    await replied
    expect(gaps).toEqual([])
    await stranger.stop()
  })

  it('says that it may have missed something after each reconnection, and hears again', async () => {
    await nwc.start()
    const { heard, gaps } = listen()
    nwc.world.service.behave({ notifications: 'dropped' })
    const { paymentHash } = await nwc.settledInvoice()
    nwc.world.relay.dropConnections()
    await vi.waitFor(() => expect(gaps).toHaveLength(1), SOON)
    await vi.waitFor(
      async () => expect(await nwc.world.wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'settled' }),
      SOON,
    )
    await fence(heard)
    expect(heard).toHaveLength(1)
  })

  it('says that it may have missed something when the wallet starts again, though no connection broke', async () => {
    await nwc.start()
    const { heard, gaps } = listen()
    const { node, relay, service } = nwc.world
    await service.stop()
    const { paymentHash } = await nwc.settledInvoice()
    const options = { node, relayUrl: relay.url, permissions: 'hold', successorOf: service } as const
    const successor = await startNwcWallet({ ...options, now: () => Date.now() + 2_000 })
    await vi.waitFor(() => expect(gaps).toHaveLength(1), SOON)
    expect(await nwc.world.wallet.lookupInvoice(paymentHash)).toMatchObject({ state: 'settled' })
    expect(heard).toEqual([])
    await successor.stop()
  })

  it('reads both kinds of notification', async () => {
    await nwc.start({ service: { encryptions: ['nip04'] } })
    const { heard, gaps } = listen()
    await nwc.settledInvoice()
    await fence(heard)
    await nwc.world.service.send(23196, GARBLED)
    await fence(heard)
    expect(heard).toHaveLength(3)
    expect(gaps).toHaveLength(1)
  })
})
