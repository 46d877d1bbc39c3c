/** What is known of these providers that they did not say themselves? Ranks, attestations, domains, and our own past with them. */
import { tagValue, type NostrEvent } from '../core/event.js'
import { isMalformed, malformed, parsePubkey, type Millis, type Pubkey } from '../core/identifiers.js'
import { verifyEvent } from '../nostr/event.js'
import { ATTESTATION_KIND, isVouching, parseAttestation } from '../nostr/kinds/attestation.js'
import { parseRank, USER_ASSERTION_KIND } from '../nostr/kinds/rank.js'
import type { Clock, RelayPool } from '../ports.js'
import type { PastHires } from './history.js'

const LOOKUP_MS: Millis = 4_000
const MOST_EVENTS = 500
const PROFILE_KIND = 0

/** Whom we believe. Everything that others say about a provider counts for nothing unless they are named here. */
export interface TrustAnchors {
  /** Providers of NIP-85 ranks. */
  readonly rankedBy: readonly Pubkey[]
  /** Issuers of attestations. */
  readonly issuers: readonly Pubkey[]
  /** Domains whose NIP-05 names we take for a recommendation. */
  readonly domains: readonly string[]
}

export interface Trust {
  /** The lowest of those that the named providers give; null where none of them gives one. */
  readonly rank: number | null
  /** Issuers, among the named ones, whose attestation speaks for the provider now. */
  readonly attestedBy: readonly Pubkey[]
  /** Its NIP-05 name, where that is of a named domain and names the provider's key in turn. */
  readonly nip05: string | null
  readonly past: PastHires
}

export interface TrustSources {
  readonly relayPool: RelayPool
  readonly relays: readonly string[]
  /** Whether the domain names that key (NIP-05). Never throws. */
  readonly verifyNip05: (address: string, pubkey: Pubkey) => Promise<boolean>
  readonly pastWith: (provider: Pubkey) => Promise<PastHires>
  readonly clock: Clock
}

export async function lookUpTrust(
  sources: TrustSources,
  anchors: TrustAnchors,
  providers: readonly Pubkey[],
): Promise<ReadonlyMap<Pubkey, Trust>> {
  const [ranks, attestations, names] = await Promise.all([
    anchors.rankedBy.length > 0 ? lookUpRanks(sources, anchors.rankedBy, providers) : new Map<Pubkey, number>(),
    anchors.issuers.length > 0 ? lookUpAttestations(sources, anchors.issuers, providers) : new Map<Pubkey, Pubkey[]>(),
    anchors.domains.length > 0 ? lookUpNames(sources, anchors.domains, providers) : new Map<Pubkey, string>(),
  ])
  const entries = providers.map(async (provider): Promise<[Pubkey, Trust]> => [
    provider,
    {
      rank: ranks.get(provider) ?? null,
      attestedBy: attestations.get(provider) ?? [],
      nip05: names.get(provider) ?? null,
      past: await sources.pastWith(provider),
    },
  ])
  return new Map(await Promise.all(entries))
}

/** Whom those that we believe have spoken of, for better or worse: to be asked after by key, since anybody may crowd a list. */
export async function findSpokenOf(
  { relayPool, relays }: Pick<TrustSources, 'relayPool' | 'relays'>,
  { rankedBy, issuers }: TrustAnchors,
): Promise<Pubkey[]> {
  const wanted = [
    { kinds: [ATTESTATION_KIND], authors: issuers, limit: MOST_EVENTS },
    { kinds: [USER_ASSERTION_KIND], authors: rankedBy, limit: MOST_EVENTS },
  ].filter(({ authors }) => authors.length > 0)
  const asked = await Promise.all(wanted.map((filter) => relayPool.fetch(relays, filter, LOOKUP_MS)))
  const named = asked
    .flatMap(({ events }) => events)
    .map((event) => parsePubkey(tagValue(event, event.kind === ATTESTATION_KIND ? 'p' : 'd')))
  return [...new Set(named.filter((key): key is Pubkey => !isMalformed(key)))]
}

