/** Do the embedded relay's indexes find what a walk over everything finds, fast, and do they let go of what is gone? */
import { createHash } from 'node:crypto'
import { matchFilter, type Filter } from 'nostr-tools/filter'
import { describe, expect, it, vi } from 'vitest'
import type { NostrEvent } from '../../src/core/event.js'
import { isMalformed, type EventId, type Pubkey } from '../../src/core/identifiers.js'
import { compareServed, createEventIndex, type StoredEvent } from '../../src/dev/relay/event-index.js'
import { createEventStore } from '../../src/dev/relay/event-store.js'
import { parseRelayFilter, type RelayFilter } from '../../src/dev/relay/filter.js'
import { startRelay } from '../../src/dev/relay/relay.js'
import { createSubscriptionIndex, type LiveSubscription } from '../../src/dev/relay/subscription-index.js'
import { createRandom } from '../support/random.js'
import { openRelayClient } from '../support/relay-client.js'

const hex = (value: string | number) => createHash('sha256').update(String(value)).digest('hex')

/** As from a relay that takes signatures on trust. */
function unsigned(name: number, kind: number, rest: Partial<NostrEvent> = {}): NostrEvent {
  const id = hex(`event ${name}`) as EventId
  const pubkey = hex('author') as Pubkey
  return { id, pubkey, created_at: 1000, kind, tags: [], content: '', sig: '0'.repeat(128), ...rest }
}

const toStored = (event: NostrEvent): StoredEvent => ({ event, json: JSON.stringify(event) })

function filterOf(value: object): RelayFilter {
  const filter = parseRelayFilter(value)
  if (isMalformed(filter)) throw new Error(filter.malformed)
  return filter
}

const subscriptionTo = (...filters: RelayFilter[]): LiveSubscription => ({
  filters,
  mayRead: () => true,
  deliver: () => undefined,
})

/** The second opinion. */
const isWanted = (filter: Filter, event: NostrEvent) =>
  matchFilter(filter, { ...event, tags: event.tags.map((tag) => [...tag]) })

/** A small world, so that chance makes many hits, ties and near misses. */
function createChance(seed: number) {
  const random = createRandom(seed)
  const some = <T>(make: () => T): T[] => Array.from({ length: random(4) }, make)
  const author = () => hex(`author ${random(5)}`) as Pubkey
  const job = () => hex(`event ${random(60)}`)
  const topic = () => `topic ${random(3)}`
  const tag = () => [['e', job()], ['p', author()], ['t', topic()], ['subject', 'x'], ['t']][random(5)] as string[] // prettier-ignore
  const event = (name: number): NostrEvent =>
    unsigned(name, random(4), { pubkey: author(), created_at: 1 + random(20), tags: some(tag) })
  const parts: (() => object)[] = [
    () => ({ ids: some(job) }),
    () => ({ authors: some(author) }),
    () => ({ kinds: some(() => random(4)) }),
    () => ({ '#e': some(job) }),
    () => ({ '#p': some(author) }),
    () => ({ '#t': some(topic) }),
    () => ({ since: 1 + random(20) }),
    () => ({ until: 1 + random(20) }),
  ]
  const filter = () => Object.assign({}, ...some(() => parts[random(parts.length)]?.() ?? {})) as Filter
  return { random, event, filter }
}

