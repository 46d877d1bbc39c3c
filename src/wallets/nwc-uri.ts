/** Which wallet does a `nostr+walletconnect:` address name, and with which key? (NIP-47 §Nostr Wallet Connect URI) */
import { malformed, parsePubkey, isMalformed, type Malformed, type Pubkey } from '../core/identifiers.js'
import { pubkeyOf } from '../nostr/event.js'

/** What the address holds. It is a secret as a whole: whoever has it can do what the wallet lets us do. */
export interface NwcConnection {
  readonly walletPubkey: Pubkey
  readonly clientPubkey: Pubkey
  /** 32 bytes. A secret. */
  readonly secretKey: Uint8Array
  /** At least one; `ws:` or `wss:`; as they were written, without duplicates. */
  readonly relays: readonly string[]
}

const SCHEME = /^(?:nostr\+walletconnect|nostrwalletconnect):(?:\/\/)?/
const HEX_32_BYTES = /^[0-9a-f]{64}$/
const MAX_LENGTH = 4_096

/** No reason quotes any part of the address. */
export function parseNwcUri(value: unknown): NwcConnection | Malformed {
  if (typeof value !== 'string') return malformed('a wallet address is a text')
  const text = value.trim()
  const scheme = SCHEME.exec(text)?.[0]
  if (scheme === undefined) return malformed('a wallet address begins with nostr+walletconnect://')
  if (text.length > MAX_LENGTH) return malformed(`a wallet address has at most ${MAX_LENGTH} characters`)
  const [host = '', query = ''] = text.slice(scheme.length).split(/\/?\?(.*)/s)
  const walletPubkey = parsePubkey(host)
  if (isMalformed(walletPubkey)) return malformed("a wallet address names the wallet's key by 64 lower-case hex digits")
  const parameters = new URLSearchParams(query)
  const relays = [...new Set(parameters.getAll('relay'))]
  if (relays.length === 0) return malformed('a wallet address names at least one relay')
  if (!relays.every(isRelayAddress)) return malformed('each relay of a wallet address is a ws:// or wss:// URL')
  const secrets = parameters.getAll('secret')
  const [secret = ''] = secrets
  if (secrets.length !== 1 || !HEX_32_BYTES.test(secret)) {
    return malformed('a wallet address holds one secret of 64 lower-case hex digits')
  }
  const secretKey = Uint8Array.from(Buffer.from(secret, 'hex'))
  try {
    return { walletPubkey, clientPubkey: pubkeyOf(secretKey), secretKey, relays }
  } catch {
    return malformed('the secret of the wallet address is no valid key')
  }
}

/** A user or password in it would be shown with the relay's status. */
function isRelayAddress(value: string): boolean {
  if (!URL.canParse(value)) return false
  const url = new URL(value)
  return /^wss?:$/.test(url.protocol) && url.hostname !== '' && url.username === '' && url.password === ''
}
