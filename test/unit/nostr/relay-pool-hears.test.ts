/** Does a subscription come back from everything that ends it, without losing or doubling what it must not? */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RelayPool } from '../../../src/ports.js'
import {
  createListener,
  createMovedClock,
  createPoolFixture,
  shapeEvent,
  systemClock,
} from '../../support/pool-fixture.js'
import { POLITE, startScriptedRelay, type ScriptedRelay } from '../../support/scripted-relay.js'

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

describe('after a lost connection', () => {
  it('asks again from its cursor less the overlap', async () => {
    const { pool, clock, cursors, key } = createFixture()
    const { request, sinces, caughtUp } = createListener([relay.url])
    pool.subscribe(request)
    await until(() => caughtUp.length === 1)
    clock.advance(60_000)
    expect(cursors.saved.get(key)).toBe(NOW)
    relay.drop()
    await until(() => !pool.status()[0]?.connected)
    clock.advance(500)
    await until(() => caughtUp.length === 2)
    expect(sinces).toEqual([undefined, NOW - 300])
  })

  it('waits longer after each attempt that fails, up to a minute', async () => {
    const { pool, clock, log } = createFixture()
    const { port } = relay
    await relay.stop()
    pool.subscribe(createListener([`ws://127.0.0.1:${port}`]).request)
    const failures = () => log.lines.filter(({ event }) => event === 'relay not reached').length
    for (const [index, ceiling] of [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000].entries()) {
      await until(() => failures() === index + 1)
      clock.advance(ceiling * 0.99)
      expect(failures()).toBe(index + 1)
      clock.advance(ceiling * 0.01)
    }
    await until(() => failures() === 10)
    expect(log.lines.filter(({ level }) => level === 'warn')).toHaveLength(1)
    relay = await startScriptedRelay({ port })
    clock.advance(60_000)
    await until(() => pool.status()[0]?.listening)
  })

  it('is fast again once a connection has lasted', async () => {
    const { pool, clock } = createFixture()
    pool.subscribe(createListener([relay.url]).request)
    for (let connection = 1; connection <= 4; connection++) {
      await until(() => relay.connected === connection && pool.status()[0]?.listening)
      clock.advance(34_000)
      relay.drop()
      await until(() => !pool.status()[0]?.connected)
      clock.advance(500)
    }
    await until(() => relay.connected === 5)
  })
})

describe('a silent line', () => {
  it('is cut when a ping stays unanswered, and replaced', async () => {
    const { pool, clock } = createFixture()
    const { request, caughtUp } = createListener([relay.url])
    pool.subscribe(request)
    await until(() => caughtUp.length === 1)
    relay.freeze()
    clock.advance(50_000)
    await until(() => pool.status()[0]?.lastError === 'silent: no answer to a ping')
    clock.advance(500)
    await until(() => caughtUp.length === 2)
  })

  it('is kept while pongs come', async () => {
    const { pool, clock } = createFixture()
    const { request, caughtUp, heard } = createListener([relay.url])
    pool.subscribe(request)
    await until(() => caughtUp.length === 1)
    for (let pings = 1; pings <= 5; pings++) {
      clock.advance(25_000)
      await until(() => relay.pings === pings)
      relay.send(['EVENT', relay.framesOf('REQ')[0]?.[1], shapeEvent()]) // arrives behind the pong
      await until(() => heard.length === pings)
    }
    expect(relay.connected).toBe(1)
  })

  it('is given up when the handshake does not end', async () => {
    const { createServer } = await import('node:net')
    const mute = createServer((socket) => socket.on('error', () => undefined)).listen(0, '127.0.0.1')
    await until(() => mute.listening)
    const { pool, clock } = createFixture()
    pool.subscribe(createListener([`ws://127.0.0.1:${(mute.address() as { port: number }).port}`]).request)
    clock.advance(10_000)
    await until(() => pool.status()[0]?.lastError === 'the handshake took too long')
    await pool.stop()
    await new Promise((resolve) => mute.close(resolve))
  })
})

