/** What does a relay pool need to be tested? A clock that can be moved, a log that can be read, cursors that can be looked at. */
import { randomBytes } from 'node:crypto'
import type { EventTemplate, NostrEvent } from '../../src/core/event.js'
import type { EventId, Pubkey } from '../../src/core/identifiers.js'
import type { Clock, Logger, SubscriptionRequest } from '../../src/ports.js'
import { createRelayPool, type RelayPoolOptions } from '../../src/nostr/relay-pool.js'

export { systemClock } from '../../src/system/system-clock.js'

export interface MovedClock extends Clock {
  /** Runs in order whatever falls due. */
  advance(ms: number): void
  /** Timers that were set and neither ran nor were cancelled. */
  readonly waiting: number
}

/** Stands still until it is moved. */
export function createMovedClock(startMs = 1_800_000_000_000): MovedClock {
  const timers = new Map<number, { due: number; run: () => void }>()
  let now = startMs
  let serial = 0
  const nextDue = (until: number) =>
    [...timers].filter(([, { due }]) => due <= until).sort(([a, x], [b, y]) => x.due - y.due || a - b)[0]
  return {
    now: () => now,
    after: (delayMs, run) => {
      const key = serial++
      timers.set(key, { due: now + delayMs, run })
      return () => void timers.delete(key)
    },
    advance: (ms) => {
      const until = now + ms
      for (let next = nextDue(until); next; next = nextDue(until)) {
        const [key, { due, run }] = next
        timers.delete(key)
        now = Math.max(now, due)
        run()
      }
      now = until
    },
    get waiting() {
      return timers.size
    },
  }
}

export interface LogLine {
  readonly level: keyof Logger
  readonly event: string
  readonly fields: Record<string, unknown>
}

export function createReadableLog(): Logger & { readonly lines: LogLine[] } {
  const lines: LogLine[] = []
  const write = (level: keyof Logger) => (fields: object, event: string) =>
    void lines.push({ level, event, fields: fields as Record<string, unknown> })
  return { lines, debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

export function createReadableCursors() {
  const saved = new Map<string, number>()
  const writes: number[] = []
  return {
    saved,
    writes,
    cursor: (key: string) => saved.get(key),
    putCursor: (key: string, seconds: number) => {
      writes.push(seconds)
      saved.set(key, seconds)
    },
  }
}

/** A pool on a given clock, with what it says and saves; `random` is fixed so that back-off is exact. */
export function createPoolFixture<C extends Clock>(clock: C, options: Partial<RelayPoolOptions> = {}) {
  const log = createReadableLog()
  const cursors = createReadableCursors()
  const pool = createRelayPool({ clock, log, cursors, random: () => 0.999, ...options })
  return { pool, clock, log, cursors }
}

/** A subscription to kind 5800 that keeps what it hears. */
export function createListener(relays: readonly string[], overrides: Partial<SubscriptionRequest> = {}) {
  const heard: { event: NostrEvent; relay: string }[] = []
  const ids = new Set<string>()
  const caughtUp: string[] = []
  const sinces: (number | undefined)[] = []
  const request: SubscriptionRequest = {
    name: 'jobs',
    relays,
    filters: (since) => {
      sinces.push(since)
      return [since === undefined ? { kinds: [5800] } : { kinds: [5800], since }]
    },
    onEvent: (event, relay) => {
      ids.add(event.id)
      heard.push({ event, relay })
    },
    known: (id) => ids.has(id),
    onCaughtUp: (relay) => caughtUp.push(relay),
    ...overrides,
  }
  return { request, heard, ids, caughtUp, sinces }
}

const hex = (bytes: number) => randomBytes(bytes).toString('hex')

/** An event of right shape and random ids; its signature is nobody's, which is no concern of a relay pool. */
export function shapeEvent(template: Partial<EventTemplate> = {}): NostrEvent {
  const pubkey = hex(32) as Pubkey
  return {
    id: hex(32) as EventId,
    pubkey,
    created_at: 1_800_000_000,
    kind: 5800,
    tags: [],
    content: '',
    sig: hex(64),
    ...template,
  }
}
