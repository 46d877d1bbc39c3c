/** Is what relays say of a request understood: that there is more, that it is not for us, that they do not know us yet? */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { NostrEvent } from '../../../src/core/event.js'
import type { RelayPoolOptions } from '../../../src/nostr/relay-pool.js'
import type { RelayPool } from '../../../src/ports.js'
import { createListener, createMovedClock, createPoolFixture, shapeEvent } from '../../support/pool-fixture.js'
import { POLITE, startScriptedRelay, type ScriptedRelay } from '../../support/scripted-relay.js'

const NOW = 1_800_000_000
const until = (condition: () => unknown) =>
  vi.waitFor(() => expect(condition()).toBeTruthy(), { timeout: 5_000, interval: 5 })

let relay: ScriptedRelay
const pools: RelayPool[] = []
beforeEach(async () => {
  relay = await startScriptedRelay()
})
afterEach(async () => {
  await relay.stop()
  await Promise.all(pools.splice(0).map((pool) => pool.stop()))
})

function open(options: Partial<RelayPoolOptions> = {}) {
  const fixture = createPoolFixture(createMovedClock(NOW * 1_000), options)
  pools.push(fixture.pool)
  const refused = () => fixture.log.lines.filter(({ event }) => event === 'subscription not heard')
  return { ...fixture, refused, key: `jobs ${relay.url}` }
}

/** Time passes in strides that no silence is cut in; each ends with a round trip. */
async function pass(clock: { advance(ms: number): void }, ms: number) {
  for (let left = ms; left > 0; left -= 20_000) {
    const pings = relay.pings
    clock.advance(Math.min(left, 20_000))
    await until(() => relay.pings >= pings)
    await new Promise(setImmediate)
  }
}

describe('EOSE with a hint (NIP-67)', () => {
  const page = (count: number, newest: number) =>
    Array.from({ length: count }, (_, index) => shapeEvent({ created_at: newest - index }))

  it('"finish" ends the paging of a full page', async () => {
    const events = page(100, NOW)
    relay.follow(([label, id], send) => {
      if (label !== 'REQ') return
      for (const event of events) send(['EVENT', id, event])
      send(['EOSE', id, 'finish'])
    })
    const { pool } = open()
    const { request, heard, caughtUp } = createListener([relay.url])
    pool.subscribe(request)
    await until(() => caughtUp.length)
    expect([heard.length, relay.framesOf('REQ').length]).toEqual([100, 1])
  })

  it('"more" goes on behind a page of three, and an empty page is the last in any case', async () => {
    const events = page(7, NOW)
    relay.follow(([label, id, filter], send) => {
      if (label !== 'REQ') return
      const { until: end = Infinity } = filter as { until?: number }
      for (const event of events.filter(({ created_at }) => created_at <= end).slice(0, 3)) send(['EVENT', id, event])
      send(['EOSE', id, 'more'])
    })
    const { pool } = open()
    const { request, heard, caughtUp } = createListener([relay.url])
    pool.subscribe(request)
    await until(() => caughtUp.length)
    expect(new Set(heard.map(({ event }) => event.id)).size).toBe(7)
    expect(relay.framesOf('REQ').length).toBeLessThan(12)
  })
})

describe('a request that is ruled out', () => {
  const ruleOut = (reason: string) =>
    relay.follow((frame, send) => {
      if (frame[0] === 'REQ') return send(['CLOSED', frame[1], reason])
      POLITE(frame, send)
    })

  it.each(['restricted: members only', 'blocked: not you'])('"%s" is shown, and tried again slowly', async (reason) => {
    ruleOut(reason)
    const { pool, refused } = open()
    pool.subscribe(createListener([relay.url]).request)
    await until(() => refused().length)
    expect(refused()[0]?.fields.retryInMs).toBeGreaterThan(400_000)
    expect(pool.status()[0]).toMatchObject({ connected: true, listening: 0, lastError: `jobs: ${reason}`, proof: null })
  })

  it.each(['restricted: kinds', 'invalid: too many filters', 'ERROR: bad req: unknown filter'])(
    'with the filter of the echo ("%s") is sent without it at once',
    async (reason) => {
      relay.follow((frame, send) => {
        if (frame[0] === 'REQ' && frame.length > 3) return send(['CLOSED', frame[1], reason])
        POLITE(frame, send)
      })
      const { pool, clock, refused } = open()
      const { request, caughtUp } = createListener([relay.url], {
        echo: { kinds: [27_402], authors: ['ab'.repeat(32)] },
      })
      pool.subscribe(request)
      await until(() => refused().length)
      clock.advance(1_000)
      await until(() => caughtUp.length)
      expect(relay.framesOf('REQ').map((frame) => frame.length)).toEqual([4, 3])
      const proving = pool.prove(shapeEvent({ kind: 27_402 }), relay.url, 5_000)
      expect(await proving).toBe('eose')
      expect(relay.framesOf('EVENT')).toEqual([])
    },
  )

  it('for the moment keeps the echo', async () => {
    let busy = true
    relay.follow((frame, send) => {
      if (frame[0] === 'REQ' && busy) {
        busy = false
        return send(['CLOSED', frame[1], 'rate-limited: slow down'])
      }
      POLITE(frame, send)
    })
    const { pool, clock, refused } = open()
    const { request, caughtUp } = createListener([relay.url], { echo: { kinds: [27_402] } })
    pool.subscribe(request)
    await until(() => refused().length)
    clock.advance(1_000)
    await until(() => caughtUp.length)
    expect(relay.framesOf('REQ').map((frame) => frame.length)).toEqual([4, 4])
  })
})