describe('a refused request', () => {
  it('is sent again with back-off on the same connection', async () => {
    let refusals = 3
    relay.follow((frame, send) => {
      if (frame[0] === 'REQ' && refusals-- > 0) return send(['CLOSED', frame[1], 'error: busy'])
      POLITE(frame, send)
    })
    const { pool, clock, log } = createFixture()
    const { request, caughtUp } = createListener([relay.url])
    pool.subscribe(request)
    const refused = () => log.lines.filter(({ event }) => event === 'subscription not heard').length
    for (const [index, delay] of [1_000, 2_000, 4_000].entries()) {
      await until(() => refused() === index + 1)
      expect(pool.status()[0]?.listening).toBe(0)
      clock.advance(delay * 0.99)
      expect(relay.framesOf('REQ')).toHaveLength(index + 1)
      clock.advance(delay * 0.01)
    }
    await until(() => caughtUp.length)
    expect([relay.connected, pool.status()[0]?.listening]).toEqual([1, 1])
  })

  it('is sent again where it ends after it was answered', async () => {
    const { pool, clock } = createFixture()
    const { request, caughtUp, heard } = createListener([relay.url])
    pool.subscribe(request)
    await until(() => caughtUp.length === 1)
    const [, first] = await relay.waitForFrame('REQ')
    relay.send(['CLOSED', first, ''])
    await until(() => pool.status()[0]?.listening === 0)
    clock.advance(1_000)
    await until(() => caughtUp.length === 2)
    const [, second] = await relay.waitForFrame('REQ', 2)
    relay.send(['EVENT', second, shapeEvent()])
    await until(() => heard.length)
  })

  it('is sent again where it is never answered', async () => {
    relay.follow(() => undefined)
    const { pool, clock } = createFixture()
    pool.subscribe(createListener([relay.url]).request)
    const [, first] = await relay.waitForFrame('REQ')
    clock.advance(24_000)
    relay.follow(POLITE)
    for (let strides = 0; strides < 3; strides++) {
      clock.advance(12_500)
      await until(() => relay.pings > strides / 2)
    }
    await relay.waitForFrame('CLOSE')
    expect(relay.framesOf('CLOSE')[0]).toEqual(['CLOSE', first])
    clock.advance(1_000)
    await until(() => pool.status()[0]?.listening === 1)
  })
})

it('closes its request, and later its connection, when the subscription is closed', async () => {
  const { pool, clock } = createFixture()
  const { request, caughtUp } = createListener([relay.url])
  const subscription = pool.subscribe(request)
  await until(() => caughtUp.length)
  subscription.close()
  await relay.waitForFrame('CLOSE')
  expect(pool.status()).toEqual([])
  clock.advance(20_000)
  expect(relay.open).toBe(1)
  await until(() => {
    clock.advance(10_000)
    return relay.open === 0
  })
})

it('leaves no timer and no socket behind', async () => {
  const { pool, clock } = createFixture()
  const { port } = await startScriptedRelay().then(async (gone) => (await gone.stop(), gone))
  pool.subscribe(createListener([relay.url, `ws://127.0.0.1:${port}`]).request)
  await until(() => pool.status().every(({ connected, lastError }) => connected || lastError))
  const waiting = pool.publish(shapeEvent(), relay.url)
  await Promise.all([pool.stop(), pool.stop()])
  expect(['accepted', 'later']).toContain((await waiting).type)
  await until(() => relay.open === 0)
  expect(clock.waiting).toBe(0)
})

it('hears within a few milliseconds', async () => {
  const { pool } = createPoolFixture(systemClock)
  pools.push(pool)
  const arrivals: number[] = []
  const { request, caughtUp } = createListener([relay.url], { onEvent: () => arrivals.push(performance.now()) })
  pool.subscribe(request)
  await until(() => caughtUp.length)
  const [, id] = await relay.waitForFrame('REQ')
  const delays: number[] = []
  for (let round = 0; round < 50; round++) {
    const sent = performance.now()
    relay.send(['EVENT', id, shapeEvent()])
    while (arrivals.length <= round) await new Promise(setImmediate)
    delays.push((arrivals[round] ?? 0) - sent)
  }
  expect(delays.sort((a, b) => a - b)[25]).toBeLessThan(5)
})
