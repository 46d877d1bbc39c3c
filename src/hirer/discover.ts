/** Who offers this task? Asks relays for what providers list, believes only what they signed, and looks up where each can be written to. */
import type { Filter, NostrEvent } from '../core/event.js'
import { isMalformed, type Millis, type Pubkey, type Seconds } from '../core/identifiers.js'
import { verifyEvent } from '../nostr/event.js'
import { HANDLER_KIND, PAID_SERVICE_KIND } from '../nostr/kinds/announcement.js'
import { MESSAGE_KIND } from '../nostr/kinds/dispatch.js'
import { JOB_REQUEST_KIND } from '../nostr/kinds/job-request.js'
import { parseListing, type Listing } from '../nostr/kinds/listing.js'
import type { Clock, RelayLists, RelayPool } from '../ports.js'
import { candidateOf, type Candidate } from './candidate.js'

const DISCOVERY_MS: Millis = 4_000
/** Of one question; a relay may hold any number of listings. */
const MOST_EVENTS = 300
/** Of one key: nobody crowds the others out. */
const MOST_LISTINGS_EACH = 10
/** Those who are asked after by key. */
const MOST_KNOWN = 200
/** Those whose inbox is looked up. */
const MOST_CANDIDATES = 40

export interface Wanted {
  readonly task: string
  readonly topic: string | null
  /** Only this one is asked about. */
  readonly provider: Pubkey | null
  /** Asked after by key, and looked at first: whoever lists the task besides may be any number of strangers. */
  readonly known?: readonly Pubkey[]
}

/** Candidates that list the task, and the named one whatever it lists. */
export async function discoverProviders(
  tools: {
    readonly relayPool: RelayPool
    readonly relays: readonly string[]
    readonly lists: RelayLists
    readonly clock: Clock
  },
  wanted: Wanted,
): Promise<Candidate[]> {
  const { relayPool, relays, lists, clock } = tools
  const asked = await Promise.all(filtersFor(wanted).map((filter) => relayPool.fetch(relays, filter, DISCOVERY_MS)))
  const events = asked.flatMap((answer) => answer.events)
  const listed = byProvider(newestListings(events, Math.floor(clock.now() / 1000)))
  const found: [Pubkey, readonly Listing[]][] =
    wanted.provider === null
      ? knownFirst([...listed], wanted.known ?? [])
          .filter(([, listings]) => offers(listings, wanted))
          .slice(0, MOST_CANDIDATES)
      : [[wanted.provider, listed.get(wanted.provider) ?? []]]
  return Promise.all(
    found.map(async ([provider, listings]) =>
      candidateOf({
        provider,
        listings,
        task: wanted.task,
        inboxRelays: await lists.inboxRelays(provider),
        isNamed: provider === wanted.provider,
      }),
    ),
  )
}

function knownFirst<T>(found: [Pubkey, T][], known: readonly Pubkey[]): [Pubkey, T][] {
  const keys = new Set(known)
  return found.sort(([a], [b]) => Number(keys.has(b)) - Number(keys.has(a)))
}

/** `#k` and `#t` are indexed by relays; ways to pay are not, and are looked at afterwards. */
function filtersFor({ topic, provider, known = [] }: Wanted): Filter[] {
  const limit = MOST_EVENTS
  if (provider !== null) return [{ kinds: [HANDLER_KIND, PAID_SERVICE_KIND], authors: [provider], limit }]
  const about = topic === null ? {} : { '#t': [topic] }
  const authors = known.slice(0, MOST_KNOWN)
  return [
    ...(authors.length > 0 ? [{ kinds: [HANDLER_KIND, PAID_SERVICE_KIND], authors, limit }] : []),
    { kinds: [HANDLER_KIND], '#k': [String(JOB_REQUEST_KIND)], ...about, limit },
    { kinds: [PAID_SERVICE_KIND], ...about, limit },
    // A card's topics stand beside the word `dispatch`: several values of one tag mean "any of them", so they are compared here.
    { kinds: [HANDLER_KIND], '#k': [String(MESSAGE_KIND)], '#t': ['dispatch'], limit },
  ]
}

function newestListings(events: readonly NostrEvent[], now: Seconds): Listing[] {
  const newest = new Map<string, Listing>()
  for (const event of events) {
    const listing = parseListing(event)
    if (isMalformed(listing)) continue
    const known = newest.get(listing.address)
    // The signature is the dearest question, so it is asked last.
    if ((known && !isNewer(listing, known)) || !verifyEvent(event)) continue
    newest.set(listing.address, listing)
  }
  // Only now: a newest one that has expired does not bring an older one back.
  return [...newest.values()].filter(({ expiresAt }) => expiresAt === null || expiresAt > now)
}

function byProvider(listings: readonly Listing[]): Map<Pubkey, readonly Listing[]> {
  const grouped = new Map<Pubkey, readonly Listing[]>()
  for (const listing of listings) {
    const others = grouped.get(listing.provider) ?? []
    if (others.length < MOST_LISTINGS_EACH) grouped.set(listing.provider, [...others, listing])
  }
  return grouped
}

/** NIP-01: of two events of one second the lower id counts. */
const isNewer = (a: Listing, b: Listing): boolean =>
  a.createdAt === b.createdAt ? a.eventId < b.eventId : a.createdAt > b.createdAt

const offers = (listings: readonly Listing[], { task, topic }: Wanted): boolean =>
  listings.some(({ capabilities }) => capabilities.some(({ name }) => name === task)) &&
  (topic === null || listings.some(({ topics }) => topics.includes(topic)))
