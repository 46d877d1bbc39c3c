/** Does a job cross relays that want proof of work, and does nobody get two results for it? */
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { NostrEvent } from '../../src/core/event.js'
import type { Verdict } from '../../src/dev/relay/admission.js'
import { startRelay, type DevRelay } from '../../src/dev/relay/relay.js'
import { provenWork } from '../../src/nostr/work.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'
import { openRelayClient } from '../support/relay-client.js'

let bridge: Bridge
const stops: (() => unknown)[] = []
const open = async (options: BridgeOptions = {}): Promise<Bridge> => {
  bridge = await startBridge({ wallet: true, ...options })
  stops.push(() => bridge.stop())
  return bridge
}
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

/** Of our answers only: the customer and the wallet are let in without. */
const wantsWork =
  (bits: number) =>
  (event: NostrEvent): Verdict | undefined =>
    (event.kind !== 6800 && event.kind !== 7000) || provenWork(event) >= bits
      ? undefined
      : { ok: false, reason: `pow: ${bits} bits needed. (${provenWork(event)})` }

async function workingRelay(bits: number): Promise<DevRelay> {
  const relay = await startRelay({ answer: wantsWork(bits) })
  stops.push(() => relay.stop())
  return relay
}

const kindsAt = (relay: DevRelay, kind: number) => [...relay.events()].filter((event) => event.kind === kind)

describe('where our only relay wants work', () => {
  it('a free answer is signed anew with it, and stands there once', async () => {
    await open({ relay: { answer: wantsWork(10) } })
    const job = await bridge.customer.publishJob({ path: '/free/joke' })
    const result = await bridge.customer.result(job.id)
    expect(provenWork(result)).toBe(10)
    expect(kindsAt(bridge.relay, 6800)).toHaveLength(1)
  })

  it('a job is offered, paid and served', async () => {
    await open({ relay: { answer: wantsWork(10) } })
    const job = await bridge.customer.publishJob({ path: '/joke' })
    await bridge.pay((await bridge.customer.offer(job.id)).bolt11)
    await bridge.customer.result(job.id)
    expect(kindsAt(bridge.relay, 6800).map(provenWork)).toEqual([10])
  })

  it('jobs that come together are all offered', async () => {
    await open({ relay: { answer: wantsWork(8) } })
    const jobs = await Promise.all(Array.from({ length: 5 }, () => bridge.customer.publishJob({ path: '/joke' })))
    for (const { id } of jobs) await bridge.pay((await bridge.customer.offer(id)).bolt11)
    for (const { id } of jobs) await bridge.customer.result(id)
  })

  it('the credential of a job that was paid and not served is handed over, in one error', async () => {
    const wants = wantsWork(9)
    const isError = ({ kind, tags }: NostrEvent) => kind === 7000 && tags.some(([, word]) => word === 'error')
    // Not known before: until then it has taken whatever there was.
    await open({ relay: { answer: (event) => (isError(event) ? wants(event) : undefined) } })
    bridge.gateway.failNext('resetAfterExecuting')
    const job = await bridge.customer.publishJob({ method: 'POST', path: '/orders', body: '{}' })
    await bridge.pay((await bridge.customer.offer(job.id)).bolt11)
    const { code, event } = await bridge.customer.error(job.id)
    expect([code, provenWork(event)]).toEqual(['outcome-unknown', 9])
    expect(bridge.customer.open(event).authorization).toMatch(/^L402 /)
    expect(bridge.customer.statuses(job.id).filter((status) => status === 'error')).toHaveLength(1)
  })

  it('one that wants more than is allowed is told of in the job, and the next start still knows it', async () => {
    await open({ relay: { answer: wantsWork(12) }, config: { publish: { maxPowBits: 8 } } })
    const job = await bridge.customer.publishJob({ path: '/free/joke' })
    const { store } = bridge.adapters
    await vi.waitFor(async () => expect((await store.findArchived(job.id))?.state).toBe('rejected'))
    expect(await store.findArchived(job.id)).toMatchObject({ failure: { code: 'undeliverable' } })
  })

  it('an answer that was refused is signed anew after a restart', async () => {
    let isOut = false
    await open({
      relay: {
        answer: (event) => (isOut && event.kind === 6800 ? { ok: false, reason: 'error: busy' } : wantsWork(10)(event)),
      },
    })
    isOut = true
    const job = await bridge.customer.publishJob({ path: '/free/joke' })
    await vi.waitFor(() => expect(bridge.adapters.store.get(job.id)?.outbox[0]?.purpose).toBe('result'))
    await bridge.stopDaemon()
    isOut = false
    await bridge.startDaemon()
    expect(provenWork(await bridge.customer.result(job.id))).toBe(10)
    expect(kindsAt(bridge.relay, 6800)).toHaveLength(1)
  })
})

describe('where only the relay that the job names wants work', () => {
  it('the invoice is shown there anew, and the result is worked on before it is signed: there is one', async () => {
    const named = await workingRelay(10)
    await open()
    const job = await bridge.customer.publishJob({ path: '/joke' }, [['relays', named.url]])
    const reader = await openRelayClient(named.url)
    stops.push(() => reader.close())
    await vi.waitFor(() => expect(kindsAt(named, 7000)).toHaveLength(1), { timeout: 5_000 })
    await bridge.pay((await bridge.customer.offer(job.id)).bolt11)
    await vi.waitFor(() => expect(kindsAt(named, 6800)).toHaveLength(1), { timeout: 5_000 })
    const everywhere = [...kindsAt(named, 6800), ...kindsAt(bridge.relay, 6800)]
    expect(new Set(everywhere.map(({ id }) => id)).size).toBe(1)
  })
})
