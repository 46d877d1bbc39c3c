/** Can an answer be sent again, the same bytes, long after; and is one noticed that a relay has lost? */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startRelay, type DevRelay } from '../../src/dev/relay/relay.js'
import { createOutput } from '../../src/cli/output.js'
import { redeliverJob } from '../../src/cli/redeliver-job.js'
import { loadConfig } from '../../src/config/load.js'
import type { Job } from '../../src/core/job.js'
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
  vi.restoreAllMocks()
})

const kindsAt = (relay: DevRelay, kind: number) => [...relay.events()].filter((event) => event.kind === kind)

/** The command as the shell runs it: its exit code, and the lines that it prints. */
async function run(id: string): Promise<{ code: number | string; lines: Record<string, unknown>[] }> {
  const lines: Record<string, unknown>[] = []
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    for (const line of String(text).split('\n').filter(Boolean)) lines.push(JSON.parse(line) as Record<string, unknown>)
    return true
  })
  try {
    const code = await redeliverJob(await loadConfig(bridge.configFile), id, createOutput(true))
    return { code, lines }
  } catch (error) {
    return { code: (error as { code: string }).code, lines }
  } finally {
    vi.restoreAllMocks()
  }
}

async function buy() {
  const job = await bridge.customer.publishJob({ path: '/joke' })
  await bridge.pay((await bridge.customer.offer(job.id)).bolt11)
  return { job, result: await bridge.customer.result(job.id) }
}
const archived = (id: string): Promise<Job> =>
  vi.waitFor(async () => {
    const job = await bridge.adapters.store.findArchived(id as Job['id'])
    if (!job) throw new Error('not archived yet')
    return job
  })

describe('tollbridge jobs redeliver', () => {
  it('sends the stored result of an archived job to where its author reads now', async () => {
    const read = await another()
    await open()
    const { job, result } = await buy()
    await archived(job.id)
    await bridge.restart()
    await bridge.customer.publish(bridge.customer.sign({ kind: 10002, tags: [['r', read.url]], content: '' }))
    const { code, lines } = await run(job.id)
    expect(code).toBe(0)
    expect(kindsAt(read, 6800)).toEqual([result])
    expect(lines).toContainEqual({
      type: 'redelivery',
      jobId: job.id,
      eventId: result.id,
      relay: `${read.url}/`,
      verdict: 'accepted',
      reason: null,
    })
  })

  it('works while no daemon runs', async () => {
    await open()
    const { job, result } = await buy()
    await archived(job.id)
    await bridge.stopDaemon()
    const { code, lines } = await run(job.id)
    expect([code, lines.map(({ eventId, verdict }) => [eventId, verdict])]).toEqual([0, [[result.id, 'accepted']]])
  })

  it('says what each relay answered, and fails where none holds it', async () => {
    await open()
    const { job } = await buy()
    await archived(job.id)
    bridge.relay.refuse((event) => (event.kind === 6800 ? { ok: false, reason: 'blocked: no more' } : undefined))
    const { code, lines } = await run(job.id)
    expect([code, lines.map(({ verdict, reason }) => [verdict, reason])]).toEqual([
      1,
      [['refused', 'blocked: no more']],
    ])
  })

  it('brings a job to its end that could not be delivered', async () => {
    await open({
      relay: { answer: (event) => (event.kind === 6800 ? { ok: false, reason: 'blocked: no' } : undefined) },
    })
    const job = await bridge.customer.publishJob({ path: '/joke' })
    await bridge.pay((await bridge.customer.offer(job.id)).bolt11)
    await bridge.customer.error(job.id)
    bridge.relay.refuse(undefined)
    expect((await run(job.id)).code).toBe(0)
    await bridge.customer.result(job.id)
    const { store } = bridge.adapters
    expect(store.get(job.id)).toMatchObject({ state: 'failed', failure: { code: 'undeliverable' } })
  })

  it.each([
    ['job-unknown', 'ab'.repeat(32)],
    ['usage', 'abc'],
  ])('refuses with %s', async (code, id) => {
    await open()
    expect((await run(id)).code).toBe(code)
  })

  it('refuses a job without a result', async () => {
    await open()
    const job = await bridge.customer.publishJob({ path: '/joke' })
    await bridge.customer.offer(job.id)
    expect((await run(job.id)).code).toBe('job-not-retryable')
  })
})

it('a paid result that its relay has lost is sent again', { timeout: 30_000 }, async () => {
  let isLying = true
  await open({ relay: { answer: ({ kind }) => (kind === 6800 && isLying ? { ok: true, reason: '' } : undefined) } })
  const job = await bridge.customer.publishJob({ path: '/joke' })
  await bridge.pay((await bridge.customer.offer(job.id)).bolt11)
  await vi.waitFor(async () => expect((await bridge.adapters.store.findArchived(job.id))?.state).toBe('completed'))
  isLying = false
  await vi.waitFor(() => expect(kindsAt(bridge.relay, 6800)).toHaveLength(1), { timeout: 20_000, interval: 100 })
  expect(bridge.daemon.status().readBack).toEqual({ found: 0, missing: 1 })
})
