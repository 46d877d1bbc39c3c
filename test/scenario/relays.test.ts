/** Does a job cross while relays refuse, die, dawdle or fall silent around the one that works? */
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Job } from '../../src/core/job.js'
import { startRelay, type DevRelay, type RelayOptions } from '../../src/dev/relay/relay.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'
import { openRelayClient } from '../support/relay-client.js'

let bridge: Bridge
const stops: (() => unknown)[] = []
const open = async (options: BridgeOptions = {}): Promise<Bridge> => {
  bridge = await startBridge({ wallet: true, ...options })
  stops.push(() => bridge.stop())
  return bridge
}
const another = async (options?: RelayOptions): Promise<DevRelay> => {
  const relay = await startRelay(options)
  stops.push(() => relay.stop())
  return relay
}
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

const JOKE = { path: '/joke' }
const spelt = (relay: { url: string }): string => `${relay.url}/`
const kindsAt = (relay: DevRelay, kind: number) => [...relay.events()].filter((event) => event.kind === kind)

/** Buys a joke; returns the job as the store has it. */
async function buy(tags: readonly (readonly string[])[] = []) {
  const { customer } = bridge
  const job = await customer.publishJob(JOKE, tags)
  await bridge.pay((await customer.offer(job.id)).bolt11)
  const result = await customer.result(job.id)
  return { job, result }
}

const stored = async (jobId: string): Promise<Job | undefined> => {
  const { store } = bridge.adapters
  return store.get(jobId as Job['id']) ?? (await store.findArchived(jobId as Job['id']))
}
/** What each relay has said of the event of that purpose. */
const verdicts = async (jobId: string, purpose: string) =>
  (await stored(jobId))?.outbox.find((delivery) => delivery.purpose === purpose)?.relays ?? {}

describe('beside one good relay', () => {
  it.each([
    ['blocked: not on the list', /^refused: blocked/],
    ['invalid: bad event', /^refused: invalid/],
    ['restricted: members only', /^refused: restricted/],
    ['rate-limited: slow down', /^pending$/],
    ['error: the disk is full', /^pending$/],
    ['auth-required: sign in', /^pending$/],
    ['pow: 20 bits, please', /^refused: pow 20/],
    ['a word without a prefix', /^pending$/],
  ])('one that answers "%s" costs nothing', async (reason, verdict) => {
    const odd = await another({ answer: () => ({ ok: false, reason }) })
    await open({ relays: [odd.url] })
    const { job } = await buy()
    await vi.waitFor(async () => expect((await verdicts(job.id, 'result'))[spelt(odd)]).toMatch(verdict))
    expect((await verdicts(job.id, 'result'))[spelt(bridge.relay)]).toBe('accepted')
  })

  it('one that calls an answer a duplicate holds it', async () => {
    const odd = await another({ answer: () => ({ ok: false, reason: 'duplicate: have it' }) })
    await open({ relays: [odd.url] })
    const { job } = await buy()
    await vi.waitFor(async () => expect((await verdicts(job.id, 'result'))[spelt(odd)]).toBe('accepted'))
  })

  it('one that deferred gets the same event later', async () => {
    const odd = await another({ answer: () => ({ ok: false, reason: 'rate-limited: slow down' }) })
    await open({ relays: [odd.url] })
    const { result } = await buy()
    odd.refuse(undefined)
    await vi.waitFor(() => expect(kindsAt(odd, 6800).map(({ id }) => id)).toEqual([result.id]), { timeout: 5_000 })
  })

  it('one that is dead, one that dawdles and one that is half-open do not keep the answer back', async () => {
    const dead = await another()
    await dead.stop()
    const slow = await another({ delayMs: 600 })
    const halfOpen = await another()
    halfOpen.pause()
    await open({ relays: [dead.url, slow.url, halfOpen.url], timings: { lookMs: 300 } })
    const { job, result } = await buy()
    await vi.waitFor(() => expect(kindsAt(slow, 6800).map(({ id }) => id)).toEqual([result.id]), { timeout: 5_000 })
    expect(await verdicts(job.id, 'result')).toMatchObject({ [spelt(dead)]: 'pending', [spelt(halfOpen)]: 'pending' })
    halfOpen.resume()
    await vi.waitFor(() => expect(kindsAt(halfOpen, 6800).map(({ id }) => id)).toEqual([result.id]), { timeout: 9_000 })
  })

  it('one that comes back brings the jobs that were published there meanwhile', async () => {
    const other = await another()
    const { port } = new URL(other.url)
    await open({ relays: [other.url] })
    await other.stop()
    const again = await another({ port: Number(port), stored: other.stored })
    const client = await openRelayClient(again.url)
    const job = bridge.customer.job({ path: '/free/joke' })
    await client.publish(job)
    client.close()
    await bridge.customer.result(job.id)
  })
})

