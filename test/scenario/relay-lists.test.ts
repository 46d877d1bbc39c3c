/** Does an answer reach customers on the relays where they say that they read? (NIP-65) */
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { Job } from '../../src/core/job.js'
import { startRelay, type DevRelay } from '../../src/dev/relay/relay.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'

let bridge: Bridge
const stops: (() => unknown)[] = []
const open = async (options: BridgeOptions = {}): Promise<Bridge> => {
  bridge = await startBridge({ wallet: true, ...options })
  stops.push(() => bridge.stop())
  return bridge
}
const another = async (): Promise<DevRelay> => {
  const relay = await startRelay()
  stops.push(() => relay.stop())
  return relay
}
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

const FREE = { path: '/free/joke' }
const kindsAt = (relay: DevRelay, kind: number) => [...relay.events()].filter((event) => event.kind === kind)

/** The customer says where it reads and writes. */
const publishList = (tags: readonly (readonly string[])[]) =>
  bridge.customer.publish(bridge.customer.sign({ kind: 10002, tags, content: '' }))

const stored = async (jobId: string): Promise<Job | undefined> => {
  const { store } = bridge.adapters
  return store.get(jobId as Job['id']) ?? (await store.findArchived(jobId as Job['id']))
}

describe('a customer with a relay list', () => {
  it('gets its invoice and its result where it reads, and nothing where it only writes', async () => {
    const [read, write] = [await another(), await another()]
    await open()
    await publishList([
      ['r', read.url, 'read'],
      ['r', write.url, 'write'],
    ])
    const job = await bridge.customer.publishJob({ path: '/joke' })
    await bridge.pay((await bridge.customer.offer(job.id)).bolt11)
    const result = await bridge.customer.result(job.id)
    await vi.waitFor(() => expect(kindsAt(read, 6800).map(({ id }) => id)).toEqual([result.id]), { timeout: 5_000 })
    expect(kindsAt(read, 7000).length).toBeGreaterThan(0)
    expect(write.counts.connections).toBe(0)
  })

  it('is found by the relays of the settings', async () => {
    const [lookup, read] = [await another(), await another()]
    await open({ config: { relays: { lookup: [lookup.url] } } })
    const list = bridge.customer.sign({ kind: 10002, tags: [['r', read.url]], content: '' })
    lookup.stored.put({ event: list, json: JSON.stringify(list) })
    const job = await bridge.customer.publishJob(FREE)
    await vi.waitFor(() => expect(kindsAt(read, 6800)).toHaveLength(1), { timeout: 5_000 })
    await bridge.customer.result(job.id)
  })

  it('is not answered at a private address, and nobody connects to it', async () => {
    const inside = await another()
    await open({ config: { relays: { allowPrivate: false } } })
    await publishList([
      ['r', inside.url],
      ['r', inside.url.replace('127.0.0.1', 'localhost')],
      ['r', inside.url.replace('127.0.0.1', '2130706433')],
    ])
    const job = await bridge.customer.publishJob(FREE)
    await bridge.customer.result(job.id)
    await bridge.fence()
    expect([inside.counts.connections, inside.counts.received]).toEqual([0, 0])
    expect(Object.keys((await stored(job.id))?.outbox[0]?.relays ?? {})).toEqual([`${bridge.relay.url}/`])
  })

  it('is answered where it published, although every relay of its list is dead', async () => {
    const dead = await another()
    await dead.stop()
    await open()
    await publishList([['r', dead.url]])
    const job = await bridge.customer.publishJob(FREE)
    await bridge.customer.result(job.id)
    await vi.waitFor(async () => expect((await stored(job.id))?.state).toBe('completed'), { timeout: 5_000 })
  })
})

it('whoever has no list waits for nothing', async () => {
  await open()
  const begun = Date.now()
  const job = await bridge.customer.publishJob(FREE)
  await bridge.customer.result(job.id)
  expect(Date.now() - begun).toBeLessThan(1_500)
})
