/** Are lists of relays found, believed only where they are genuine, and not asked for again and again? */
import { describe, expect, it } from 'vitest'
import type { Filter, NostrEvent } from '../../../src/core/event.js'
import type { Pubkey } from '../../../src/core/identifiers.js'
import { pubkeyOf, signEvent } from '../../../src/nostr/event.js'
import { createRelayLists } from '../../../src/nostr/relay-lists.js'
import { createFakeClock } from '../../support/fake-clock.js'

const HOUR_MS = 3_600_000
const SOURCES = ['wss://own.test/', 'wss://lookup.test/']

const keyOf = (seed: number): Uint8Array => Buffer.alloc(32, seed)
const personOf = (seed: number): Pubkey => pubkeyOf(keyOf(seed))
const [ALICE, BOB] = [personOf(1), personOf(2)]

function listBy(seed: number, kind: 10002 | 10050, urls: readonly string[], created_at = 1_000): NostrEvent {
  const tags = urls.map((url) => [kind === 10002 ? 'r' : 'relay', url])
  return signEvent({ kind, created_at, tags, content: '' }, keyOf(seed), personOf(seed), Buffer.alloc(32, 9))
}

function createWorld({ max = 3, allowPrivate = false, delayMs = 0 } = {}) {
  const clock = createFakeClock()
  const world = { stored: [] as NostrEvent[], asked: [] as Filter[], answered: 2 }
  const lists = createRelayLists({
    relays: {
      fetch(_relays, filter) {
        world.asked.push(filter)
        const events = world.stored.filter(({ pubkey }) => filter.authors?.includes(pubkey))
        const { answered } = world
        return new Promise((resolve) => {
          if (delayMs === 0) resolve({ events, answered })
          else clock.after(delayMs, () => resolve({ events, answered }))
        })
      },
    },
    sources: SOURCES,
    rules: { max, allowPrivate, own: new Set(['ws://127.0.0.1:7777/']) },
    clock,
  })
  /** What is said once the clock has moved as far as a look-up takes. */
  const after = async <T>(promise: Promise<T>, ms = 2_000): Promise<T> => {
    await clock.advance(ms)
    return promise
  }
  return Object.assign(world, { clock, lists, after })
}

