/** What does the NWC wallet say when no answer comes? */
import { describe, expect, it, vi } from 'vitest'
import { tagValue, type NostrEvent } from '../../../src/core/event.js'
import { createMovedClock } from '../../support/pool-fixture.js'
import { SOON, watchNwcWorld } from '../../support/watched-nwc-world.js'

describe('an NWC wallet whose requests are lost', () => {
  const nwc = watchNwcWorld()

  it('waits no longer than the time of the method, and takes no late reply', async () => {
    const clock = createMovedClock(Date.now())
    await nwc.start({ clock, service: { behaviour: { replies: 'never' } } })
    const { bolt11, paymentHash, preimage } = await nwc.invoiceOf(nwc.world.other)
    const lookup = expect(nwc.world.wallet.lookupInvoice(paymentHash)).rejects.toMatchObject({ code: 'timeout' })
    const paying = nwc.world.wallet.payInvoice(bolt11, paymentHash)
    await vi.waitFor(() => expect(nwc.world.service.counts.requests).toBe(2), SOON)
    clock.advance(20_000)
    await lookup
    clock.advance(40_000)
    expect(await paying).toEqual({ type: 'unknown', reason: 'local:no-reply' })
    nwc.world.service.behave({})
    expect(await nwc.world.wallet.lookupPayment(paymentHash)).toMatchObject({ state: 'settled', preimage })
    expect(clock.waiting).toBe(0)
  })

  it('takes a reply that is late within the time', async () => {
    await nwc.start({ service: { behaviour: { replyDelayMs: 150 } } })
    const { paymentHash } = await nwc.invoiceOf()
    expect(await nwc.world.wallet.lookupInvoice(paymentHash)).toEqual({ state: 'pending' })
  })

  it('says refused where every relay refused the request, and asks no wallet', async () => {
    await nwc.start()
    nwc.world.relay.refuse(({ kind }) => (kind === 23194 ? { ok: false, reason: 'blocked: not here' } : undefined))
    const { bolt11, paymentHash } = await nwc.invoiceOf(nwc.world.other)
    expect(await nwc.world.wallet.payInvoice(bolt11, paymentHash)).toMatchObject({ type: 'refused' })
    await expect(nwc.world.wallet.lookupInvoice(paymentHash)).rejects.toMatchObject({ code: 'wallet-unusable' })
    expect(nwc.world.service.counts.requests).toBe(0)
  })

  it('waits for an answer to a payment that no relay has confirmed, and for no other', async () => {
    const clock = createMovedClock(Date.now())
    await nwc.start({ clock })
    nwc.world.relay.refuse(({ kind }) =>
      kind === 23194 ? { ok: false, reason: 'rate-limited: slow down' } : undefined,
    )
    const { bolt11, paymentHash } = await nwc.invoiceOf(nwc.world.other)
    await expect(nwc.world.wallet.lookupInvoice(paymentHash)).rejects.toMatchObject({ code: 'wallet-unusable' })
    const paying = nwc.world.wallet.payInvoice(bolt11, paymentHash)
    await expect(nwc.world.wallet.lookupInvoice(paymentHash)).rejects.toMatchObject({ code: 'wallet-unusable' })
    clock.advance(60_000)
    expect(await paying).toMatchObject({ type: 'unknown' })
  })

  it('ends every call at its stop', async () => {
    const clock = createMovedClock(Date.now())
    await nwc.start({ clock, service: { behaviour: { replies: 'never' } } })
    const { bolt11, paymentHash } = await nwc.invoiceOf(nwc.world.other)
    const lookup = expect(nwc.world.wallet.lookupInvoice(paymentHash)).rejects.toMatchObject({
      code: 'wallet-unusable',
    })
    const paying = nwc.world.wallet.payInvoice(bolt11, paymentHash)
    await vi.waitFor(() => expect(nwc.world.service.counts.requests).toBe(2), SOON)
    await nwc.world.wallet.stop()
    await lookup
    expect(await paying).toEqual({ type: 'unknown', reason: 'local:stopped' })
    expect((await nwc.world.wallet.payInvoice(bolt11, paymentHash)).type).toBe('unknown')
    expect(clock.waiting).toBe(0)
  })

  it('gives every request an expiration, so that nothing is paid after we gave up', async () => {
    await nwc.start()
    const requests: NostrEvent[] = []
    nwc.world.relay.refuse((event) => {
      if (event.kind === 23194) requests.push(event)
      return undefined
    })
    const { bolt11, paymentHash } = await nwc.invoiceOf(nwc.world.other)
    await nwc.world.wallet.payInvoice(bolt11, paymentHash)
    await nwc.world.wallet.lookupPayment(paymentHash)
    const lives = requests.map((event) => Number(tagValue(event, 'expiration')) - event.created_at)
    expect(lives).toEqual([60, 20])
    expect(requests.map((event) => tagValue(event, 'encryption'))).toEqual(['nip44_v2', 'nip44_v2'])
  })

  it('opens no connection but those of the relay pool', async () => {
    await nwc.start()
    const before = nwc.world.relay.counts.connections
    const { paymentHash } = await nwc.invoiceOf()
    await Promise.all(Array.from({ length: 20 }, () => nwc.world.wallet.lookupInvoice(paymentHash)))
    expect(nwc.world.relay.counts.connections).toBe(before)
    expect(nwc.world.relay.counts.subscriptions).toBe(2)
  })
})