describe('a quorum of two', () => {
  it('counts a result as delivered once two relays hold it', async () => {
    const second = await another({
      answer: ({ kind }) => (kind === 6800 ? { ok: false, reason: 'error: busy' } : undefined),
    })
    await open({ relays: [second.url], config: { publish: { quorum: 2 } } })
    const { job } = await buy()
    expect((await stored(job.id))?.state).toBe('publishing')
    second.refuse(undefined)
    await vi.waitFor(async () => expect((await stored(job.id))?.state).toBe('completed'), { timeout: 5_000 })
    expect(kindsAt(second, 6800)).toHaveLength(1)
  })
})

describe('relays that the job names', () => {
  it('get every answer, beside our own', async () => {
    const named = await another()
    await open()
    const { job, result } = await buy([['relays', named.url]])
    await vi.waitFor(() => expect(kindsAt(named, 6800).map(({ id }) => id)).toEqual([result.id]))
    expect(kindsAt(named, 7000).map(({ tags }) => tags.find(([name]) => name === 'status')?.[1])).toContain(
      'payment-required',
    )
    expect((await stored(job.id))?.replyRelays).toEqual([spelt(named)])
  })

  it('are left alone where they have private addresses and the operator has not allowed it', async () => {
    const named = await another()
    await open({ config: { relays: { allowPrivate: false } } })
    const { job } = await buy([['relays', named.url, 'ws://10.0.0.1', 'ws://localhost:1', 'gopher://x', 'nonsense']])
    expect((await stored(job.id))?.replyRelays).toEqual([])
    expect(named.counts).toMatchObject({ connections: 0, received: 0, requests: 0 })
  })

  it('are no more than the operator allows', async () => {
    const named = await Promise.all([another(), another(), another()])
    await open({ config: { relays: { replyMax: 2 } } })
    const { job } = await buy([['relays', ...named.map(({ url }) => url)]])
    expect((await stored(job.id))?.replyRelays).toHaveLength(2)
  })
})

it('runs a job once that ten relays deliver, and verifies it once', async () => {
  const others = await Promise.all(Array.from({ length: 9 }, () => another()))
  await open({ relays: others.map(({ url }) => url), timings: { lookMs: 1_000 } })
  const job = bridge.customer.job(JOKE)
  const clients = await Promise.all(others.map(({ url }) => openRelayClient(url)))
  await Promise.all([bridge.customer.publish(job), ...clients.map((client) => client.publish(job))])
  await bridge.pay((await bridge.customer.offer(job.id)).bolt11)
  await bridge.customer.result(job.id)
  await bridge.fence()
  for (const client of clients) client.close()
  expect(bridge.customer.statuses(job.id)).toEqual(['payment-required', 'processing', 'result'])
  expect(bridge.gateway.counters).toMatchObject({ challenges: 1, chargesSettled: 1 })
  expect(bridge.daemon.status().intake).toMatchObject({ admitted: 2, forged: 0 })
})

it('says result-too-large, with the credential sealed, where the result is too large for every relay of the customer', async () => {
  const strict: RelayOptions = {
    answer: (event) => (event.kind === 6800 ? { ok: false, reason: 'invalid: event too large' } : undefined),
  }
  const small = [await another(strict), await another(strict)]
  await open()
  const { customer } = bridge
  const job = await customer.publishJob(JOKE, [['relays', ...small.map(({ url }) => url)]])
  const preimage = await bridge.pay((await customer.offer(job.id)).bolt11)
  const { code, event } = await customer.error(job.id)
  expect(code).toBe('result-too-large')
  expect(customer.open(event)).toMatchObject({ preimage })
})

it('leaves out the copy of the request where that alone makes the result too large', async () => {
  await open({ config: { publish: { maxEventBytes: 4_096 } }, upstream: { maxResponseBytes: 4_000 } })
  const job = await bridge.customer.publishJob({ path: '/free/bytes/2500', note: 'x'.repeat(2_000) })
  const result = await bridge.customer.result(job.id)
  expect(result.tags.some(([name]) => name === 'request')).toBe(false)
  expect(result.content).toHaveLength(2_500)
})
