/** Which relay is meant? One spelling per relay, so that it gets one connection and one cursor. */
import { normalizeURL } from 'nostr-tools/utils'
import { malformed, type Malformed } from '../core/identifiers.js'

const LONGEST = 1_024

/** A `ws:` or `wss:` URL in its one spelling. A URL with a user name or password is refused: it would end up in logs. */
export function parseRelayUrl(value: unknown): string | Malformed {
  if (typeof value !== 'string' || value.length > LONGEST) return malformed('a relay URL is a text of moderate length')
  if (!/^wss?:\/\//i.test(value)) return malformed('a relay URL begins with ws:// or wss://')
  if (!URL.canParse(value)) return malformed('a relay URL can be parsed as a URL')
  const url = new URL(normalizeURL(value))
  if (url.username !== '' || url.password !== '') return malformed('a relay URL holds no user name or password')
  return url.toString()
}
