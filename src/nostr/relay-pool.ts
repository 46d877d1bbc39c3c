/** Which relays do we talk to? One supervised connection per relay, shared by subscriptions, publishing and fetching. */
import type { Filter, NostrEvent } from '../core/event.js'
import { isMalformed, parseEventId } from '../core/identifiers.js'
import type {
  Clock,
  Logger,
  PublishVerdict,
  RelayPool,
  RelayStatus,
  Subscription,
  SubscriptionRequest,
} from '../ports.js'
import { publishLater } from './publish-verdict.js'
import type { Authenticate } from './relay-authentication.js'
import { createRelayCursors, type CursorStore } from './relay-cursor.js'
import { fetchStored } from './relay-fetch.js'
import { claimedId } from './relay-frame.js'
import { createRelayInformation, type LoadInformation } from './relay-information.js'
import { createRelayProof } from './relay-proof.js'
import { createPublicLookup } from './public-lookup.js'
import { createRelaySubscription, type RelaySubscription } from './relay-subscription.js'
import { openRelaySocket, type OpenRelaySocket } from './relay-socket.js'
import { createRelay, type Relay } from './relay.js'
import { parseRelayUrl } from './relay-url.js'

const IDLE_MS = 60_000
const SWEEP_MS = 10_000

export interface RelayPoolOptions {
  readonly clock: Clock
  readonly log: Logger
  /** Where cursors are saved, by subscription and relay. */
  readonly cursors: CursorStore
  /** How far before its cursor a subscription is resumed; covers back-dated events and clocks that differ. Default 300. */
  readonly overlapSeconds?: number
  /** A larger frame ends the connection of the relay that sent it: far above what relays store. Default 8 MiB. */
  readonly maxFrameBytes?: number
  /** Connections to relays of no subscription, which close after a minute without use. Default 200. */
  readonly maxVisited?: number
  /** The operator's relays: there is always room for them, and they may be anywhere. */
  readonly own?: ReadonlySet<string>
  /** Whether the others may be on a private network, whatever their names resolve to. Default true. */
  readonly allowPrivate?: boolean
  /** Signs who we are for a relay that wants to know (NIP-42). Without it such a relay is one that refuses. */
  readonly authenticate?: Authenticate
  /** Relays that are told who we are as soon as they ask; the others only once they insist. Default: `own`. */
  readonly introduceAt?: ReadonlySet<string>
  /** Loads a relay's document (NIP-11). */
  readonly information?: LoadInformation
  readonly random?: () => number
  /** Default: `openRelaySocket`. A simulation drives the real pool over sockets of its own. */
  readonly openSocket?: OpenRelaySocket
}

