/** Who could be hired for a task, and for how much? What a provider lists, brought together under its key. */
import type { Pubkey } from '../core/identifiers.js'
import { JOB_REQUEST_KIND } from '../nostr/kinds/job-request.js'
import type { Listing, OfferedCapability } from '../nostr/kinds/listing.js'

export interface Candidate {
  readonly provider: Pubkey
  readonly name: string
  /** What it lists, newest of each address. */
  readonly listings: readonly Listing[]
  /** The price told for the wanted task; null where it does not list the task. */
  readonly offer: OfferedCapability | null
  readonly takesLightning: boolean
  /** Lists itself as a provider of jobs, or as an agent that can be spoken to. */
  readonly isAgent: boolean
  /** Where it takes gift wraps (NIP-17); empty: it cannot be hired in private. */
  readonly inboxRelays: readonly string[]
  /** The user named it. */
  readonly isNamed: boolean
}

export function candidateOf(facts: {
  readonly provider: Pubkey
  readonly listings: readonly Listing[]
  readonly task: string
  readonly inboxRelays: readonly string[]
  readonly isNamed: boolean
}): Candidate {
  const { provider, task, inboxRelays, isNamed } = facts
  // What it says of its jobs comes before what it says of itself elsewhere, and newer before older.
  const listings = [...facts.listings].sort((a, b) => weightOf(b) - weightOf(a) || b.createdAt - a.createdAt)
  const offers = listings.flatMap(({ capabilities }) => capabilities.filter(({ name }) => name === task))
  return {
    provider,
    name: listings.find(({ name }) => name !== '')?.name ?? '',
    listings,
    offer: offers.find(({ priceMsat }) => priceMsat !== null) ?? offers[0] ?? null,
    takesLightning: listings.length === 0 || listings.some((listing) => listing.takesLightning),
    isAgent: listings.some(isAgent),
    inboxRelays,
    isNamed,
  }
}

const weightOf = (listing: Listing): number => (listing.kinds.includes(JOB_REQUEST_KIND) ? 1 : 0)

const isAgent = ({ kinds, protocol }: Listing): boolean => kinds.includes(JOB_REQUEST_KIND) || protocol !== null
