/** Who is on the other end of this connection, and what may they read? (NIP-42) */
import { tagValue, type NostrEvent } from '../../core/event.js'
import type { Pubkey, Seconds } from '../../core/identifiers.js'
import { verifyEvent } from '../../nostr/event.js'

export const AUTH_KIND = 22242

/** Kinds that only their author and the pubkeys they are tagged with may read: direct messages and gift wraps. */
const PRIVATE_KINDS: ReadonlySet<number> = new Set([4, 1059])

const CLOCK_TOLERANCE_SECONDS = 600

export interface AuthenticationContext {
  readonly challenge: string
  /** Host and port by which the client reached us, and those we know ourselves by. */
  readonly hosts: readonly string[]
  readonly now: Seconds
}

/** The reason why the event authenticates nobody, or null where it does. */
export function refuseAuthentication(event: NostrEvent, context: AuthenticationContext): string | null {
  if (event.kind !== AUTH_KIND) return 'invalid: an authentication is of kind 22242'
  if (Math.abs(event.created_at - context.now) > CLOCK_TOLERANCE_SECONDS)
    return 'invalid: created_at is too far from now'
  if (tagValue(event, 'challenge') !== context.challenge) return 'restricted: not the challenge of this connection'
  if (!context.hosts.includes(hostOf(tagValue(event, 'relay')))) return 'restricted: made for another relay'
  if (!verifyEvent(event)) return 'invalid: the id or the signature is wrong'
  return null
}

export function mayRead(event: NostrEvent, pubkeys: ReadonlySet<Pubkey>): boolean {
  if (!PRIVATE_KINDS.has(event.kind) || pubkeys.has(event.pubkey)) return true
  return event.tags.some(([name, value]) => name === 'p' && pubkeys.has(value as Pubkey))
}

const hostOf = (url = ''): string => (URL.canParse(url) ? new URL(url).host : '')