describe('relay lists', () => {
  it('tell where somebody reads, and where somebody takes gift wraps', async () => {
    const { lists, stored, after } = createWorld()
    stored.push(listBy(1, 10002, ['wss://read.test']), listBy(1, 10050, ['wss://inbox.test']))
    expect(await after(lists.readRelays(ALICE))).toEqual(['wss://read.test/'])
    expect(await lists.inboxRelays(ALICE)).toEqual(['wss://inbox.test/'])
    expect(await after(lists.readRelays(BOB))).toEqual([])
  })

  it('are asked for once, however many jobs there are', async () => {
    const { lists, stored, asked, after } = createWorld()
    stored.push(listBy(1, 10002, ['wss://read.test']))
    for (let job = 0; job < 10; job += 1) lists.expect(ALICE)
    await after(Promise.all([lists.readRelays(ALICE), lists.inboxRelays(ALICE), lists.readRelays(ALICE)]))
    for (let job = 0; job < 10; job += 1) await lists.readRelays(ALICE)
    expect(asked).toEqual([{ kinds: [10002, 10050], authors: [ALICE] }])
  })

  it('of many customers are asked for together', async () => {
    const { lists, asked, clock } = createWorld()
    for (let seed = 1; seed <= 150; seed += 1) lists.expect(personOf(seed))
    await clock.advance(100)
    expect(asked.map(({ authors }) => authors?.length)).toEqual([100, 50])
  })

  it('are there when they are needed, where they were expected before', async () => {
    const { lists, stored, clock } = createWorld()
    stored.push(listBy(1, 10002, ['wss://read.test']))
    lists.expect(ALICE)
    await clock.advance(100)
    expect(await lists.readRelays(ALICE)).toEqual(['wss://read.test/'])
  })

  it('keep nobody waiting longer than a second and a half', async () => {
    const { lists, clock } = createWorld({ delayMs: 60_000 })
    let waited = false
    const read = lists.readRelays(ALICE).finally(() => (waited = true))
    await clock.advance(1_499)
    expect(waited).toBe(false)
    await clock.advance(1)
    expect([waited, await read]).toEqual([true, []])
  })

  it('are believed only where their author signed them', async () => {
    const { lists, stored, after } = createWorld()
    const genuine = listBy(1, 10002, ['wss://read.test'], 1_000)
    const forged = { ...listBy(2, 10002, ['wss://mallory.test'], 2_000), pubkey: ALICE }
    stored.push(forged, genuine)
    expect(await after(lists.readRelays(ALICE))).toEqual(['wss://read.test/'])
  })

  it('count in their newest version; of two of one second in the one with the lower id', async () => {
    const { lists, stored, after } = createWorld()
    const both = [listBy(1, 10002, ['wss://b.test'], 2_000), listBy(1, 10002, ['wss://c.test'], 2_000)] as const
    const lower = both[0].id < both[1].id ? 'wss://b.test/' : 'wss://c.test/'
    stored.push(listBy(1, 10002, ['wss://old.test'], 1_000), ...both)
    expect(await after(lists.readRelays(ALICE))).toEqual([lower])
  })

  it('name no private address, and no more relays than an answer may go to', async () => {
    const { lists, stored, after } = createWorld({ max: 2 })
    const named = [
      'ws://10.0.0.1',
      'wss://a.test',
      'ws://localhost',
      'ws://127.0.0.1:7777',
      'wss://b.test',
      'wss://c.test',
    ]
    stored.push(listBy(1, 10002, named), listBy(1, 10050, named))
    const admitted = ['wss://a.test/', 'ws://127.0.0.1:7777/', 'wss://b.test/']
    expect(await after(lists.readRelays(ALICE))).toEqual(admitted)
    expect(await lists.inboxRelays(ALICE)).toEqual(admitted)
  })

  it('are looked up again after hours, and what was known serves meanwhile', async () => {
    const { lists, stored, asked, clock, after } = createWorld()
    stored.push(listBy(1, 10002, ['wss://old.test'], 1_000))
    await after(lists.readRelays(ALICE))
    stored.push(listBy(1, 10002, ['wss://new.test'], 2_000))
    await clock.advance(5 * HOUR_MS)
    expect([await lists.readRelays(ALICE), asked.length]).toEqual([['wss://old.test/'], 1])
    await clock.advance(2 * HOUR_MS)
    expect(await lists.readRelays(ALICE)).toEqual(['wss://old.test/'])
    await clock.advance(100)
    expect([await lists.readRelays(ALICE), asked.length]).toEqual([['wss://new.test/'], 2])
  })

  it('that were known stay known while no relay has them', async () => {
    const world = createWorld()
    world.stored.push(listBy(1, 10002, ['wss://read.test']))
    await world.after(world.lists.readRelays(ALICE))
    world.stored.length = 0
    for (let day = 0; day < 3; day += 1) {
      await world.clock.advance(24 * HOUR_MS)
      expect(await world.after(world.lists.readRelays(ALICE))).toEqual(['wss://read.test/'])
    }
  })

  it('that nobody has are asked for again after minutes; sooner where no relay answered', async () => {
    const world = createWorld()
    await world.after(world.lists.readRelays(ALICE))
    await world.clock.advance(9 * 60_000)
    await world.lists.readRelays(ALICE)
    expect(world.asked).toHaveLength(1)
    world.answered = 0
    await world.clock.advance(60_000)
    await world.after(world.lists.readRelays(ALICE))
    await world.clock.advance(30_000)
    await world.after(world.lists.readRelays(ALICE))
    expect(world.asked).toHaveLength(3)
  })

  it('cost a flood of strangers no more than a bounded number of requests at a time', async () => {
    const { lists, asked, clock } = createWorld({ delayMs: 1_000 })
    const strangers = Array.from({ length: 5_000 }, (_, index) => index.toString(16).padStart(64, '0') as Pubkey)
    for (const stranger of strangers) lists.expect(stranger)
    await clock.advance(500)
    expect([asked.length, asked.every(({ authors }) => (authors?.length ?? 0) <= 100)]).toEqual([4, true])
    for (const stranger of strangers) lists.expect(stranger)
    // There is no room for one more: it is not waited for.
    expect(await lists.readRelays('f'.repeat(64) as Pubkey)).toEqual([])
    await clock.advance(60_000)
    expect(asked.length).toBe(24)
  })

  it('leave nobody waiting and no timer behind when they stop', async () => {
    const { lists, clock } = createWorld({ delayMs: 1_000 })
    const read = lists.readRelays(ALICE)
    lists.stop()
    expect([await read, clock.timers(), await lists.readRelays(BOB)]).toEqual([[], 0, []])
  })
})
