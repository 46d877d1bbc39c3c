/** Kind 24133: how is a remote signer addressed and asked, and what did it answer? (NIP-46) */
import { isMalformed, malformed, parsePubkey, type Malformed, type Pubkey } from '../../core/identifiers.js'
import { parseRelayUrl } from '../relay-url.js'

export const REMOTE_SIGNING_KIND = 24_133
const MAX_RELAYS = 10

/** What a `bunker://` address says. */
export interface BunkerAddress {
  /** The signer's own key, which is not always the key that it signs with. */
  readonly signer: Pubkey
  readonly relays: readonly string[]
  /** Good for one connection. Never logged. */
  readonly secret: string | null
}

export const isBunkerAddress = (text: string): boolean => /^bunker:/i.test(text)

/** NIP-46 §Direct connection initiated by remote-signer. Says nothing of what it read. */
export function parseBunkerAddress(text: string): BunkerAddress | Malformed {
  const wrong = malformed('must hold a signer address: bunker://PUBKEY?relay=URL&secret=TEXT')
  if (!/^bunker:\/\//i.test(text) || !URL.canParse(text)) return wrong
  const { host, searchParams } = new URL(text)
  const signer = parsePubkey(host.toLowerCase())
  if (isMalformed(signer)) return wrong
  const relays = parseRelayUrls(searchParams.getAll('relay'))
  if (relays.length === 0) return malformed('holds a signer address without a relay, so the signer cannot be reached')
  return { signer, relays, secret: searchParams.get('secret') || null }
}

function parseRelayUrls(values: readonly unknown[]): string[] {
  const urls = values.slice(0, MAX_RELAYS).map(parseRelayUrl)
  return [...new Set(urls.filter((url) => typeof url === 'string'))]
}

export type RemoteMethod =
  | 'connect'
  | 'get_public_key'
  | 'switch_relays'
  | 'sign_event'
  | 'nip44_encrypt'
  | 'nip44_decrypt'
  | 'nip04_encrypt'
  | 'nip04_decrypt'

export interface RemoteRequest {
  readonly id: string
  readonly method: RemoteMethod
  readonly params: readonly string[]
}

/** The content before it is encrypted. */
export const serialiseRequest = ({ id, method, params }: RemoteRequest): string =>
  JSON.stringify({ id, method, params })

export type RemoteAnswer = { readonly id: string } & (
  | { readonly type: 'result'; readonly result: string }
  | { readonly type: 'refused'; readonly reason: string }
  /** A person must approve at this address first; the answer follows. */
  | { readonly type: 'approval'; readonly url: string }
)

export function parseRemoteAnswer(text: string): RemoteAnswer | Malformed {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return malformed('an answer is JSON')
  }
  if (typeof value !== 'object' || value === null) return malformed('an answer is an object')
  const { id, result, error } = value as Record<string, unknown>
  if (typeof id !== 'string') return malformed('an answer names its request')
  if (result === 'auth_url') {
    if (typeof error !== 'string' || error.length > 2_048 || !/^https?:\/\//i.test(error))
      return malformed('an approval is asked for at an http(s) address')
    return { id, type: 'approval', url: error }
  }
  if (typeof error === 'string' && error !== '') return { id, type: 'refused', reason: error.slice(0, 200) }
  // An empty text is a result: what NIP-04 decrypts to may be one.
  if (typeof result === 'string') return { id, type: 'result', result }
  if (result === null || result === undefined) return { id, type: 'result', result: '' }
  return { id, type: 'result', result: JSON.stringify(result) }
}

/** The result of `switch_relays`: null where the signer stays, or says nothing that can be used. */
export function parseSwitchedRelays(result: string): readonly string[] | null {
  try {
    const value: unknown = JSON.parse(result)
    const relays = Array.isArray(value) ? parseRelayUrls(value) : []
    return relays.length > 0 ? relays : null
  } catch {
    return null // not JSON: a signer that does not know the method
  }
}

export interface SignerPermissions {
  readonly kinds: readonly number[]
  readonly nip04: boolean
}

/** NIP-46 §Requested permissions: what is never asked for can never be abused. */
export const serialisePermissions = ({ kinds, nip04 }: SignerPermissions): string =>
  [
    ...[...new Set(kinds)].sort((a, b) => a - b).map((kind) => `sign_event:${kind}`),
    'nip44_encrypt',
    'nip44_decrypt',
    ...(nip04 ? ['nip04_encrypt', 'nip04_decrypt'] : []),
  ].join(',')
