/** Does the embedded relay keep to NIP-01? Over real sockets. The other NIPs have relay-conformance-nips.test.ts. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { NostrEvent } from '../../src/core/event.js'
import { createTestKey } from '../support/relay-client.js'
import { idsOf, RELAY_NOW, startRelayFixture, type RelayFixture } from '../support/relay-fixture.js'

const T = RELAY_NOW - 1000
const ada = createTestKey(T)
const bob = createTestKey(T)
let fixture: RelayFixture

beforeEach(async () => {
  fixture = await startRelayFixture()
})
afterEach(() => fixture.stop())

const invalid = { ok: false, reason: expect.stringMatching(/^invalid:/) as string }
const publish = (event: NostrEvent) => fixture.publisher.publish(event)
const publishAll = (...events: NostrEvent[]) => fixture.publishAll(...events)
const stored = (...filters: object[]) => fixture.stored(...filters)
const live = (id: string) => fixture.live(id)
const tagged = (kind: number, tags: Record<string, string>) => ada.sign(kind, { tags: Object.entries(tags) })

describe('NIP-01, publishing', () => {
  it('takes a valid event', async () => {
    expect(await publish(ada.sign(1))).toEqual({ ok: true, reason: '' })
  })

  it('says OK true and duplicate: to an event that it has', async () => {
    const event = ada.sign(1)
    await publishAll(event)
    expect(await publish(event)).toEqual({ ok: true, reason: expect.stringMatching(/^duplicate:/) as string })
  })

  it('refuses a wrong signature', async () => {
    const event = { ...ada.sign(1), sig: ada.sign(1).sig }
    expect(await publish(event)).toEqual(invalid)
  })

  it('refuses an id that is not the hash', async () => {
    const event = { ...ada.sign(1), content: 'something else' }
    expect(await publish(event)).toEqual(invalid)
  })

  it('answers what is not JSON with a NOTICE and goes on', async () => {
    fixture.publisher.socket.send('{nope')
    await fixture.publisher.waitFor(([type]) => type === 'NOTICE')
    await publishAll(ada.sign(1))
  })
})

describe('NIP-01, asking for what is stored', () => {
  const five = () => [0, 1, 2, 3, 4].map((n) => ada.sign(5001, { created_at: T + n }))

  it('serves the newest first, up to the limit', async () => {
    await publishAll(...five())
    const times = (await stored({ kinds: [5001], limit: 3 })).map((event) => event.created_at - T)
    expect(times).toEqual([4, 3, 2])
  })

  it('serves the lowest id first among events of one second', async () => {
    const events = [1, 2, 3, 4, 5, 6].map(() => ada.sign(5002))
    await publishAll(...events)
    expect(idsOf(await stored({ kinds: [5002] }))).toEqual(idsOf(events).sort())
  })

  it('serves only the events with the tag', async () => {
    await publishAll(tagged(5800, { p: ada.pubkey }), tagged(5800, { p: bob.pubkey }))
    expect(await stored({ kinds: [5800], '#p': [bob.pubkey] })).toHaveLength(1)
  })

  it('wants every tag of a filter', async () => {
    await publishAll(tagged(5801, { p: bob.pubkey, t: 'x' }), tagged(5801, { p: bob.pubkey, t: 'y' }))
    expect(await stored({ kinds: [5801], '#p': [bob.pubkey], '#t': ['x'] })).toHaveLength(1)
  })

  it('takes a filter with three tags', async () => {
    await publishAll(tagged(5803, { p: bob.pubkey, t: 'x', k: '1' }))
    expect(await stored({ kinds: [5803], '#p': [bob.pubkey], '#t': ['x'], '#k': ['1'] })).toHaveLength(1)
  })

  it('serves what matches any of several filters, each event once', async () => {
    await publishAll(ada.sign(5801), ada.sign(5801), tagged(5800, { p: ada.pubkey }))
    const filters = [{ kinds: [5801] }, { kinds: [5800], '#p': [ada.pubkey] }, { authors: [ada.pubkey] }]
    expect(await stored(...filters)).toHaveLength(3)
  })

  it('counts since and until in', async () => {
    await publishAll(...five())
    expect(await stored({ kinds: [5001], since: T + 1, until: T + 3 })).toHaveLength(3)
  })

  it('answers limit 0 with EOSE alone', async () => {
    await publishAll(...five())
    const { events, end } = await fixture.publisher.query({ kinds: [5001], limit: 0 })
    expect([events.length, end[0]]).toEqual([0, 'EOSE'])
  })

  it.each([
    ['kinds that are no array', { kinds: 'x' }],
    ['an upper-case id', { ids: ['AB'.repeat(32)] }],
    ['a key that is not of NIP-01', { everything: true }],
    ['a negative limit', { limit: -1 }],
    ['no object', []],
  ])('closes a request with %s', async (_what, filter) => {
    expect((await fixture.publisher.query(filter)).end[0]).toBe('CLOSED')
  })

  it('refuses a subscription id of more than 64 characters', async () => {
    const id = 'z'.repeat(65)
    fixture.publisher.send('REQ', id, { kinds: [1], limit: 1 })
    expect(await fixture.publisher.waitFor(([, of]) => of === id)).toEqual(['CLOSED', id, expect.any(String)])
  })
})

describe('NIP-01, live', () => {
  it('delivers the events with the tag, and no others', async () => {
    await fixture.reader.subscribe('live', { kinds: [5800], '#p': [bob.pubkey] })
    const [ours, theirs] = [tagged(5800, { p: bob.pubkey }), tagged(5800, { p: ada.pubkey })]
    await publishAll(theirs, ours)
    expect(idsOf(await live('live'))).toEqual([ours.id])
  })

  it('delivers nothing after CLOSE', async () => {
    await fixture.reader.subscribe('live', { kinds: [5800] })
    fixture.reader.send('CLOSE', 'live')
    await fixture.reader.fence()
    await publishAll(ada.sign(5800))
    expect(await live('live')).toEqual([])
  })

  it('replaces a subscription by one of the same id', async () => {
    await fixture.reader.subscribe('same', { kinds: [7001], limit: 0 })
    await fixture.reader.subscribe('same', { kinds: [7002], limit: 0 })
    await publishAll(ada.sign(7001), ada.sign(7002))
    expect((await live('same')).map((event) => event.kind)).toEqual([7002])
  })

  it('delivers to each of two subscriptions with the same filter', async () => {
    await fixture.reader.subscribe('one', { kinds: [7003] })
    await fixture.reader.subscribe('two', { kinds: [7003] })
    await publishAll(ada.sign(7003))
    expect([(await live('one')).length, (await live('two')).length]).toEqual([1, 1])
  })

  it('delivers once to a subscription with two filters that match', async () => {
    await fixture.reader.subscribe('both', { kinds: [7004] }, { authors: [ada.pubkey], kinds: [7004] })
    await publishAll(ada.sign(7004))
    expect(await live('both')).toHaveLength(1)
  })

  it('delivers ephemeral events and does not keep them', async () => {
    await fixture.reader.subscribe('ephemeral', { kinds: [20_001] })
    await publishAll(ada.sign(20_001))
    expect(await live('ephemeral')).toHaveLength(1)
    expect(await stored({ kinds: [20_001] })).toEqual([])
  })
})

describe('NIP-01, replacing', () => {
  it('keeps the newest replaceable event, in whatever order they come', async () => {
    const [newer, older] = [ada.sign(10_002, { created_at: T + 10 }), ada.sign(10_002)]
    await publishAll(newer)
    expect((await publish(older)).ok).toBe(false)
    expect(idsOf(await stored({ kinds: [10_002], authors: [ada.pubkey] }))).toEqual([newer.id])
  })

  it('keeps the lowest id among replaceable events of one second', async () => {
    const events = [ada.sign(10_003), ada.sign(10_003), ada.sign(10_003)]
    for (const event of events) await publish(event)
    expect(idsOf(await stored({ kinds: [10_003], authors: [ada.pubkey] }))).toEqual(idsOf(events).sort().slice(0, 1))
  })

  it('keeps one addressable event for each d', async () => {
    const newest = ada.sign(31_990, { tags: [['d', 'a']], created_at: T + 5 })
    await publishAll(ada.sign(31_990, { tags: [['d', 'a']] }), ada.sign(31_990, { tags: [['d', 'b']] }), newest)
    expect(await stored({ kinds: [31_990] })).toHaveLength(2)
    expect(idsOf(await stored({ kinds: [31_990], '#d': ['a'] }))).toEqual([newest.id])
  })
})
