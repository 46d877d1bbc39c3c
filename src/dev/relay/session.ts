/** What does one connection ask, and what is it told? (NIP-01 §Communication, NIP-42, NIP-45) */
import { randomBytes } from 'node:crypto'
import { isMalformed, malformed, type Malformed, type Pubkey, type Seconds } from '../../core/identifiers.js'
import { parseEvent } from '../../nostr/event.js'
import type { Admission } from './admission.js'
import { mayRead, refuseAuthentication } from './authentication.js'
import type { EventStore } from './event-store.js'
import { parseRelayFilter, type RelayFilter } from './filter.js'
import type { LiveSubscription, SubscriptionIndex } from './subscription-index.js'

export const MAX_SUBSCRIPTION_ID = 64
const MAX_FILTERS = 100

/** What all sessions of a relay share. */
export interface SessionWorld {
  /** True where nothing is read or published without authentication. */
  readonly auth: boolean
  /** True where private kinds are shown to their parties alone, and everything else to everybody. */
  readonly hidePrivate?: boolean
  /** Asks who is there only once something was refused, and not at each connection. */
  readonly askLate?: boolean
  /** Whom authentication lets in. Default: everybody. */
  readonly isMember?: (pubkey: Pubkey) => boolean
  readonly admit: Admission
  readonly store: EventStore
  readonly subscriptions: SubscriptionIndex
  readonly counts: { received: number; requests: number }
  readonly now: () => Seconds
}

export interface SessionPeer {
  readonly number: number
  readonly hosts: readonly string[]
  readonly send: (frame: string) => void
}

export interface Session {
  /** Takes one text frame. Never throws, whatever it holds. */
  receive(text: string): void
  forgetSubscriptions(): void
  /** Forgets who is there, and asks again with another challenge. */
  challengeAgain(): void
  close(): void
}

export function createSession(world: SessionWorld, peer: SessionPeer): Session {
  const subscriptions = new Map<string, LiveSubscription>()
  const pubkeys = new Set<Pubkey>()
  let challenge: string | null = null
  let closed = false

  const tell = (...message: (string | boolean | object)[]) => peer.send(JSON.stringify(message))
  const guards = world.auth || world.hidePrivate === true
  const canRead: LiveSubscription['mayRead'] = (event) => !guards || mayRead(event, pubkeys)

  function askWho(): void {
    if (challenge !== null) return
    challenge = randomBytes(16).toString('hex')
    tell('AUTH', challenge)
  }

  function publish(value: unknown): void {
    world.counts.received++
    const event = parseEvent(value)
    if (isMalformed(event)) return tell('OK', claimedId(value), false, `invalid: ${event.malformed}`)
    const { ok, reason } = world.admit(event, { number: peer.number, pubkeys })
    if (reason.startsWith('auth-required:')) askWho()
    tell('OK', event.id, ok, reason)
  }

  function authenticate(value: unknown): void {
    const event = parseEvent(value)
    if (isMalformed(event)) return tell('OK', claimedId(value), false, `invalid: ${event.malformed}`)
    if (challenge === null) return tell('OK', event.id, false, 'restricted: no challenge was sent')
    const refusal = refuseAuthentication(event, { challenge, hosts: peer.hosts, now: world.now() })
    if (refusal !== null) return tell('OK', event.id, false, refusal)
    if (world.isMember?.(event.pubkey) === false) return tell('OK', event.id, false, 'restricted: not a member')
    pubkeys.add(event.pubkey)
    tell('OK', event.id, true, '')
  }

  /** The filters that may be answered; null where the refusal has been sent. */
  function readableFilters(id: string, values: readonly unknown[]): RelayFilter[] | null {
    const filters = parseFilters(id, values)
    if (isMalformed(filters)) tell('CLOSED', id, `invalid: ${filters.malformed}`)
    else if (!world.auth || pubkeys.size > 0) return filters
    else {
      tell('CLOSED', id, 'auth-required: authenticate to read')
      askWho()
    }
    return null
  }

  function request(id: string, values: readonly unknown[]): void {
    world.counts.requests++
    stopListening(id) // also where the new request is refused: of one name there is one subscription (NIP-01)
    const filters = readableFilters(id, values)
    if (!filters) return
    const head = `["EVENT",${JSON.stringify(id)},`
    const deliver = (json: string) => peer.send(`${head}${json}]`)
    for (const { json } of world.store.find({ filters, now: world.now(), mayRead: canRead })) deliver(json)
    tell('EOSE', id)
    const subscription: LiveSubscription = { filters, mayRead: canRead, deliver }
    subscriptions.set(id, subscription)
    world.subscriptions.add(subscription)
  }

  function count(id: string, values: readonly unknown[]): void {
    const filters = readableFilters(id, values)
    if (filters) tell('COUNT', id, { count: world.store.find({ filters, now: world.now(), mayRead: canRead }).length })
  }

  function stopListening(id: string): void {
    const subscription = subscriptions.get(id)
    if (!subscription) return
    subscriptions.delete(id)
    world.subscriptions.remove(subscription)
  }

  function forgetSubscriptions(): void {
    for (const id of subscriptions.keys()) stopListening(id)
  }

  if (guards && world.askLate !== true) askWho()

  return {
    receive(text) {
      if (closed) return
      const message = parseMessage(text)
      if (isMalformed(message)) return tell('NOTICE', `invalid: ${message.malformed}`)
      const [verb, subject, ...rest] = message
      if (verb === 'EVENT') return publish(subject)
      if (verb === 'AUTH') return authenticate(subject)
      if (typeof subject !== 'string') return tell('NOTICE', 'invalid: a subscription id is a string')
      if (verb === 'REQ') return request(subject, rest)
      if (verb === 'COUNT') return count(subject, rest)
      if (verb === 'CLOSE') return stopListening(subject)
      tell('NOTICE', 'invalid: a message begins with EVENT, REQ, COUNT, CLOSE or AUTH')
    },
    forgetSubscriptions,
    challengeAgain() {
      pubkeys.clear()
      challenge = null
      askWho()
    },
    close() {
      closed = true
      forgetSubscriptions()
    },
  }
}

function parseMessage(text: string): unknown[] | Malformed {
  try {
    const message: unknown = JSON.parse(text)
    return Array.isArray(message) ? message : malformed('a message is an array')
  } catch {
    return malformed('not JSON')
  }
}

function parseFilters(id: string, values: readonly unknown[]): RelayFilter[] | Malformed {
  if (id === '' || id.length > MAX_SUBSCRIPTION_ID) return malformed('a subscription id has 1 to 64 characters')
  if (values.length === 0 || values.length > MAX_FILTERS) return malformed(`a request has 1 to ${MAX_FILTERS} filters`)
  const filters: RelayFilter[] = []
  for (const value of values) {
    const filter = parseRelayFilter(value)
    if (isMalformed(filter)) return filter
    filters.push(filter)
  }
  return filters
}

/** The id to answer to, of an event that is none. Only a string is echoed: anything else may be too deep to serialise. */
function claimedId(value: unknown): string {
  const id = typeof value === 'object' && value !== null ? (value as { id?: unknown }).id : undefined
  return typeof id === 'string' ? id.slice(0, 64) : ''
}
