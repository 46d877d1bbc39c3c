/** Is each relay's verdict on each event the relay's own, and in time? */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { NostrEvent } from '../../../src/core/event.js'
import type { RelayPoolOptions } from '../../../src/nostr/relay-pool.js'
import type { RelayPool } from '../../../src/ports.js'
import { createListener, createMovedClock, createPoolFixture, shapeEvent } from '../../support/pool-fixture.js'
import { POLITE, startScriptedRelay, type Script, type ScriptedRelay } from '../../support/scripted-relay.js'

const until = (condition: () => unknown) =>
  vi.waitFor(() => expect(condition()).toBeTruthy(), { timeout: 5_000, interval: 5 })
const SILENT: Script = () => undefined

const relays: ScriptedRelay[] = []
const pools: RelayPool[] = []
let relay: ScriptedRelay

async function start(script: Script = POLITE): Promise<ScriptedRelay> {
  const started = await startScriptedRelay({ script })
  relays.push(started)
  return started
}

async function startDead(): Promise<string> {
  const gone = await startScriptedRelay()
  await gone.stop()
  return gone.url
}

function createFixture(options: Partial<RelayPoolOptions> = {}) {
  const fixture = createPoolFixture(createMovedClock(), options)
  pools.push(fixture.pool)
  return fixture
}

const idOf = (frame: readonly unknown[]) => (frame[1] as NostrEvent).id

beforeEach(async () => {
  relay = await start()
})
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.stop()))
  await Promise.all(relays.splice(0).map((started) => started.stop()))
})

describe('the verdict', () => {
  it('is matched by event id, in whatever order the relay answers', async () => {
    relay.follow(SILENT)
    const { pool } = createFixture()
    const events = [shapeEvent(), shapeEvent(), shapeEvent()]
    const verdicts = Promise.all(events.map((event) => pool.publish(event, relay.url)))
    await relay.waitForFrame('EVENT', 3)
    relay.send(['OK', events[2]?.id, false, 'blocked: no'])
    relay.send(['OK', 'f'.repeat(64), true, ''])
    relay.send(['OK', events[0]?.id, true, ''])
    relay.send(['OK', events[0]?.id, false, 'blocked: changed my mind'])
    relay.send(['OK', events[1]?.id, false, 'duplicate: have it'])
    expect((await verdicts).map(({ type }) => type)).toEqual(['accepted', 'accepted', 'refused'])
  })

  it('is "later" where no OK comes within ten seconds', async () => {
    relay.follow(SILENT)
    const { pool, clock } = createFixture()
    const verdict = pool.publish(shapeEvent(), relay.url)
    await relay.waitForFrame('EVENT')
    clock.advance(10_000)
    expect(await verdict).toEqual({ type: 'later', reason: 'no OK in time' })
  })

  it('is "later" at once where the connection is lost before the OK', async () => {
    relay.follow(SILENT)
    const { pool } = createFixture()
    const verdict = pool.publish(shapeEvent(), relay.url)
    await relay.waitForFrame('EVENT')
    relay.drop()
    expect(await verdict).toMatchObject({ type: 'later' })
  })

  it('is "later" where the relay is dead, and at once for the next event', async () => {
    const dead = await startDead()
    const { pool, clock } = createFixture()
    expect(await pool.publish(shapeEvent(), dead)).toMatchObject({
      type: 'later',
      reason: expect.stringContaining('ECONNREFUSED') as string,
    })
    expect(await pool.publish(shapeEvent(), dead)).toMatchObject({
      type: 'later',
      reason: expect.stringContaining('ECONNREFUSED') as string,
    })
    clock.advance(500)
    expect(await pool.publish(shapeEvent(), dead)).toMatchObject({ type: 'later' })
  })

  it('is "later" where the relay does not read', async () => {
    const { pool, clock } = createFixture()
    await pool.publish(shapeEvent(), relay.url)
    relay.freeze()
    const content = 'x'.repeat(1_000_000)
    const verdicts: string[] = []
    for (let count = 0; count < 40; count++)
      void pool.publish(shapeEvent({ content }), relay.url).then(({ type }) => verdicts.push(type))
    await until(() => verdicts.length)
    expect(new Set(verdicts)).toEqual(new Set(['later']))
    const stopped = pool.stop()
    clock.advance(1_000) // nor does it answer the closing handshake
    await stopped
  })

  it('is a refusal for the largest event where the relay hangs up on a frame that is too big', async () => {
    relay.follow(SILENT)
    const { pool } = createFixture()
    const verdicts = Promise.all(
      ['a', 'a'.repeat(5_000), 'a'.repeat(50)].map((content) => pool.publish(shapeEvent({ content }), relay.url)),
    )
    await relay.waitForFrame('EVENT', 3)
    relay.close(1_009)
    expect((await verdicts).map(({ type }) => type)).toEqual(['later', 'refused', 'later'])
  })

  it('is one and the same for an event that is published twice at once', async () => {
    const { pool } = createFixture()
    const event = shapeEvent()
    expect(await Promise.all([pool.publish(event, relay.url), pool.publish(event, relay.url)])).toEqual([
      { type: 'accepted' },
      { type: 'accepted' },
    ])
    expect(relay.framesOf('EVENT')).toHaveLength(1)
  })

  it('is a refusal for what is no relay and for what is no event', async () => {
    const { pool } = createFixture()
    expect(await pool.publish(shapeEvent(), 'https://example.com')).toMatchObject({ type: 'refused', tooLarge: false })
    expect(await pool.publish('{"kind":1}', relay.url)).toMatchObject({ type: 'refused', tooLarge: false })
  })
})

