/** Does this domain name that key? The domain's own word, fetched from it and from nowhere else (NIP-05). */
import type { Pubkey } from '../core/identifiers.js'
import type { WebClient } from '../ports.js'
import { parseRelayUrl } from './relay-url.js'

const MOST_BYTES = 262_144
const TIMEOUT_MS = 5_000
const MOST_RELAYS = 20

export type NameVerdict =
  /** The relays that the domain names for the key, in their one spelling. */
  | { readonly type: 'named'; readonly relays: readonly string[] }
  /** The domain has spoken. */
  | { readonly type: 'not-named'; readonly reason: string }
  /** Nobody knows. */
  | { readonly type: 'unreachable'; readonly reason: string }

/** A redirect is no answer: it would let another speak in the domain's name (NIP-05 §Security). Never throws. */
export async function verifyNip05(web: WebClient, address: string, pubkey: Pubkey): Promise<NameVerdict> {
  const [name = '', domain = '', ...more] = address.toLowerCase().split('@')
  if (more.length > 0 || !/^[a-z0-9._-]+$/.test(name) || !/^[a-z0-9.-]+(:[0-9]{1,5})?$/.test(domain)) {
    return { type: 'not-named', reason: 'it is no internet name' }
  }
  const url = `https://${domain}/.well-known/nostr.json?name=${encodeURIComponent(name)}`
  const outcome = await web.send({ method: 'GET', url, maxBytes: MOST_BYTES, timeoutMs: TIMEOUT_MS })
  if (outcome.type === 'failed') return { type: 'unreachable', reason: outcome.reason }
  if (outcome.type === 'tooLarge') return { type: 'not-named', reason: 'its nostr.json is too large' }
  if (outcome.status >= 500) return { type: 'unreachable', reason: `${domain} answers ${outcome.status}` }
  if (outcome.status !== 200) return { type: 'not-named', reason: `${domain} answers ${outcome.status}` }
  return readNames(outcome.body, name, pubkey)
}

/** False for whatever is not a clear yes. */
export const isNamedBy = async (web: WebClient, address: string, pubkey: Pubkey): Promise<boolean> =>
  (await verifyNip05(web, address, pubkey)).type === 'named'

function readNames(body: Uint8Array, name: string, pubkey: Pubkey): NameVerdict {
  let document: { names?: unknown; relays?: unknown } | null
  try {
    document = JSON.parse(Buffer.from(body).toString('utf8')) as typeof document
  } catch {
    return { type: 'not-named', reason: 'its nostr.json is no JSON' }
  }
  const named = own(document?.names, name)
  if (named === undefined) return { type: 'not-named', reason: `its nostr.json does not name ${name}` }
  if (named !== pubkey) return { type: 'not-named', reason: 'its nostr.json names another key' }
  const listed = own(document?.relays, pubkey)
  const urls = (Array.isArray(listed) ? listed : []).slice(0, MOST_RELAYS).map(parseRelayUrl)
  return { type: 'named', relays: [...new Set(urls.filter((url) => typeof url === 'string'))] }
}

const own = (value: unknown, key: string): unknown =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, key)
    ? (value as Record<string, unknown>)[key]
    : undefined