export function createRelayPool(options: RelayPoolOptions): RelayPool {
  const {
    clock,
    log,
    overlapSeconds = 300,
    maxFrameBytes = 8 * 1_024 * 1_024,
    maxVisited = 200,
    own = new Set(),
    allowPrivate = true,
    introduceAt = own,
    random = Math.random,
    openSocket = openRelaySocket,
  } = options
  const cursors = createRelayCursors({ cursors: options.cursors, clock })
  const publicLookup = createPublicLookup()
  const information = createRelayInformation({ clock, load: options.information })
  const proveRelay = createRelayProof({ clock, log })
  const relays = new Map<string, Relay>()
  const subscriptions = new Set<RelaySubscription>()
  const leaving = new Set<Promise<void>>()
  let cancelSweep: (() => void) | null = null
  let stopping: Promise<void> | null = null
  let tendedAt = clock.now()

  function relayAt(url: string): Relay {
    const existing = relays.get(url)
    if (existing) return existing
    const relay = createRelay({
      url,
      clock,
      log,
      random,
      maxFrameBytes,
      openSocket,
      authenticate: options.authenticate,
      introduce: introduceAt.has(url),
      lookup: allowPrivate || own.has(url) ? undefined : publicLookup,
    })
    relays.set(url, relay)
    if (!cancelSweep) tendedAt = clock.now()
    cancelSweep ??= clock.after(SWEEP_MS, sweep)
    return relay
  }

  /** As `relayAt`, within the limit: makes room by leaving the relay that has been idle longest. Null where all are busy. */
  function visit(url: string): Relay | null {
    if (relays.has(url) || own.has(url)) return relayAt(url)
    const subscribed = new Set([...subscriptions].map(({ relay }) => relay))
    const visited = [...relays.values()].filter((relay) => !subscribed.has(relay) && !own.has(relay.url))
    if (visited.length < maxVisited) return relayAt(url)
    const idle = visited.filter(({ idleSince }) => idleSince !== null)
    const [longest] = idle.sort((a, b) => (a.idleSince ?? 0) - (b.idleSince ?? 0))
    if (!longest) return null
    leave(longest)
    return relayAt(url)
  }

  function leave(relay: Relay) {
    relays.delete(relay.url)
    const gone = relay.stop().finally(() => leaving.delete(gone))
    leaving.add(gone)
  }

  function sweep() {
    tendedAt = clock.now()
    const before = tendedAt - IDLE_MS
    for (const relay of [...relays.values()]) {
      if (relay.idleSince !== null && relay.idleSince <= before) leave(relay)
    }
    cancelSweep = relays.size > 0 ? clock.after(SWEEP_MS, sweep) : null
  }

  /** What names a relay that is known is in its one spelling already. */
  const parseUrl = (value: string) => (relays.has(value) ? value : parseRelayUrl(value))

  function parseUrls(values: readonly string[]): string[] {
    const urls = new Set<string>()
    for (const value of values) {
      const url = parseUrl(value)
      if (isMalformed(url)) log.warn({ reason: url.malformed }, 'relay URL ignored')
      else urls.add(url)
    }
    return [...urls]
  }

  function subscribe(request: SubscriptionRequest): Subscription {
    const urls = stopping ? [] : parseUrls(request.relays)
    const opened = urls.map((url) =>
      createRelaySubscription({ request, relay: relayAt(url), clock, log, random, cursors, overlapSeconds }),
    )
    for (const subscription of opened) subscriptions.add(subscription)
    return {
      close: () => {
        for (const subscription of opened) {
          subscriptions.delete(subscription)
          subscription.close()
        }
      },
    }
  }

  async function publish(event: NostrEvent | string, relay: string): Promise<PublishVerdict> {
    if (stopping) return publishLater('stopped')
    const url = parseUrl(relay)
    if (isMalformed(url)) return { type: 'refused', reason: url.malformed, tooLarge: false }
    const json = typeof event === 'string' ? event : JSON.stringify(event)
    const id = parseEventId(typeof event === 'string' ? claimedId(event) : event.id)
    if (isMalformed(id)) return { type: 'refused', reason: id.malformed, tooLarge: false }
    const target = visit(url)
    if (!target) return publishLater('too many relays at once')
    const verdict = await target.publish(id, json)
    if (verdict.type === 'refused' && verdict.tooLarge) information.rememberTooLarge(url, Buffer.byteLength(json))
    return verdict
  }

  async function fetch(from: readonly string[], filter: Filter, timeoutMs: number) {
    return fetchStored({ urls: stopping ? [] : parseUrls(from), visit, filter, timeoutMs, clock })
  }

  function status(): RelayStatus[] {
    const subscribed = new Set([...subscriptions].map(({ relay }) => relay))
    return [...subscribed].map((relay) => {
      const { url, connected, lastError, proof } = relay
      const own = [...subscriptions].filter((subscription) => subscription.relay === relay)
      return {
        url,
        connected,
        listening: own.filter(({ listening }) => listening).length,
        lastError: lastError ?? own.find(({ trouble }) => trouble !== null)?.trouble ?? null,
        proof: proof?.by ?? null,
        provenAt: proof?.at ?? null,
      }
    })
  }

  async function prove(event: NostrEvent | null, relay: string, timeoutMs: number) {
    const target = relays.get(relay)
    if (!target || stopping) return 'unproven'
    const mine = [...subscriptions].filter((subscription) => subscription.relay === target)
    return proveRelay({ event, relay: target, subscriptions: mine, timeoutMs })
  }

  async function stopAll() {
    cancelSweep?.()
    for (const subscription of subscriptions) subscription.close()
    subscriptions.clear()
    cursors.save()
    await Promise.all([...leaving, ...[...relays.values()].map((relay) => relay.stop())])
    relays.clear()
  }

  return {
    subscribe,
    publish,
    fetch,
    prove,
    limits: (relay) => {
      const url = parseUrl(relay)
      return isMalformed(url) ? null : information.limits(url)
    },
    tendedAt: () => (cancelSweep ? tendedAt : null),
    status,
    stop: () => (stopping ??= stopAll()),
  }
}