it('sends a text as it is, without writing it anew', async () => {
  const { pool } = createFixture()
  const { id, ...rest } = shapeEvent({ content: 'caf\u00e9' })
  const json = `{ "id" : "${id}",\n "extra": 1e2, ${JSON.stringify(rest).slice(1)}`.replace('"id" :', '"id":')
  expect(await pool.publish(json, relay.url)).toEqual({ type: 'accepted' })
  expect(relay.texts).toEqual([`["EVENT",${json}]`])
})

it('shares the connection of a subscription', async () => {
  const { pool } = createFixture()
  const { request, caughtUp } = createListener([relay.url])
  pool.subscribe(request)
  await until(() => caughtUp.length)
  await pool.publish(shapeEvent(), `${relay.url}`.slice(0, -1))
  expect(relay.connected).toBe(1)
})

it('sends on the next connection what was published while the line was down for a moment', async () => {
  const { pool, clock } = createFixture()
  const { request, caughtUp } = createListener([relay.url])
  pool.subscribe(request)
  await until(() => caughtUp.length)
  relay.drop()
  await until(() => !pool.status()[0]?.connected)
  const verdict = pool.publish(shapeEvent(), relay.url)
  clock.advance(500)
  expect(await verdict).toEqual({ type: 'accepted' })
})

describe('a connection that only publishing uses', () => {
  it('is closed after a minute without use, and opened again', async () => {
    const { pool, clock } = createFixture()
    await pool.publish(shapeEvent(), relay.url)
    clock.advance(24_000)
    await pool.publish(shapeEvent(), relay.url)
    expect([relay.connected, relay.open]).toEqual([1, 1])
    clock.advance(24_000)
    await until(() => relay.pings)
    await pool.publish(shapeEvent(), relay.url)
    clock.advance(24_000)
    await pool.fetch([relay.url], { kinds: [1] }, 1_000)
    await until(() => relay.pings)
    expect(relay.open).toBe(1)
    clock.advance(24_000)
    await until(() => relay.pings === 3)
    clock.advance(48_000)
    await until(() => relay.open === 0)
    expect(await pool.publish(shapeEvent(), relay.url)).toEqual({ type: 'accepted' })
    expect([relay.connected, pool.status()]).toEqual([2, []])
  })

  it('makes room for another one when there are too many, the longest idle first', async () => {
    const [second, third] = [await start(), await start()]
    const { pool, clock } = createFixture({ maxVisited: 2 })
    for (const { url } of [relay, second, third]) {
      expect(await pool.publish(shapeEvent(), url)).toEqual({ type: 'accepted' })
      clock.advance(1)
    }
    await until(() => relay.open === 0)
    expect([second.open, third.open]).toEqual([1, 1])
  })

  it('is not opened where all others are in use', async () => {
    relay.follow(SILENT)
    const second = await start()
    const { pool } = createFixture({ maxVisited: 1 })
    const busy = pool.publish(shapeEvent(), relay.url)
    expect(await pool.publish(shapeEvent(), second.url)).toEqual({ type: 'later', reason: 'too many relays at once' })
    expect(await pool.fetch([second.url], { kinds: [1] }, 1_000)).toEqual({ events: [], answered: 0 })
    await pool.stop()
    expect(await busy).toMatchObject({ type: 'later' })
    expect(second.connected).toBe(0)
  })
})

it('matches the events of many publishers of one relay while another is silent', async () => {
  const silent = await start(SILENT)
  const { pool, clock } = createFixture()
  const events = Array.from({ length: 200 }, () => shapeEvent())
  const there = Promise.all(events.map((event) => pool.publish(event, relay.url)))
  const nowhere = Promise.all(events.map((event) => pool.publish(event, silent.url)))
  expect((await there).every(({ type }) => type === 'accepted')).toBe(true)
  expect(relay.framesOf('EVENT').map(idOf)).toEqual(events.map(({ id }) => id))
  clock.advance(10_000)
  expect((await nowhere).every(({ type }) => type === 'later')).toBe(true)
})
