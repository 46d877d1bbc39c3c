/** Who is told that we serve, and do we say truly who took it? */
import { describe, expect, it } from 'vitest'
import { tagValue } from '../../../src/core/event.js'
import { createPresence } from '../../../src/engine/presence.js'
import { verifyEvent } from '../../../src/nostr/event.js'
import { createKeySigner } from '../../../src/nostr/signer.js'
import type { PublishVerdict, Signer } from '../../../src/ports.js'
import { createMemoryStore } from '../../../src/stores/memory-store.js'
import { createFakeClock, settled } from '../../support/fake-clock.js'
import { ACCEPTED, createScriptedPool, LATER, REFUSED } from '../../support/scripted-pool.js'
import { createLogRecorder } from '../../support/store-parts.js'

const [A, B, C] = ['wss://a.test/', 'wss://b.test/', 'wss://c.test/'] as const
const HOUR_MS = 3_600_000

function createWorld(
  options: { store?: ReturnType<typeof createMemoryStore>; signer?: Signer; listing?: boolean } = {},
) {
  const { store = createMemoryStore(), signer = createKeySigner(Buffer.alloc(32, 7)), listing = true } = options
  const [clock, pool, log] = [createFakeClock(), createScriptedPool(), createLogRecorder()]
  const urls = listing ? ['https://api.test'] : []
  const facts = { identifier: 'tollbridge', name: 'Jokes', about: '', picture: null, topics: [], kinds: [5800], urls }
  const presence = createPresence({
    announcement: { ...facts, capabilities: [] },
    publish31402: true,
    writeRelays: [A, B, C],
    refreshMs: 12 * HOUR_MS,
    ...{ signer, relays: pool, store, clock, log },
  })
  const times = (kind: number): number[] => [
    ...new Set(pool.published.flatMap(({ event }) => (event.kind === kind ? event.created_at : []))),
  ]
  return { presence, pool, clock, store, log, times }
}

describe('an announcement', () => {
  it('tells the true outcome at each relay', async () => {
    const { presence, pool } = createWorld({ listing: false })
    pool.script(B, REFUSED)
    pool.script(C, LATER)
    const outcomes = await presence.announce()
    expect(outcomes.map(({ kind, relay, verdict, reason }) => [kind, relay, verdict, reason])).toEqual([
      [31990, A, 'accepted', null],
      [31990, B, 'refused', 'blocked: not here'],
      [31990, C, 'later', 'no connection'],
    ])
    expect(pool.published.every(({ event }) => verifyEvent(event) && event.id === outcomes[0]?.eventId)).toBe(true)
  })

  it('is listed as a paid service only where the API has a public URL', async () => {
    const [open, hidden] = [createWorld(), createWorld({ listing: false })]
    await Promise.all([open.presence.announce(), hidden.presence.announce()])
    expect([open.times(31402).length, hidden.times(31402).length]).toEqual([1, 0])
  })

  it('is newer than every one before, within one second and after a restart with a clock set back', async () => {
    const first = createWorld()
    for (let times = 0; times < 3; times += 1) await first.presence.announce()
    const [a = 0, b = 0, c = 0] = first.times(31990)
    expect([b - a, c - b]).toEqual([1, 1])
    const second = createWorld({ store: first.store })
    await second.presence.retire()
    expect(second.times(5)).toEqual([c + 1])
  })

  it('is repeated at every refresh, and sooner where a relay deferred it', async () => {
    const { presence, pool, clock, times } = createWorld()
    presence.start()
    await clock.advance(24 * HOUR_MS)
    expect(times(31990)).toHaveLength(3)
    pool.script(A, LATER, LATER, ACCEPTED)
    await clock.advance(12 * HOUR_MS + 60_000)
    expect(times(31990)).toHaveLength(5)
  })

  it('is tried again where the signer does not answer', async () => {
    const key = createKeySigner(Buffer.alloc(32, 7))
    let down = true
    const sign: Signer['sign'] = (template) => (down ? Promise.reject(new Error('away')) : key.sign(template))
    const { presence, clock, times } = createWorld({ signer: { ...key, sign } })
    presence.start()
    await settled()
    down = false
    await clock.advance(60_000)
    expect(times(31990)).toHaveLength(1)
  })
})

describe('retiring', () => {
  it('asks relays to delete both announcements, and ends the refreshes', async () => {
    const { presence, pool, clock, times } = createWorld()
    presence.start()
    await settled()
    const outcomes = await presence.retire()
    expect(outcomes.map(({ kind, verdict }) => [kind, verdict])).toEqual(Array(3).fill([5, 'accepted']))
    const deletion = pool.published.at(-1)?.event
    expect(deletion && tagValue(deletion, 'a')).toMatch(/^31990:[0-9a-f]{64}:tollbridge$/)
    await clock.advance(48 * HOUR_MS)
    expect(times(31990)).toHaveLength(1)
    expect(clock.timers()).toBe(0)
  })

  it.each(['retire', 'stop'] as const)('lasts, also where a refresh was under way: %s', async (how) => {
    const { presence, pool, clock, times } = createWorld()
    let say = (_: PublishVerdict) => undefined as void
    pool.script(A, new Promise<PublishVerdict>((resolve) => (say = resolve)), ACCEPTED)
    presence.start()
    await settled()
    await presence[how]()
    say(ACCEPTED)
    await clock.advance(48 * HOUR_MS)
    expect(times(31990)).toHaveLength(1)
    expect(clock.timers()).toBe(0)
  })
})
