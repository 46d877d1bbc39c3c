/** Where are the stored events that match a filter, without looking at the others? */
import type { NostrEvent } from '../../core/event.js'
import { facetsOf, matchesFilter, type Facet, type FacetValue, type RelayFilter } from './filter.js'

export interface StoredEvent {
  readonly event: NostrEvent
  /** The event as it goes over the wire, serialised once. */
  readonly json: string
}

/** Oldest first; of one second, the highest id first. Read from its end it is the order that NIP-01 wants. */
type Bucket = StoredEvent[]

export interface EventIndex {
  readonly size: number
  get(id: string): StoredEvent | undefined
  add(stored: StoredEvent): void
  remove(id: string): void
  /** In the order of NIP-01 (newest first, then lowest id), at most `filter.limit` of those that `visible` lets through. */
  find(filter: RelayFilter, visible: (event: NostrEvent) => boolean): StoredEvent[]
  /** In the order of arrival. */
  all(): Iterable<StoredEvent>
}

/** Costs as many steps as the narrowest facet of a filter has events within since and until. */
export function createEventIndex(): EventIndex {
  const byId = new Map<string, StoredEvent>()
  const byTime: Bucket = []
  const byFacet = new Map<Facet, Map<FacetValue, Bucket>>()

  function bucketFor(facet: Facet, value: FacetValue): Bucket {
    let buckets = byFacet.get(facet)
    if (!buckets) byFacet.set(facet, (buckets = new Map<FacetValue, Bucket>()))
    let bucket = buckets.get(value)
    if (!bucket) buckets.set(value, (bucket = []))
    return bucket
  }

  function dropFrom(facet: Facet, value: FacetValue, event: NostrEvent): void {
    const buckets = byFacet.get(facet)
    const bucket = buckets?.get(value)
    if (!buckets || !bucket) return
    takeOut(bucket, event)
    if (bucket.length === 0) buckets.delete(value)
  }

  /** The buckets of the facet that leaves the fewest events to look at; all events where the filter names no facet. */
  function narrowestBuckets(filter: RelayFilter): Bucket[] {
    let narrowest: Bucket[] = [byTime]
    let fewest = Infinity
    for (const [facet, values] of filter.facets) {
      const buckets: Bucket[] = []
      let events = 0
      for (const value of values) {
        const bucket = byFacet.get(facet)?.get(value)
        if (!bucket) continue
        buckets.push(bucket)
        events += endOf(bucket, filter) - startOf(bucket, filter)
      }
      if (events < fewest) [narrowest, fewest] = [buckets, events]
    }
    return narrowest
  }

  return {
    get size() {
      return byId.size
    },
    get: (id) => byId.get(id),
    all: () => byId.values(),
    add(stored) {
      byId.set(stored.event.id, stored)
      putInto(byTime, stored)
      for (const [facet, value] of facetsOf(stored.event)) putInto(bucketFor(facet, value), stored)
    },
    remove(id) {
      const stored = byId.get(id)
      if (!stored) return
      byId.delete(id)
      takeOut(byTime, stored.event)
      for (const [facet, value] of facetsOf(stored.event)) dropFrom(facet, value, stored.event)
    },
    find(filter, visible) {
      const wanted = ({ event }: StoredEvent) => matchesFilter(filter, event) && visible(event)
      const ids = filter.facets.get('ids')
      if (ids) {
        const named = [...ids].flatMap((id) => byId.get(String(id)) ?? []).filter(wanted)
        return newestFirst(named, filter.limit)
      }
      const buckets = narrowestBuckets(filter)
      const found = new Set<StoredEvent>()
      for (const bucket of buckets) for (const stored of newestOf(bucket, filter, wanted)) found.add(stored)
      return buckets.length > 1 ? newestFirst([...found], filter.limit) : [...found]
    },
  }
}

/** Below zero where `a` is served before `b`. */
export const compareServed = (a: NostrEvent, b: NostrEvent): number =>
  b.created_at - a.created_at || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0)

export function newestFirst(found: StoredEvent[], limit: number): StoredEvent[] {
  return found.sort((a, b) => compareServed(a.event, b.event)).slice(0, limit)
}

function newestOf(bucket: Bucket, filter: RelayFilter, wanted: (stored: StoredEvent) => boolean): StoredEvent[] {
  const found: StoredEvent[] = []
  const start = startOf(bucket, filter)
  for (let at = endOf(bucket, filter) - 1; at >= start && found.length < filter.limit; at--) {
    const stored = bucket[at]
    if (stored && wanted(stored)) found.push(stored)
  }
  return found
}

const startOf = (bucket: Bucket, { since }: RelayFilter): number =>
  since === 0 ? 0 : firstWhere(bucket, (event) => event.created_at >= since)

const endOf = (bucket: Bucket, { until }: RelayFilter): number =>
  until === Infinity ? bucket.length : firstWhere(bucket, (event) => event.created_at > until)

/** The first position from which on `reached` is true: by halving, so it must stay true once it is. */
function firstWhere(bucket: Bucket, reached: (event: NostrEvent) => boolean): number {
  let [low, high] = [0, bucket.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    const stored = bucket[middle]
    if (stored && reached(stored.event)) high = middle
    else low = middle + 1
  }
  return low
}

const positionOf = (bucket: Bucket, event: NostrEvent): number =>
  firstWhere(bucket, (other) => compareServed(other, event) <= 0)

function putInto(bucket: Bucket, stored: StoredEvent): void {
  const last = bucket.at(-1)
  if (!last || compareServed(stored.event, last.event) < 0) {
    bucket.push(stored) // the usual case: events arrive in the order of their time
    return
  }
  const position = positionOf(bucket, stored.event)
  if (bucket[position]?.event.id !== stored.event.id) bucket.splice(position, 0, stored)
}

function takeOut(bucket: Bucket, event: NostrEvent): void {
  const position = positionOf(bucket, event)
  if (bucket[position]?.event.id === event.id) bucket.splice(position, 1)
}
