/** Who is told that we serve, and who we are; and do we say truly who took it? */
import { afterEach, describe, expect, it } from 'vitest'
import type { NostrEvent } from '../../../src/core/event.js'
import { verifyEvent } from '../../../src/nostr/event.js'
import { createKeySigner } from '../../../src/nostr/signer.js'
import type { PublishVerdict } from '../../../src/ports.js'
import { settled } from '../../support/fake-clock.js'
import { A, B, C, createPresenceWorld, HOUR_MS, ourKey } from '../../support/presence-world.js'
import { ACCEPTED, LATER, REFUSED } from '../../support/scripted-pool.js'

type World = ReturnType<typeof createPresenceWorld>
let worlds: World[] = []
function open(...options: Parameters<typeof createPresenceWorld>): World {
  const world = createPresenceWorld(...options)
  worlds.push(world)
  return world
}
afterEach(() => {
  for (const { presence, clock } of worlds) {
    presence.stop()
    expect(clock.timers()).toBe(0)
  }
  worlds = []
})

const verdictsOf = (world: World, kind: number) =>
  world.presence
    .announce()
    .then((all) =>
      all.filter((outcome) => outcome.kind === kind).map(({ relay, verdict, reason }) => [relay, verdict, reason]),
    )

describe('an announcement', () => {
  it('tells the true outcome at each relay', async () => {
    const world = open()
    world.pool.script(A, REFUSED)
    world.pool.script(B, LATER)
    expect(await verdictsOf(world, 31_990)).toEqual([
      [A, 'refused', 'blocked: not here'],
      [B, 'later', 'no connection'],
    ])
    expect(world.pool.published.every(({ event }) => verifyEvent(event))).toBe(true)
  })

  it('is signed anew only when what it says has changed, or it is due: also over restarts', async () => {
    const first = open()
    first.presence.start()
    await first.clock.advance(11 * HOUR_MS)
    expect(first.eventsOf(31_990)).toHaveLength(1)
    const [event] = first.eventsOf(31_990)
    const second = open({ kept: first.kept })
    second.presence.start()
    await settled()
    expect(second.eventsOf(31_990)).toEqual([event])
    await second.clock.advance(13 * HOUR_MS)
    expect(second.eventsOf(31_990)).toHaveLength(2)
    const third = open({ kept: second.kept, content: 'better jokes' })
    third.presence.start()
    await settled()
    expect(third.eventsOf(31_990).map(({ content }) => content)).toEqual(['better jokes'])
  })

  it('is sent again to a relay that is down: the same event, ever later, and said once', async () => {
    const world = open()
    world.pool.script(B, LATER)
    world.presence.start()
    await world.clock.advance(6 * HOUR_MS)
    expect(world.eventsOf(31_990)).toHaveLength(1)
    expect(world.sentTo(A, 31_990)).toBe(1)
    expect(world.sentTo(B, 31_990)).toBeGreaterThan(5)
    expect(world.sentTo(B, 31_990)).toBeLessThan(25)
    expect(world.log.entries.filter(({ event }) => event === 'not announced')).toHaveLength(1)
    world.pool.script(B, ACCEPTED)
    const before = world.sentTo(B, 31_990)
    await world.clock.advance(2 * HOUR_MS)
    expect(world.sentTo(B, 31_990)).toBe(before + 1)
  })

  it('is newer than every one before, within one second and after a restart with a clock set back', async () => {
    const first = open()
    for (let times = 0; times < 3; times += 1) await first.presence.announce()
    const times = first.eventsOf(31_990).map(({ created_at }) => created_at)
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b))
    const second = open({ kept: first.kept })
    await second.presence.retire()
    expect(second.eventsOf(5)[0]?.created_at).toBeGreaterThan(Math.max(...times))
  })

  it('is made when the signer answers again', async () => {
    let down = true
    const world = open({
      signer: { ...ourKey, sign: (template) => (down ? Promise.reject(new Error('away')) : ourKey.sign(template)) },
    })
    world.presence.start()
    await world.clock.advance(60_000)
    down = false
    await world.clock.advance(120_000)
    expect(world.eventsOf(31_990)).toHaveLength(1)
  })
})

