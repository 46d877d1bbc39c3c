/** Which events does a subscriber ask for? (NIP-01 §From client to relay) */
import type { NostrEvent } from '../../core/event.js'
import { malformed, type Malformed } from '../../core/identifiers.js'

/** What an event can be looked up by, in the names that filters use. */
export type Facet = 'ids' | 'authors' | 'kinds' | `#${string}`
export type FacetValue = string | number

/** A NIP-01 filter made ready for matching: an event must have one of the values of every facet. */
export interface RelayFilter {
  readonly facets: ReadonlyMap<Facet, ReadonlySet<FacetValue>>
  readonly since: number
  readonly until: number
  readonly limit: number
}

const HEX_32_BYTES = /^[0-9a-f]{64}$/
const LETTER = /^[a-zA-Z]$/
const TAG_FACET = /^#[a-zA-Z]$/
const HEX_FACETS: ReadonlySet<string> = new Set(['ids', 'authors', '#e', '#p'])

const isTagFacet = (key: string): key is `#${string}` => TAG_FACET.test(key)
const isFacet = (key: string): key is Facet => key === 'ids' || key === 'authors' || key === 'kinds' || isTagFacet(key)
const isWhole = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

/** Strict: a key that is not of NIP-01 is refused, because a relay that ignored it would answer more than was asked for. */
export function parseRelayFilter(value: unknown): RelayFilter | Malformed {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return malformed('a filter is an object')
  const facets = new Map<Facet, ReadonlySet<FacetValue>>()
  const bounds = { since: 0, until: Infinity, limit: Infinity }
  for (const [key, given] of Object.entries(value)) {
    if (key === 'since' || key === 'until' || key === 'limit') {
      if (!isWhole(given)) return malformed(`${key} is a whole number`)
      bounds[key] = given
      continue
    }
    if (!isFacet(key)) return malformed('a filter has only ids, authors, kinds, #x, since, until and limit')
    if (!Array.isArray(given)) return malformed(`${key} is an array`)
    if (!given.every((item: unknown) => isValueOf(key, item))) return malformed(`${key} has a value of a wrong type`)
    facets.set(key, new Set(given))
  }
  return { facets, ...bounds }
}

function isValueOf(facet: Facet, value: unknown): value is FacetValue {
  if (facet === 'kinds') return isWhole(value) && value <= 65_535
  return typeof value === 'string' && (!HEX_FACETS.has(facet) || HEX_32_BYTES.test(value))
}

export function matchesFilter(filter: RelayFilter, event: NostrEvent): boolean {
  if (event.created_at < filter.since || event.created_at > filter.until) return false
  for (const [facet, values] of filter.facets) if (!hasOneOf(event, facet, values)) return false
  return true
}

function hasOneOf(event: NostrEvent, facet: Facet, values: ReadonlySet<FacetValue>): boolean {
  if (facet === 'ids') return values.has(event.id)
  if (facet === 'authors') return values.has(event.pubkey)
  if (facet === 'kinds') return values.has(event.kind)
  const letter = facet[1]
  return event.tags.some(([name, value]) => name === letter && value !== undefined && values.has(value))
}

/** Everything an event can be found by, its id aside. A tag that occurs twice is named twice. */
export function* facetsOf(event: NostrEvent): Generator<readonly [Facet, FacetValue]> {
  yield ['kinds', event.kind]
  yield ['authors', event.pubkey]
  for (const [name, value] of event.tags)
    if (name !== undefined && value !== undefined && LETTER.test(name)) yield [`#${name}`, value]
}
