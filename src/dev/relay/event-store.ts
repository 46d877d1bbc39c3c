/** What does the relay keep, and what replaces or deletes it? (NIP-01 §Kinds, NIP-09, NIP-40) */
import { isAddressableKind, isEphemeralKind, isReplaceableKind } from 'nostr-tools/kinds'
import { tagValue, type NostrEvent } from '../../core/event.js'
import type { Seconds } from '../../core/identifiers.js'
import { compareServed, createEventIndex, newestFirst, type StoredEvent } from './event-index.js'
import type { RelayFilter } from './filter.js'

export interface EventQuery {
  /** An event that matches one of them is found. */
  readonly filters: readonly RelayFilter[]
  readonly now: Seconds
  readonly mayRead: (event: NostrEvent) => boolean
}

/** In memory. May be handed from a stopped relay to the next: a restart that kept its data. */
export interface EventStore {
  readonly size: number
  has(id: string): boolean
  /** Replaces and deletes what the event replaces or deletes. Returns the reason of a refusal, or null. Ephemeral events pass. */
  put(stored: StoredEvent): string | null
  /** Newest first, then lowest id, each event once. */
  find(query: EventQuery): StoredEvent[]
  /** In the order of arrival. */
  events(): Iterable<NostrEvent>
}

const DELETION_KIND = 5

export function createEventStore(): EventStore {
  const index = createEventIndex()
  const current = new Map<string, NostrEvent>()
  const deletedIds = new Set<string>() // `author:id`: only the author's deletion counts, also of an event not yet seen
  const deletedAddresses = new Map<string, Seconds>() // the address names the author; versions up to that time are gone

  function remove(event: NostrEvent): void {
    index.remove(event.id)
    const address = addressOf(event)
    if (address !== null && current.get(address)?.id === event.id) current.delete(address)
  }

  function deleteById(author: string, id: string): void {
    const target = index.get(id)?.event
    if (target?.kind === DELETION_KIND) return
    deletedIds.add(`${author}:${id}`)
    if (target?.pubkey === author) remove(target)
  }

  function deleteByAddress(author: string, address: string, until: Seconds): void {
    if (address.split(':')[1] !== author) return
    deletedAddresses.set(address, Math.max(until, deletedAddresses.get(address) ?? 0))
    const target = current.get(address)
    if (target && target.created_at <= until) remove(target)
  }

  function applyDeletion(deletion: NostrEvent): void {
    for (const [name, value] of deletion.tags) {
      if (name === 'e' && value !== undefined) deleteById(deletion.pubkey, value)
      if (name === 'a' && value !== undefined) deleteByAddress(deletion.pubkey, value, deletion.created_at)
    }
  }

  function isDeleted(event: NostrEvent, address: string | null): boolean {
    if (event.kind === DELETION_KIND) return false
    if (deletedIds.has(`${event.pubkey}:${event.id}`)) return true
    return address !== null && event.created_at <= (deletedAddresses.get(address) ?? -1)
  }

  return {
    get size() {
      return index.size
    },
    has: (id) => index.get(id) !== undefined,
    *events() {
      for (const stored of index.all()) yield stored.event
    },
    put(stored) {
      const { event } = stored
      const address = addressOf(event)
      if (isDeleted(event, address)) return 'blocked: this event was deleted by its author'
      if (isEphemeralKind(event.kind)) return null
      if (event.kind === DELETION_KIND) applyDeletion(event)
      if (address !== null) {
        const older = current.get(address)
        if (older && compareServed(older, event) < 0) return 'duplicate: have a newer version'
        if (older) remove(older)
        current.set(address, event)
      }
      index.add(stored)
      return null
    },
    find({ filters, now, mayRead }) {
      const visible = (event: NostrEvent) => !isExpired(event, now) && mayRead(event)
      const [only, ...others] = filters
      if (only && others.length === 0) return index.find(only, visible)
      const found = new Set<StoredEvent>()
      for (const filter of filters) for (const stored of index.find(filter, visible)) found.add(stored)
      return newestFirst([...found], Infinity)
    },
  }
}

/** Where there can be only one: `kind:pubkey:d` for addressable kinds, with an empty `d` for replaceable ones. */
function addressOf(event: NostrEvent): string | null {
  if (isReplaceableKind(event.kind)) return `${event.kind}:${event.pubkey}:`
  if (isAddressableKind(event.kind)) return `${event.kind}:${event.pubkey}:${tagValue(event, 'd') ?? ''}`
  return null
}

/** NIP-40. An expiration that is no whole number is none. */
export function isExpired(event: NostrEvent, now: Seconds): boolean {
  const expiration = tagValue(event, 'expiration')
  return expiration !== undefined && /^\d{1,15}$/.test(expiration) && Number(expiration) <= now
}
