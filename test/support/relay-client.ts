/** What does a relay really send? A bare WebSocket client that keeps every message and waits for conditions, never for time. */
import { randomBytes } from 'node:crypto'
import { WebSocket } from 'ws'
import type { EventTemplate, NostrEvent } from '../../src/core/event.js'
import type { Pubkey } from '../../src/core/identifiers.js'
import { pubkeyOf, signEvent } from '../../src/nostr/event.js'

export type RelayMessage = readonly unknown[]

export interface RelayClient {
  readonly socket: WebSocket
  readonly messages: RelayMessage[]
  /** Resolves with the close code. */
  readonly closed: Promise<number>
  send(...message: readonly unknown[]): void
  /** The first message that fits, of those kept from position `from` on. Rejects after five seconds without one. */
  waitFor(fits: (message: RelayMessage) => boolean, from?: number): Promise<RelayMessage>
  publish(event: NostrEvent): Promise<{ ok: boolean; reason: string }>
  /** Opens a subscription and waits until it is live. */
  subscribe(id: string, ...filters: object[]): Promise<void>
  /** Stored events that match. `end` is the EOSE or CLOSED that ended them. */
  query(...filters: object[]): Promise<{ events: NostrEvent[]; end: RelayMessage }>
  /** Events that came for a subscription. */
  received(id: string): NostrEvent[]
  /** A round trip: whatever the relay had sent before is in `messages` afterwards. */
  fence(): Promise<void>
  close(): void
}

export async function openRelayClient(url: string): Promise<RelayClient> {
  const socket = new WebSocket(url, { perMessageDeflate: false })
  const messages: RelayMessage[] = []
  const watchers = new Set<() => void>()
  const closed = new Promise<number>((resolve) => socket.once('close', resolve))
  let queries = 0
  socket.on('message', (data: Buffer) => {
    messages.push(JSON.parse(data.toString()) as RelayMessage)
    for (const look of watchers) look()
  })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  socket.on('error', () => undefined) // `closed` tells

  const send = (...message: readonly unknown[]) => socket.send(JSON.stringify(message))

  function waitFor(fits: (message: RelayMessage) => boolean, from = 0): Promise<RelayMessage> {
    return new Promise((resolve, reject) => {
      let next = from
      const timer = setTimeout(() => {
        watchers.delete(look)
        reject(new Error(`no such message among ${JSON.stringify(messages).slice(0, 300)}`))
      }, 5_000)
      const look = () => {
        for (let message = messages[next]; message !== undefined; message = messages[++next]) {
          if (!fits(message)) continue
          clearTimeout(timer)
          watchers.delete(look)
          return resolve(message)
        }
      }
      watchers.add(look)
      look()
    })
  }

  const received = (id: string, from = 0) =>
    messages.slice(from).flatMap(([type, to, event]) => (type === 'EVENT' && to === id ? [event as NostrEvent] : []))

  async function query(...filters: object[]) {
    const id = `query-${++queries}`
    const from = messages.length
    send('REQ', id, ...filters)
    const end = await waitFor(([type, of]) => (type === 'EOSE' || type === 'CLOSED') && of === id, from)
    send('CLOSE', id)
    return { events: received(id, from), end }
  }

  return {
    socket,
    messages,
    closed,
    send,
    waitFor,
    received,
    query,
    async publish(event) {
      const from = messages.length
      send('EVENT', event)
      const [, , ok, reason] = await waitFor(([type, id]) => type === 'OK' && id === event.id, from)
      return { ok: ok === true, reason: String(reason) }
    },
    async subscribe(id, ...filters) {
      const from = messages.length
      send('REQ', id, ...filters)
      await waitFor(([type, of]) => type === 'EOSE' && of === id, from)
    },
    async fence() {
      await query({ kinds: [65_535], limit: 0 })
    },
    close: () => socket.terminate(),
  }
}

export interface TestKey {
  readonly pubkey: Pubkey
  /** Signs; each event differs from all others unless its content is given. */
  sign(kind: number, rest?: Partial<EventTemplate>): NostrEvent
}

let signed = 0

/** A fresh key, whose events are of the time given unless they say otherwise. */
export function createTestKey(createdAt: number): TestKey {
  const secretKey = randomBytes(32)
  const pubkey = pubkeyOf(secretKey)
  return {
    pubkey,
    sign(kind, rest = {}) {
      const template = { kind, created_at: createdAt, tags: [], content: `event ${++signed}`, ...rest }
      return signEvent(template, secretKey, pubkey, randomBytes(32))
    },
  }
}
