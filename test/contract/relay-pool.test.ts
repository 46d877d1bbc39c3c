/** Does the relay pool keep its promises against a real relay that dies, forgets and comes back? */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { NostrEvent } from '../../src/core/event.js'
import { startRelay, type DevRelay, type RelayOptions } from '../../src/dev/relay/relay.js'
import { pubkeyOf, signEvent, verifyEvent } from '../../src/nostr/event.js'
import type { RelayPool } from '../../src/ports.js'
import { createListener, createPoolFixture, systemClock } from '../support/pool-fixture.js'

const secretKey = randomBytes(32)
const seconds = () => Math.floor(Date.now() / 1_000)

function signJob(content: string, createdAt = seconds()): NostrEvent {
  const template = { kind: 5800, created_at: createdAt, tags: [], content }
  return signEvent(template, secretKey, pubkeyOf(secretKey), randomBytes(32))
}

const until = (condition: () => unknown) =>
  vi.waitFor(() => expect(condition()).toBeTruthy(), { timeout: 10_000, interval: 5 })

describe('a relay pool', () => {
  let relay: DevRelay
  let pool: RelayPool
  let publisher: RelayPool
  const relays: DevRelay[] = []

  async function start(options: RelayOptions = {}): Promise<DevRelay> {
    const started = await startRelay(options)
    relays.push(started)
    return started
  }

  const restart = (stopped: DevRelay) => start({ port: Number(new URL(stopped.url).port), stored: stopped.stored })

  beforeEach(async () => {
    relay = await start()
    pool = createPoolFixture(systemClock).pool
    publisher = createPoolFixture(systemClock).pool
  })
  afterEach(async () => {
    await Promise.all([pool.stop(), publisher.stop()])
    await Promise.all(relays.splice(0).map((started) => started.stop()))
  })

  it('delivers stored and live events, whole', async () => {
    const stored = signJob('stored')
    expect(await publisher.publish(stored, relay.url)).toEqual({ type: 'accepted' })
    const { request, heard, caughtUp } = createListener([relay.url])
    pool.subscribe(request)
    await until(() => caughtUp.length)
    const live = signJob('live')
    await publisher.publish(live, relay.url)
    await until(() => heard.length === 2)
    expect(heard.map(({ event }) => event)).toEqual([stored, live])
    expect(heard.every(({ event }) => verifyEvent(event))).toBe(true)
    expect(pool.status()).toEqual([
      {
        url: `${relay.url}/`,
        connected: true,
        listening: 1,
        lastError: null,
        proof: 'eose',
        provenAt: expect.any(Number) as number,
      },
    ])
  })

  it('hears what was published while the relay was away: of the same second, back-dated, and afterwards', async () => {
    const { request, heard, caughtUp } = createListener([relay.url])
    pool.subscribe(request)
    await until(() => caughtUp.length)
    const last = signJob('last before the gap')
    await publisher.publish(last, relay.url)
    await until(() => heard.length === 1)

    await relay.stop()
    const sameSecond = signJob('same second', last.created_at)
    const backDated = signJob('back-dated', last.created_at - 200)
    const offline = await start({ stored: relay.stored })
    await publisher.publish(sameSecond, offline.url)
    await publisher.publish(backDated, offline.url)
    await offline.stop()

    const returned = await restart(relay)
    await until(() => caughtUp.length === 2)
    expect(heard.map(({ event }) => event.content).sort()).toEqual(['back-dated', 'last before the gap', 'same second'])

    await publisher.publish(signJob('live again'), returned.url)
    await until(() => heard.length === 4)
  })

  it('hears a relay that was down when it subscribed', async () => {
    await relay.stop()
    const { request, heard, caughtUp } = createListener([relay.url])
    pool.subscribe(request)
    await until(() => pool.status()[0]?.lastError)
    expect(pool.status()[0]).toMatchObject({ connected: false, listening: 0 })
    const returned = await restart(relay)
    await until(() => caughtUp.length)
    await publisher.publish(signJob('hello'), returned.url)
    await until(() => heard.length === 1)
  })

  it('works the same beside a relay that is dead', async () => {
    const dead = await start()
    await dead.stop()
    const { request, heard, caughtUp } = createListener([dead.url, relay.url])
    pool.subscribe(request)
    await until(() => caughtUp.length)
    const job = signJob('hello')
    const verdicts = await Promise.all([publisher.publish(job, dead.url), publisher.publish(job, relay.url)])
    expect(verdicts.map(({ type }) => type)).toEqual(['later', 'accepted'])
    await until(() => heard.length === 1)
    const { events, answered } = await pool.fetch([dead.url, relay.url], { kinds: [5800] }, 2_000)
    expect({ ids: events.map(({ id }) => id), answered }).toEqual({ ids: [job.id], answered: 1 })
  })

  it('does not let the refusal of one relay disturb another', async () => {
    const refusing = await start({ answer: () => ({ ok: false, reason: 'blocked: not here' }) })
    const job = signJob('hello')
    expect(await Promise.all([pool.publish(job, refusing.url), pool.publish(job, relay.url)])).toEqual([
      { type: 'refused', reason: 'blocked: not here', tooLarge: false },
      { type: 'accepted' },
    ])
  })

  it('takes the same event again as accepted, and an event that is too large as such', async () => {
    const job = signJob('hello')
    await pool.publish(job, relay.url)
    expect(await pool.publish(JSON.stringify(job), relay.url)).toEqual({ type: 'accepted' })
    expect(await pool.publish(signJob('x'.repeat(70_000)), relay.url)).toMatchObject({
      type: 'refused',
      tooLarge: true,
    })
  })

  it('learns from the relay hanging up that a frame was too large, and goes on', async () => {
    const verdicts = await Promise.all([
      pool.publish(signJob('small'), relay.url),
      pool.publish(signJob('x'.repeat(200_000)), relay.url),
    ])
    expect(verdicts[1]).toMatchObject({ type: 'refused', tooLarge: true })
    await vi.waitFor(async () => expect(await pool.publish(signJob('next'), relay.url)).toEqual({ type: 'accepted' }), {
      timeout: 5_000,
    })
  })

  it('publishes a hundred events at once and matches each OK', async () => {
    const jobs = Array.from({ length: 100 }, (_, index) => signJob(`job ${index}`))
    const verdicts = await Promise.all(jobs.map((job) => pool.publish(job, relay.url)))
    expect(verdicts.every(({ type }) => type === 'accepted')).toBe(true)
    expect(relay.counts.stored).toBe(100)
    expect(relay.counts.connections).toBe(1)
  })

  it('fetches from several relays without duplicates and closes its requests', async () => {
    const second = await start()
    const shared = signJob('shared')
    const own = signJob('own')
    await Promise.all([publisher.publish(shared, relay.url), publisher.publish(shared, second.url)])
    await publisher.publish(own, second.url)
    const { events, answered } = await pool.fetch([relay.url, second.url], { authors: [shared.pubkey] }, 5_000)
    expect(events.map(({ content }) => content).sort()).toEqual(['own', 'shared'])
    expect(answered).toBe(2)
    await until(() => relay.counts.subscriptions === 0 && second.counts.subscriptions === 0)
  })

  it('leaves nothing open when it is stopped', async () => {
    const { request, caughtUp } = createListener([relay.url])
    pool.subscribe(request)
    await until(() => caughtUp.length)
    await pool.stop()
    await until(() => relay.counts.connections === 0)
    expect(await pool.publish(signJob('late'), relay.url)).toMatchObject({ type: 'later' })
    expect(await pool.fetch([relay.url], { kinds: [1] }, 1_000)).toEqual({ events: [], answered: 0 })
    expect(relay.counts.connections).toBe(0)
  })
})
