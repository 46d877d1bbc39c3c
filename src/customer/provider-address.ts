/** Whom is the job for? A service provider as npub, nprofile or hex (NIP-19). */
import { decode } from 'nostr-tools/nip19'
import { isMalformed, malformed, parsePubkey, type Malformed, type Pubkey } from '../core/identifiers.js'

export interface ProviderAddress {
  readonly pubkey: Pubkey
  /** Relays that an nprofile names; unchecked. */
  readonly relays: readonly string[]
}

const UNREADABLE = 'a provider is an npub, an nprofile or 64 lower-case hex digits'

export function parseProviderAddress(text: string): ProviderAddress | Malformed {
  const bare = text.replace(/^nostr:/, '')
  const hex = parsePubkey(bare)
  if (!isMalformed(hex)) return { pubkey: hex, relays: [] }
  if (/^nsec1/i.test(bare)) return malformed('this is a secret key; a provider is named by its public key')
  try {
    const decoded = decode(bare)
    if (decoded.type === 'npub') return { pubkey: decoded.data as Pubkey, relays: [] }
    if (decoded.type === 'nprofile') return { pubkey: decoded.data.pubkey as Pubkey, relays: decoded.data.relays ?? [] }
    return malformed(UNREADABLE)
  } catch {
    return malformed(UNREADABLE)
  }
}