describe('the index of stored events', () => {
  it('finds what a walk over all events finds, in the same order, whatever came and went (fixed seed)', () => {
    const { random, event, filter } = createChance(1)
    const index = createEventIndex()
    const kept = new Map<string, NostrEvent>()
    for (let round = 0; round < 3000; round++) {
      const next = event(random(60))
      index.remove(next.id)
      kept.delete(next.id)
      if (random(3) > 0) {
        index.add(toStored(next))
        kept.set(next.id, next)
      }
      const wanted = filter()
      const limit = random(2) ? random(5) : 1000
      const walked = [...kept.values()].filter((each) => isWanted(wanted, each)).sort(compareServed)
      const found = index.find(filterOf({ ...wanted, limit }), () => true).map((stored) => stored.event)
      expect(found, JSON.stringify(wanted)).toEqual(walked.slice(0, limit))
    }
  })

  it('answers a #e request in a few milliseconds with 10,000 jobs stored', async () => {
    const stored = createEventStore()
    for (let job = 0; job < 10_000; job++) {
      const tags = [['e', hex(`event ${job}`)], ['p', hex(`customer ${job % 100}`)]] // prettier-ignore
      stored.put(toStored(unsigned(job, 5800)))
      stored.put(toStored(unsigned(20_000 + job, 7000, { tags })))
      stored.put(toStored(unsigned(40_000 + job, 6800, { tags })))
    }
    const relay = await startRelay({ stored })
    const client = await openRelayClient(relay.url)
    const times: number[] = []
    for (let job = 0; job < 50; job++) {
      const start = performance.now()
      const filter = { kinds: [7000, 6800], authors: [hex('author')], '#e': [hex(`event ${job * 199}`)] }
      expect((await client.query(filter)).events).toHaveLength(2)
      times.push(performance.now() - start)
    }
    expect(times.sort((a, b) => a - b)[25]).toBeLessThan(5)
    client.close()
    await relay.stop()
  })
})

describe('the index of subscriptions', () => {
  it('finds what a walk over all subscriptions finds, whatever came and went (fixed seed)', () => {
    const { random, event, filter } = createChance(2)
    const index = createSubscriptionIndex()
    const open: { subscription: LiveSubscription; filters: Filter[] }[] = []
    for (let round = 0; round < 3000; round++) {
      const filters = [filter(), filter()].slice(random(2))
      const subscription = subscriptionTo(...filters.map(filterOf))
      index.add(subscription)
      open.push({ subscription, filters })
      if (open.length > 30) index.remove(open.splice(random(30), 1)[0]?.subscription ?? subscription)
      const next = event(random(60))
      const walked = open.filter((each) => each.filters.some((one) => isWanted(one, next)))
      expect(index.matching(next)).toEqual(new Set(walked.map((each) => each.subscription)))
    }
    for (const { subscription } of open) index.remove(subscription)
    expect([index.size, index.places]).toEqual([0, 0])
  })

  it('shows an event to the one it is for among 20,000, without asking the others', () => {
    const index = createSubscriptionIndex()
    const wanted = Array.from({ length: 20_000 }, (_, job) =>
      subscriptionTo(filterOf({ kinds: [7000, 6800], '#e': [hex(`event ${job}`)] })),
    )
    for (const subscription of wanted) index.add(subscription)
    const start = performance.now()
    const missed = wanted.filter((subscription, job) => {
      const found = index.matching(unsigned(1, 7000, { tags: [['e', hex(`event ${job}`)]] }))
      return found.size !== 1 || !found.has(subscription)
    })
    expect(missed).toEqual([])
    expect(performance.now() - start).toBeLessThan(4_000) // a walk over all would take minutes
  })
})

describe('a subscriber that leaves', () => {
  it.each(['closes its subscriptions', 'closes its connection', 'is cut off'])(
    'leaves nothing behind: it %s',
    async (how) => {
      const relay = await startRelay()
      const client = await openRelayClient(relay.url)
      const names = Array.from({ length: 500 }, (_, n) => `subscription ${n}`)
      for (const name of names) client.send('REQ', name, { kinds: [5800], '#p': [hex(name)] }, { kinds: [1] })
      await client.fence()
      expect(relay.counts).toMatchObject({ connections: 1, subscriptions: 501 })
      if (how === 'closes its subscriptions') for (const name of [...names, 'query-1']) client.send('CLOSE', name)
      else if (how === 'is cut off') relay.dropConnections()
      else client.socket.close()
      await vi.waitUntil(() => relay.counts.subscriptions === 0)
      if (how !== 'closes its subscriptions') expect(relay.counts.connections).toBe(0)
      client.close()
      await relay.stop()
    },
  )
})
