/** What does it take to see what is announced? A presence over scripted relays, with a memory that outlives it. */
import type { EventTemplate, NostrEvent } from '../../src/core/event.js'
import type { Seconds } from '../../src/core/identifiers.js'
import { createHeartbeat } from '../../src/engine/heartbeat.js'
import { createPresence, type Notice } from '../../src/engine/presence.js'
import { createKeySigner } from '../../src/nostr/signer.js'
import type { PresenceMemory, PresenceRecord, Signer } from '../../src/ports.js'
import { createMemoryStore } from '../../src/stores/memory-store.js'
import { createFakeClock } from './fake-clock.js'
import { createScriptedPool } from './scripted-pool.js'
import { createLogRecorder } from './store-parts.js'

export const [A, B, C] = ['wss://a.test/', 'wss://b.test/', 'wss://c.test/'] as const
export const HOUR_MS = 3_600_000
export const ourKey = createKeySigner(Buffer.alloc(32, 7))

export interface Kept {
  record: PresenceRecord
  readonly store: ReturnType<typeof createMemoryStore>
}
export const createKept = (): Kept => ({ record: { retired: false, events: {} }, store: createMemoryStore() })

export interface PresenceOptions {
  /** What an earlier daemon left behind. */
  readonly kept?: Kept
  readonly signer?: Signer
  readonly content?: string
  readonly overwrites?: boolean
  /** Default: always. */
  readonly isServing?: () => boolean
}

const say =
  (kind: number, content: string) =>
  (createdAt: Seconds): EventTemplate => ({ kind, created_at: createdAt, tags: [['d', 'x']], content })

export function createPresenceWorld(options: PresenceOptions = {}) {
  const { kept = createKept(), signer = ourKey, content = 'jokes', overwrites = false } = options
  const [clock, pool, log] = [createFakeClock(), createScriptedPool(), createLogRecorder()]
  const memory: PresenceMemory = {
    read: async () => kept.record,
    write: async (record) => void (kept.record = record),
  }
  const notices: Notice[] = [
    {
      address: '31990:x',
      kind: 31_990,
      relays: [A, B],
      build: say(31_990, content),
      concerns: 'service',
      overwrites: true,
    },
    { address: '0:', kind: 0, relays: [A, C], build: say(0, content), concerns: 'key', overwrites },
  ]
  const isServing = async () => options.isServing?.() ?? true
  const beating = { identifier: 'x', periodMs: 300_000, relays: [A], isServing, signer, pool, clock, log }
  const presence = createPresence({
    ...{ notices, writeRelays: [A, B], refreshMs: 12 * HOUR_MS, memory, signer, relays: pool, clock, log },
    ...{ store: kept.store, random: () => 0.5 },
    heartbeat: (nextTime) => createHeartbeat({ ...beating, nextTime }),
  })
  const eventsOf = (kind: number): NostrEvent[] => {
    const found = pool.published.flatMap(({ event }) => (event.kind === kind ? event : []))
    return [...new Map(found.map((event) => [event.id, event])).values()]
  }
  const sentTo = (relay: string, kind: number): number =>
    pool.published.filter((sent) => sent.relay === relay && sent.event.kind === kind).length
  return { presence, pool, clock, log, kept, eventsOf, sentTo }
}