describe('what concerns the key', () => {
  const strangers = async (created_at: number, content = 'me'): Promise<NostrEvent> =>
    ourKey.sign({ kind: 0, created_at, tags: [], content })

  it('is published where nothing of it stands', async () => {
    const world = open()
    world.presence.start()
    await settled()
    expect([world.sentTo(A, 0), world.sentTo(C, 0)]).toEqual([1, 1])
  })

  it('is left as it is where the key has published one of its own', async () => {
    const world = open()
    world.pool.stored.push(await strangers(1_700_000_000))
    world.presence.start()
    await world.clock.advance(48 * HOUR_MS)
    await world.presence.announce()
    expect(world.eventsOf(0)).toEqual([])
    expect(world.eventsOf(31_990).length).toBeGreaterThan(0)
  })

  it('replaces it, newer, where the operator says so', async () => {
    const world = open({ overwrites: true })
    world.pool.stored.push(await strangers(1_800_000_500))
    world.presence.start()
    await settled()
    expect(world.eventsOf(0)[0]?.created_at).toBeGreaterThan(1_800_000_500)
  })

  it('is not taken for a stranger’s where it is our own of an earlier run', async () => {
    const first = open()
    first.presence.start()
    await settled()
    const second = open({ kept: first.kept, content: 'better jokes' })
    second.pool.stored.push(...first.eventsOf(0))
    second.presence.start()
    await settled()
    expect(second.eventsOf(0).map(({ content }) => content)).toEqual(['better jokes'])
  })

  it('is not kept back by a forgery', async () => {
    const world = open()
    const other = createKeySigner(Buffer.alloc(32, 9))
    const forged = { ...(await other.sign({ kind: 0, created_at: 1, tags: [], content: 'x' })), pubkey: ourKey.pubkey }
    world.pool.stored.push(forged)
    world.presence.start()
    await settled()
    expect(world.eventsOf(0)).toHaveLength(1)
  })

  it('waits until somebody has said what stands there', async () => {
    const world = open()
    let reachable = false
    world.pool.fetch = (relays) => Promise.resolve({ events: [], answered: reachable ? relays.length : 0 })
    world.presence.start()
    await world.clock.advance(60_000)
    expect(world.eventsOf(0)).toEqual([])
    reachable = true
    await world.clock.advance(10 * 60_000)
    expect(world.eventsOf(0)).toHaveLength(1)
  })
})

describe('retiring', () => {
  it('asks relays to delete what concerns the service, and lasts over the next start', async () => {
    const first = open()
    first.presence.start()
    await settled()
    const outcomes = await first.presence.retire()
    expect(outcomes.map(({ kind, verdict }) => [kind, verdict])).toEqual(Array(2).fill([5, 'accepted']))
    expect(first.eventsOf(5)[0]?.tags.slice(0, 2)).toEqual([
      ['a', `31990:${ourKey.pubkey}:x`],
      ['a', `11998:${ourKey.pubkey}:`],
    ])
    const second = open({ kept: first.kept })
    second.presence.start()
    await second.clock.advance(48 * HOUR_MS)
    expect(second.eventsOf(31_990)).toEqual([])
    expect(second.eventsOf(11_998)).toEqual([])
    expect(second.eventsOf(5)).toEqual(first.eventsOf(5))
    await second.presence.announce()
    expect(second.eventsOf(31_990)).toHaveLength(1)
    expect(second.kept.record.retired).toBe(false)
  })

  it.each(['retire', 'stop'] as const)('lasts, also where a refresh was under way: %s', async (how) => {
    const world = open()
    let tell: (verdict: PublishVerdict) => void = () => undefined
    world.pool.script(A, new Promise<PublishVerdict>((resolve) => (tell = resolve)), ACCEPTED)
    world.presence.start()
    await settled()
    await (how === 'stop' ? world.presence.stop() : world.presence.retire())
    tell(ACCEPTED)
    await world.clock.advance(48 * HOUR_MS)
    expect(world.eventsOf(31_990)).toHaveLength(1)
  })

  it('is told to a relay that was down when it comes back', async () => {
    const world = open()
    world.presence.start()
    await settled()
    world.pool.script(B, LATER)
    await world.presence.retire()
    world.pool.script(B, ACCEPTED)
    await world.clock.advance(HOUR_MS)
    expect(world.eventsOf(5)).toHaveLength(1)
    expect(world.sentTo(B, 5)).toBe(2)
  })
})

describe('the heartbeat', () => {
  it('is said every five minutes, and is good for two beats', async () => {
    const world = open()
    world.presence.start()
    await world.clock.advance(20 * 60_000 + 5_000)
    const beats = world.eventsOf(11_998)
    expect(beats).toHaveLength(5)
    for (const { created_at, tags } of beats) {
      expect(tags).toEqual([
        ['d', 'x'],
        ['expiration', String(created_at + 600)],
      ])
    }
  })

  it('stops while we cannot serve, and goes on by itself', async () => {
    let serving = false
    const world = open({ isServing: () => serving })
    world.presence.start()
    await world.clock.advance(HOUR_MS)
    expect(world.eventsOf(11_998)).toEqual([])
    serving = true
    await world.clock.advance(31_000)
    expect(world.eventsOf(11_998)).toHaveLength(1)
    serving = false
    await world.clock.advance(HOUR_MS)
    expect(world.eventsOf(11_998)).toHaveLength(1)
  })

  it.each(['retire', 'stop'] as const)('ends when we %s', async (how) => {
    const world = open()
    world.presence.start()
    await world.clock.advance(10_000)
    await (how === 'stop' ? world.presence.stop() : world.presence.retire())
    await world.clock.advance(HOUR_MS)
    expect(world.eventsOf(11_998)).toHaveLength(1)
  })
})
