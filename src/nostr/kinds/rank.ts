/** Kind 30382: how much does somebody whom we asked think of a key? The rank of a trusted assertion (NIP-85). */
import { tagValue, type NostrEvent } from '../../core/event.js'
import {
  isMalformed,
  malformed,
  parsePubkey,
  type Malformed,
  type Pubkey,
  type Seconds,
} from '../../core/identifiers.js'

export const USER_ASSERTION_KIND = 30_382

export interface Rank {
  /** The provider of assertions: worth something only where we named it ourselves. */
  readonly assertedBy: Pubkey
  readonly subject: Pubkey
  /** 0 to 100. */
  readonly rank: number
  readonly createdAt: Seconds
}

/** Expects a verified event. */
export function parseRank(event: NostrEvent): Rank | Malformed {
  if (event.kind !== USER_ASSERTION_KIND) return malformed('not an assertion about a key')
  const subject = parsePubkey(tagValue(event, 'd'))
  if (isMalformed(subject)) return malformed('an assertion names its subject')
  const text = tagValue(event, 'rank') ?? ''
  if (!/^(100|[1-9]?[0-9])$/.test(text)) return malformed('a rank is a whole number from 0 to 100')
  return { assertedBy: event.pubkey, subject, rank: Number(text), createdAt: event.created_at }
}
