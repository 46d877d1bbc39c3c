/** What does a key file hold? A secret key in the open, one under a password (NIP-49), or the address of a remote signer (NIP-46). */
import { decode as decodeNip19 } from 'nostr-tools/nip19'
import { decrypt, encrypt } from 'nostr-tools/nip49'
import { isMalformed, malformed, type Malformed } from '../core/identifiers.js'
import { pubkeyOf } from './event.js'
import { isBunkerAddress, parseBunkerAddress, type BunkerAddress } from './kinds/remote-signing.js'

export type KeyText =
  /** 32 bytes, checked. A secret. */
  | { readonly type: 'secret'; readonly secretKey: Uint8Array }
  | { readonly type: 'locked'; readonly ncryptsec: string }
  | { readonly type: 'remote'; readonly address: BunkerAddress }

const KEY_SHAPE = 'must hold a key: nsec1…, 64 hex digits, ncryptsec1… or bunker://…'

/** Scrypt takes 128 bytes times 8 times 2^logN: a gibibyte at 20, and seconds. What asks for more is an attack or a mistake. */
const MOST_LOG_N = 20
/** What we write: 64 MiB, half a second. */
const LOG_N = 16

/** Says nothing of what it read. */
export function parseKeyText(text: string): KeyText | Malformed {
  if (isBunkerAddress(text)) {
    const address = parseBunkerAddress(text)
    return isMalformed(address) ? address : { type: 'remote', address }
  }
  if (/^ncryptsec1/i.test(text)) return { type: 'locked', ncryptsec: text.toLowerCase() }
  const key = /^[0-9a-f]{64}$/i.test(text) ? Uint8Array.from(Buffer.from(text, 'hex')) : decodeNsec(text)
  if (!key) return malformed(KEY_SHAPE)
  if (!isSecretKey(key)) return malformed('holds a number that is no secret key (0, or beyond the order of the curve)')
  return { type: 'secret', secretKey: key }
}

function decodeNsec(text: string): Uint8Array | null {
  try {
    const decoded = decodeNip19(text)
    return decoded.type === 'nsec' ? decoded.data : null
  } catch {
    return null // not bech32, or a wrong checksum
  }
}

function isSecretKey(key: Uint8Array): boolean {
  try {
    pubkeyOf(key)
    return true
  } catch {
    return false
  }
}

/** NIP-49 §Symmetric Encryption Key derivation. Takes half a second and more, by the key's own choice. */
export function unlockKey(ncryptsec: string, password: string): Uint8Array | Malformed {
  const logN = scryptCost(ncryptsec)
  if (logN === null) return malformed('holds an ncryptsec that is damaged, or of a version other than 2')
  if (logN > MOST_LOG_N)
    return malformed(`holds an ncryptsec whose password costs 2^${logN} to check; 2^${MOST_LOG_N} is the most`)
  try {
    const key = decrypt(ncryptsec, password)
    if (isSecretKey(key)) return key
  } catch {
    // told below: a wrong password and a forged file look the same
  }
  return malformed('cannot be unlocked: the password in keyPassword is not the one that it was locked with')
}

export const lockKey = (secretKey: Uint8Array, password: string): string => encrypt(secretKey, password, LOG_N)

/** The second byte after the version; read before anything is computed. */
function scryptCost(ncryptsec: string): number | null {
  const data = decodeBech32(ncryptsec)
  const [version, logN] = data ?? []
  return data?.length === 91 && version === 2 && logN !== undefined ? logN : null
}

const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'

/** The bytes between prefix and checksum, which is checked when the key is unlocked. */
function decodeBech32(text: string): number[] | null {
  const words = [...text.slice('ncryptsec1'.length, -6)].map((letter) => ALPHABET.indexOf(letter))
  if (words.includes(-1)) return null
  const bytes: number[] = []
  let bits = 0
  let value = 0
  for (const word of words) {
    value = ((value << 5) | word) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push((value >> bits) & 0xff)
  }
  return bytes
}
