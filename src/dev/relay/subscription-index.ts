/** Who asked for this event? Thousands of subscriptions, of which an event is shown to the few that could match. */
import type { NostrEvent } from '../../core/event.js'
import { facetsOf, matchesFilter, type Facet, type FacetValue, type RelayFilter } from './filter.js'

export interface LiveSubscription {
  readonly filters: readonly RelayFilter[]
  readonly mayRead: (event: NostrEvent) => boolean
  /** `json` is the event, serialised. */
  readonly deliver: (json: string) => void
}

export interface SubscriptionIndex {
  /** Subscriptions that are open. */
  readonly size: number
  /** Places in which they are registered: zero when none is open. */
  readonly places: number
  add(subscription: LiveSubscription): void
  remove(subscription: LiveSubscription): void
  clear(): void
  /** Each subscription once, however many of its filters match. */
  matching(event: NostrEvent): Set<LiveSubscription>
}

/** One filter of a subscription, in the place where events that could match it look. */
interface Listener {
  readonly subscription: LiveSubscription
  readonly filter: RelayFilter
}

/** From the facet that the fewest events share to the one that most do. Other tags stand between authors and kinds. */
const NARROW_FIRST: readonly Facet[] = ['ids', '#e', '#p', 'authors']

export function createSubscriptionIndex(): SubscriptionIndex {
  const listenersOf = new Map<LiveSubscription, Listener[]>()
  const byFacet = new Map<Facet, Map<FacetValue, Set<Listener>>>()
  const toEverything = new Set<Listener>()

  function register(listener: Listener): void {
    const facet = narrowestFacet(listener.filter)
    if (facet === null) {
      toEverything.add(listener)
      return
    }
    let places = byFacet.get(facet)
    if (!places) byFacet.set(facet, (places = new Map<FacetValue, Set<Listener>>()))
    for (const value of listener.filter.facets.get(facet) ?? []) {
      const listeners = places.get(value)
      if (listeners) listeners.add(listener)
      else places.set(value, new Set([listener]))
    }
  }

  function unregister(listener: Listener): void {
    toEverything.delete(listener)
    const facet = narrowestFacet(listener.filter)
    const places = facet === null ? undefined : byFacet.get(facet)
    if (facet === null || !places) return
    for (const value of listener.filter.facets.get(facet) ?? []) {
      const listeners = places.get(value)
      listeners?.delete(listener)
      if (listeners?.size === 0) places.delete(value)
    }
  }

  function* candidates(event: NostrEvent): Generator<Listener> {
    yield* toEverything
    yield* byFacet.get('ids')?.get(event.id) ?? []
    for (const [facet, value] of facetsOf(event)) yield* byFacet.get(facet)?.get(value) ?? []
  }

  return {
    get size() {
      return listenersOf.size
    },
    get places() {
      return [...byFacet.values()].reduce((sum, places) => sum + places.size, toEverything.size)
    },
    add(subscription) {
      const listeners = subscription.filters.map((filter) => ({ subscription, filter }))
      listenersOf.set(subscription, listeners)
      for (const listener of listeners) register(listener)
    },
    remove(subscription) {
      for (const listener of listenersOf.get(subscription) ?? []) unregister(listener)
      listenersOf.delete(subscription)
    },
    clear() {
      listenersOf.clear()
      byFacet.clear()
      toEverything.clear()
    },
    matching(event) {
      const found = new Set<LiveSubscription>()
      for (const { subscription, filter } of candidates(event))
        if (!found.has(subscription) && matchesFilter(filter, event)) found.add(subscription)
      return found
    },
  }
}

function narrowestFacet({ facets }: RelayFilter): Facet | null {
  const narrow = NARROW_FIRST.find((facet) => facets.has(facet))
  if (narrow) return narrow
  for (const facet of facets.keys()) if (facet !== 'kinds') return facet
  return facets.has('kinds') ? 'kinds' : null
}