/** Of several providers of ranks that we named, the one that thinks least of it is believed. */
async function lookUpRanks(
  { relayPool, relays }: TrustSources,
  rankedBy: readonly Pubkey[],
  subjects: readonly Pubkey[],
): Promise<Map<Pubkey, number>> {
  const filter = { kinds: [USER_ASSERTION_KIND], authors: rankedBy, '#d': subjects, limit: MOST_EVENTS }
  const { events } = await relayPool.fetch(relays, filter, LOOKUP_MS)
  const newest = newestOf(events.filter(isBy(rankedBy)), parseRank, ({ assertedBy, subject }) => assertedBy + subject)
  const lowest = new Map<Pubkey, number>()
  for (const { subject, rank } of newest) lowest.set(subject, Math.min(rank, lowest.get(subject) ?? 100))
  return lowest
}

async function lookUpAttestations(
  { relayPool, relays, clock }: TrustSources,
  issuers: readonly Pubkey[],
  subjects: readonly Pubkey[],
): Promise<Map<Pubkey, Pubkey[]>> {
  // Not by `#p`: a revocation need not name its subject for us to be bound by it.
  const filter = { kinds: [ATTESTATION_KIND], authors: issuers, limit: MOST_EVENTS }
  const about = { ...filter, '#p': subjects }
  const asked = await Promise.all([about, filter].map((one) => relayPool.fetch(relays, one, LOOKUP_MS)))
  const events = asked.flatMap((answer) => answer.events).filter(isBy(issuers))
  const newest = newestOf(events, readStatement, ({ address }) => address).map(({ attestation }) => attestation)
  const now = Math.floor(clock.now() / 1000)
  const vouched = new Map<Pubkey, Pubkey[]>()
  for (const attestation of newest) {
    if (isMalformed(attestation) || !isVouching(attestation, now)) continue
    const others = vouched.get(attestation.subject) ?? []
    if (!others.includes(attestation.issuer)) vouched.set(attestation.subject, [...others, attestation.issuer])
  }
  return vouched
}

/** What stands at an issuer's address now, readable or not: the newest replaces what was there, though a relay may keep that. */
function readStatement(event: NostrEvent) {
  const identifier = tagValue(event, 'd')
  if (identifier === undefined) return malformed('an attestation has an identifier')
  const address = `${event.pubkey}:${identifier}`
  return { address, createdAt: event.created_at, attestation: parseAttestation(event) }
}

/** The provider's own word names the domain; only the domain's word counts. */
async function lookUpNames(
  { relayPool, relays, verifyNip05 }: TrustSources,
  domains: readonly string[],
  providers: readonly Pubkey[],
): Promise<Map<Pubkey, string>> {
  const filter = { kinds: [PROFILE_KIND], authors: providers, limit: MOST_EVENTS }
  const { events } = await relayPool.fetch(relays, filter, LOOKUP_MS)
  const parse = (event: NostrEvent) => ({ event, createdAt: event.created_at })
  const names = new Map<Pubkey, string>()
  await Promise.all(
    newestOf(events.filter(isBy(providers)), parse, ({ event }) => event.pubkey).map(async ({ event }) => {
      const address = nip05Of(event)
      const domain = address?.split('@')[1]?.toLowerCase()
      if (address === null || domain === undefined || !domains.includes(domain)) return
      if (await verifyNip05(address, event.pubkey)) names.set(event.pubkey, address)
    }),
  )
  return names
}

const isBy =
  (authors: readonly Pubkey[]) =>
  ({ pubkey }: NostrEvent): boolean =>
    authors.includes(pubkey)

/** Verified ones only; of several with one name the newest, also where that is the one that takes something back. */
function newestOf<T extends { readonly createdAt: number }>(
  events: readonly NostrEvent[],
  parse: (event: NostrEvent) => T | { readonly malformed: string },
  nameOf: (value: T) => string,
): T[] {
  const newest = new Map<string, T>()
  for (const event of events) {
    const value = parse(event)
    if (isMalformed(value)) continue
    const known = newest.get(nameOf(value))
    if ((known && known.createdAt >= value.createdAt) || !verifyEvent(event)) continue
    newest.set(nameOf(value), value)
  }
  return [...newest.values()]
}

function nip05Of(profile: NostrEvent): string | null {
  try {
    const { nip05 } = JSON.parse(profile.content) as { nip05?: unknown }
    return typeof nip05 === 'string' && nip05.length <= 256 && /^[a-z0-9._-]+@[a-z0-9.-]+$/i.test(nip05) ? nip05 : null
  } catch {
    return null
  }
}
