/** Does a subscription know up to when it has heard everything? */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RelayPool } from '../../../src/ports.js'
import { createListener, createMovedClock, createPoolFixture, shapeEvent } from '../../support/pool-fixture.js'
import { startScriptedRelay, type ScriptedRelay } from '../../support/scripted-relay.js'

const NOW = 1_800_000_000
const until = (condition: () => unknown) =>
  vi.waitFor(() => expect(condition()).toBeTruthy(), { timeout: 5_000, interval: 5 })

let relay: ScriptedRelay
const pools: RelayPool[] = []

function createFixture() {
  const fixture = createPoolFixture(createMovedClock(NOW * 1_000))
  pools.push(fixture.pool)
  return { ...fixture, key: `jobs ${relay.url}` }
}

beforeEach(async () => {
  relay = await startScriptedRelay()
})
afterEach(async () => {
  await relay.stop()
  await Promise.all(pools.splice(0).map((pool) => pool.stop()))
})

describe('the cursor', () => {
  const [older, old] = [shapeEvent({ created_at: NOW - 1_000 }), shapeEvent({ created_at: NOW - 10 })]

  it('does not move before EOSE, though events came', async () => {
    relay.follow(([label, id], send) => {
      if (label === 'REQ') for (const event of [old, older]) send(['EVENT', id, event])
    })
    const { pool, cursors } = createFixture()
    const { request, heard } = createListener([relay.url])
    pool.subscribe(request)
    await until(() => heard.length === 2)
    await pool.stop()
    expect(cursors.writes).toEqual([])
  })

  it('is the time of the request once EOSE has come, then follows events, and never passes now', async () => {
    const { pool, clock, cursors, key } = createFixture()
    const { request, heard, caughtUp } = createListener([relay.url])
    pool.subscribe(request)
    await until(() => caughtUp.length)
    clock.advance(20_000)
    expect(cursors.saved.get(key)).toBe(NOW)
    const [, id] = await relay.waitForFrame('REQ')
    relay.send(['EVENT', id, shapeEvent({ created_at: NOW + 15 })])
    await until(() => heard.length === 1)
    clock.advance(1_000)
    expect(cursors.saved.get(key)).toBe(NOW + 15)
    relay.send(['EVENT', id, shapeEvent({ created_at: NOW + 86_400 })])
    await until(() => heard.length === 2)
    clock.advance(1_000)
    expect(cursors.saved.get(key)).toBe(NOW + 21)
  })

  it('follows an event that is known from another relay', async () => {
    const { pool, clock, cursors, key } = createFixture()
    const { request, ids, caughtUp, heard } = createListener([relay.url])
    pool.subscribe(request)
    await until(() => caughtUp.length)
    clock.advance(20_000)
    const [known, fresh] = [shapeEvent({ created_at: NOW + 15 }), shapeEvent({ created_at: NOW })]
    ids.add(known.id)
    const [, id] = await relay.waitForFrame('REQ')
    relay.send(['EVENT', id, known])
    relay.send(['EVENT', id, fresh])
    await until(() => heard.length)
    clock.advance(1_000)
    expect([heard.length, cursors.saved.get(key)]).toEqual([1, NOW + 15])
  })
})

describe('a relay that holds stored events back', () => {
  /** Answers each REQ with the newest hundred, as relays do. */
  const serve = (stored: ReturnType<typeof shapeEvent>[]) =>
    relay.follow(([label, id, filter], send) => {
      if (label !== 'REQ') return
      const { kinds, until: end = Infinity } = filter as { kinds: number[]; until?: number }
      const matching = stored.filter(({ kind, created_at }) => kinds.includes(kind) && created_at <= end)
      const newest = matching.sort((a, b) => b.created_at - a.created_at).slice(0, 100)
      for (const event of newest) send(['EVENT', id, event])
      send(['EOSE', id])
    })
  const many = (kind: number) =>
    Array.from({ length: 450 }, (_, index) => shapeEvent({ kind, created_at: NOW - index }))

  it('is paged to the end before it counts as caught up', async () => {
    serve(many(5800))
    const { pool, cursors } = createFixture()
    const { request, heard, caughtUp } = createListener([relay.url])
    pool.subscribe(request)
    await until(() => caughtUp.length)
    expect([heard.length, cursors.writes.length]).toEqual([450, 0])
    await until(() => relay.framesOf('CLOSE').length === relay.framesOf('REQ').length - 1)
  })

  it('is paged for each filter of its own', async () => {
    serve([...many(5800), ...many(5).map((event, index) => ({ ...event, created_at: NOW - 10 * index }))])
    const { pool } = createFixture()
    const filters = () => [{ kinds: [5800] }, { kinds: [5] }]
    const { request, heard, caughtUp } = createListener([relay.url], { filters })
    pool.subscribe(request)
    await until(() => caughtUp.length)
    expect(heard.length).toBe(900)
  })

  it('is not paged for ever where it ignores the page', async () => {
    const stored = many(5800).slice(0, 50)
    relay.follow(([label, id], send) => {
      if (label !== 'REQ') return
      for (const event of stored) send(['EVENT', id, event])
      send(['EOSE', id])
    })
    const { pool } = createFixture()
    const { request, caughtUp } = createListener([relay.url])
    pool.subscribe(request)
    await until(() => caughtUp.length)
    expect(relay.framesOf('REQ').length).toBeLessThan(60)
  })

  it('is not paged where the subscription set a limit', async () => {
    serve(many(5800))
    const { pool } = createFixture()
    const { request, heard, caughtUp } = createListener([relay.url], { filters: () => [{ kinds: [5800], limit: 100 }] })
    pool.subscribe(request)
    await until(() => caughtUp.length)
    expect([heard.length, relay.framesOf('REQ').length]).toEqual([100, 1])
  })
})

describe('a clock that is set back', () => {
  it('is noticed within a minute, and the relay is asked anew from the time that it is', async () => {
    const time = createMovedClock(NOW * 1_000)
    let setBackMs = 0
    const now = () => time.now() - setBackMs
    const { pool, log } = createPoolFixture({ now, after: (delayMs, run) => time.after(delayMs, run) })
    pools.push(pool)
    const { request, heard, caughtUp } = createListener([relay.url], {
      filters: () => [{ kinds: [5800], since: Math.floor(now() / 1_000) - 600 }],
    })
    pool.subscribe(request)
    await until(() => caughtUp.length === 1)
    const [, id] = await relay.waitForFrame('REQ')
    /** Less than a silence that would cut the line. */
    const passTwentySeconds = async () => {
      const before = heard.length
      time.advance(20_000)
      relay.send(['EVENT', id, shapeEvent()])
      await until(() => heard.length > before)
    }

    for (let times = 0; times < 4; times += 1) await passTwentySeconds()
    expect(relay.framesOf('REQ')).toHaveLength(1)
    setBackMs = 86_400_000
    await passTwentySeconds()
    time.advance(20_000)
    await until(() => caughtUp.length === 2)
    const asked = await relay.waitForFrame('REQ', 2)
    expect(asked[2]).toMatchObject({ since: NOW + 120 - 86_400 - 600 })
    expect(log.lines.map(({ event }) => event)).toContain('the clock was set back, asked anew')
  })
})