describe('a subscription that looks back', () => {
  it('asks so far before its cursor, whatever the usual overlap, and pages back-dated events to the end', async () => {
    const LOOK_BACK = 2 * 86_400 + 3_600
    // Published now, and dated anywhere within two days: in no order that tells anything.
    const wraps = Array.from({ length: 95 }, (_, index) =>
      shapeEvent({ kind: 1_059, created_at: NOW - ((index * 7_919) % 172_800) }),
    )
    relay.follow(([label, id, filter], send) => {
      if (label !== 'REQ') return
      const { since = 0, until: end = Infinity } = filter as { since?: number; until?: number }
      const matching = wraps.filter(({ created_at }) => created_at >= since && created_at <= end)
      for (const event of matching.sort((a, b) => b.created_at - a.created_at).slice(0, 20)) send(['EVENT', id, event])
      send(['EOSE', id])
    })
    const { pool, cursors, key } = open()
    cursors.saved.set(key, NOW - 60)
    const sinces: (number | undefined)[] = []
    const { request, heard, caughtUp } = createListener([relay.url], {
      lookBackSeconds: LOOK_BACK,
      filters: (since) => {
        sinces.push(since)
        return [{ kinds: [1_059], since: since ?? 0 }]
      },
    })
    pool.subscribe(request)
    await until(() => caughtUp.length)
    expect(sinces).toEqual([NOW - 60 - LOOK_BACK])
    expect(new Set(heard.map(({ event }) => event.id)).size).toBe(95)
  })
})

describe('an answer that a stranger got', () => {
  it('does not move the cursor: what was kept from us is asked for again, from the same time', async () => {
    let finish: () => void = () => undefined
    const held = new Promise<void>((resolve) => (finish = resolve))
    const authentication = shapeEvent({ kind: 22_242 })
    const { pool, clock, cursors, key } = open({
      own: new Set([relay.url]),
      authenticate: async () => held.then(() => authentication),
    })
    cursors.saved.set(key, NOW - 90_000)
    const answers: (() => void)[] = []
    relay.follow((frame, send) => {
      if (frame[0] === 'REQ') answers.push(() => send(['EOSE', frame[1]]))
      if (frame[0] === 'AUTH') send(['OK', (frame[1] as NostrEvent).id, true, ''])
    })
    const { request, caughtUp, sinces } = createListener([relay.url])
    pool.subscribe(request)
    await until(() => answers.length === 1)
    relay.send(['AUTH', 'who?'])
    answers[0]?.()
    await until(() => caughtUp.length === 1)
    await pass(clock, 5_000)
    expect(cursors.writes).toEqual([])
    finish()
    await until(() => answers.length === 2)
    answers[1]?.()
    await until(() => caughtUp.length === 2)
    clock.advance(1_000)
    expect(sinces).toEqual([NOW - 90_300, NOW - 90_300])
    expect(cursors.writes).toHaveLength(1)
  })
})

it('a notice is noted, and nothing else', async () => {
  const { pool, log } = open()
  const { request, caughtUp, heard } = createListener([relay.url])
  pool.subscribe(request)
  await until(() => caughtUp.length)
  relay.send(['NOTICE', 'maintenance at noon'])
  const [, id] = await relay.waitForFrame('REQ')
  relay.send(['EVENT', id, shapeEvent()])
  await until(() => heard.length)
  expect(log.lines).toContainEqual({
    level: 'debug',
    event: 'relay notice',
    fields: { relay: relay.url, notice: 'maintenance at noon' },
  })
  expect(pool.status()[0]).toMatchObject({ listening: 1, lastError: null })
})
