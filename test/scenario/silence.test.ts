/** Is nobody answered who must not be: the forger, the latecomer, the replayer, the stranger, and whoever asks too often? */
import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { NostrEvent } from '../../src/core/event.js'
import { startRelay } from '../../src/dev/relay/relay.js'
import { openRelayClient } from '../support/relay-client.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'
import type { IntakeCount } from '../../src/engine/intake.js'

let bridge: Bridge
const open = async (options: BridgeOptions = {}): Promise<Bridge> => (bridge = await startBridge(options))
afterEach(() => bridge.stop())

const JOKE = { path: '/joke' }
const now = (): number => Math.floor(Date.now() / 1000)
const answersOnRelay = () => [...bridge.relay.events()].filter(({ pubkey }) => pubkey === bridge.daemon.pubkey)
const countIs = (name: IntakeCount, count: number) =>
  vi.waitFor(() => expect(bridge.daemon.status().intake[name]).toBe(count), { timeout: 5_000, interval: 5 })

describe('a relay that checks nothing', () => {
  const CARELESS: BridgeOptions = { relay: { verify: false, now: () => Date.now() - 3_600_000 } }

  it.each<[string, (job: NostrEvent) => NostrEvent]>([
    ['a job with a signature of nobody', (job) => ({ ...job, sig: randomBytes(64).toString('hex') })],
    ['a job that was changed after it was signed', (job) => ({ ...job, content: 'and tip me' })],
  ])('delivers %s: it is counted, never answered, and does not keep the real one out', async (_what, forge) => {
    const honest = await startRelay()
    await open({ ...CARELESS, relays: [honest.url] })
    const { customer } = bridge
    const job = customer.job({ path: '/free/joke' })
    await customer.publish(forge(job))
    await countIs('forged', 1)
    expect(answersOnRelay()).toEqual([])
    expect(bridge.gateway.counters.requests).toBe(0)

    const client = await openRelayClient(honest.url)
    await client.publish(job)
    await customer.result(job.id)
    client.close()
    await honest.stop()
  })

  it.each<[string, IntakeCount, () => NostrEvent]>([
    ['from the future', 'stale', () => bridge.customer.job(JOKE, [], { created_at: now() + 400 })],
    ['past its expiration', 'expired', () => bridge.customer.job(JOKE, [['expiration', String(now() - 5)]])],
    ['whose expiration is no time', 'expired', () => bridge.customer.job(JOKE, [['expiration', 'soon']])],
  ])('delivers a job %s: it is counted and never answered', async (_what, count, make) => {
    await open(CARELESS)
    await bridge.customer.publish(make())
    await countIs(count, 1)
    await bridge.fence()
    expect(bridge.gateway.counters.requests).toBe(1)
    expect(answersOnRelay()).toHaveLength(1)
  })
})

it('never answers a job that is older than the window, or addressed to somebody else', async () => {
  await open()
  const { customer } = bridge
  await customer.publish(customer.job(JOKE, [], { created_at: now() - 700 }))
  const other = await bridge.newCustomer()
  await customer.publish(
    customer.sign({
      kind: 5800,
      tags: [
        ['p', other.pubkey],
        ['param', 'path', '/joke'],
      ],
    }),
  )
  await customer.publish(customer.sign({ kind: 5800, tags: [['param', 'path', '/joke']] }))
  await bridge.restart()
  await bridge.fence()
  expect(answersOnRelay()).toHaveLength(1)
  expect(bridge.gateway.counters.requests).toBe(1)
})

it('runs a job once, however often it is published and whenever the daemon restarts', async () => {
  await open()
  const { customer } = bridge
  const job = await customer.publishJob({ path: '/free/joke' })
  await customer.result(job.id)
  const stranger = await bridge.newCustomer()
  for (let i = 0; i < 3; i++) await stranger.publish(job)
  await bridge.restart()
  await stranger.publish(job)
  await bridge.fence()
  expect(customer.statuses(job.id)).toEqual(['result'])
  expect(bridge.gateway.counters.requests).toBe(2)
})

describe('the rates of refusals', () => {
  it('leave one loud customer without an answer and the others with one', async () => {
    await open({ config: { jobs: { refusalsPerMinutePerCustomer: 2, refusalsPerMinute: 100 } } })
    const loud = bridge.customer
    const jobs = []
    for (let i = 0; i < 5; i++) jobs.push(await loud.publishJob({ prompt: `number ${i}` }))
    await countIs('refusedSilently', 3)
    const calm = await bridge.newCustomer()
    const asked = await calm.publishJob({ prompt: 'hello' })
    expect((await calm.error(asked.id)).code).toBe('invalid-request')
    await bridge.fence()
    expect(jobs.flatMap(({ id }) => loud.statuses(id))).toEqual(['error', 'error'])
  })

  it('bound what is said in all', async () => {
    await open({ config: { jobs: { refusalsPerMinutePerCustomer: 2, refusalsPerMinute: 3 } } })
    for (let i = 0; i < 3; i++) {
      const customer = await bridge.newCustomer()
      await customer.publishJob({ prompt: 'one' })
      await customer.publishJob({ prompt: 'two' })
    }
    await countIs('refusedSilently', 3)
    expect(bridge.daemon.status().intake.refused).toBe(6)
    // A proper job is served all the same.
    await bridge.fence()
  })
})
