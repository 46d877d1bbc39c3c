/** How are secrets read? From the environment, or from a file that nobody else can read; never from the configuration itself. */
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { resolve } from 'node:path'
import { isMalformed, malformed, type Malformed } from '../core/identifiers.js'
import { parseKeyText, unlockKey } from '../nostr/key-text.js'
import type { BunkerAddress } from '../nostr/kinds/remote-signing.js'
import type { SecretReference } from './fields.js'
import type { WalletType } from './wallets-schema.js'

/** The secret without surrounding blanks, or why it cannot be had: words that continue a sentence beginning with the setting. */
export type SecretReader = (reference: SecretReference) => string | Malformed

export type Environment = Readonly<Record<string, string | undefined>>

/** A wallet URI with many relays stays far below. */
const MOST_BYTES = 8192
/** The first byte of a macaroon of version 2. */
const BINARY_MACAROON = 2

export function createSecretReader(directory: string, env: Environment): SecretReader {
  return (reference) => {
    const found = 'env' in reference ? env[reference.env] : readSecretFile(resolve(directory, reference.file))
    if (isMalformed(found)) return found
    const secret = found?.trim() ?? ''
    if (secret !== '') return secret
    if ('file' in reference) return malformed(`names ${reference.file}, which is empty`)
    return malformed(`names the environment variable ${reference.env}, which is not set`)
  }
}

function readSecretFile(path: string): string | Malformed {
  let descriptor: number
  try {
    // Non-blocking, because opening a pipe would wait for its writer.
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    return malformed(`names ${path}, which cannot be opened (${faultOf(error)})`)
  }
  try {
    const { mode, size } = fstatSync(descriptor)
    if ((mode & constants.S_IFMT) !== constants.S_IFREG) return malformed(`names ${path}, which is not a regular file`)
    // Windows has no such modes.
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      const octal = (mode & 0o777).toString(8).padStart(4, '0')
      return malformed(`names ${path}, which others can read (mode ${octal}): run chmod 600 '${path}'`)
    }
    if (size > MOST_BYTES) return malformed(`names ${path}, which is too large for a secret (${size} bytes)`)
    const buffer = Buffer.alloc(MOST_BYTES)
    const bytes = buffer.subarray(0, readSync(descriptor, buffer, 0, MOST_BYTES, 0))
    // No text begins so, and LND's own files of macaroons do.
    return bytes.toString(bytes[0] === BINARY_MACAROON ? 'hex' : 'utf8')
  } catch (error) {
    return malformed(`names ${path}, which cannot be read (${faultOf(error)})`)
  } finally {
    closeSync(descriptor)
  }
}

const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
  ENOTDIR: 'part of the path is no directory',
  ELOOP: 'too many symbolic links',
}

export function faultOf(error: unknown): string {
  const code = (error as NodeJS.ErrnoException).code ?? 'unknown fault'
  return FAULTS[code] ?? code
}

/** Where the key that signs is: here, or with a remote signer (NIP-46). */
export type KeySource =
  /** 32 bytes. A secret. */
  | { readonly type: 'secret'; readonly secretKey: Uint8Array }
  /** Holds a secret. */
  | { readonly type: 'remote'; readonly address: BunkerAddress }

/** `password` is asked for only where the key is under one. Says nothing of what it read. */
export function parseKeySource(text: string, password: () => string | Malformed): KeySource | Malformed {
  const key = parseKeyText(text)
  if (isMalformed(key) || key.type !== 'locked') return key
  const given = password()
  if (isMalformed(given)) return given
  const secretKey = unlockKey(key.ncryptsec, given)
  return isMalformed(secretKey) ? secretKey : { type: 'secret', secretKey }
}

/** In the form in which the wallet's adapter takes it. Says nothing of what it read. */
export function parseWalletSecret(type: WalletType, secret: string): string | Malformed {
  switch (type) {
    case 'nwc':
      return parseWalletUri(secret)
    case 'lnd':
      return parseMacaroon(secret)
    case 'cln':
      return RUNE.test(secret) ? secret : malformed('must hold a rune: the base64 text that createrune prints')
    case 'phoenixd':
      return PASSWORD.test(secret) ? secret : malformed('must hold a password of phoenixd: its phoenix.conf names two')
    case 'lnbits':
      return LNBITS_KEY.test(secret) ? secret : malformed('must hold a key of an LNbits wallet: 32 hex digits')
  }
}

/** 32 bytes and its restrictions. */
const RUNE = /^[A-Za-z0-9_-]{43,8000}={0,2}$/
/** What can stand in a header. */
const PASSWORD = /^[\x21-\x7e]{8,1000}$/
const LNBITS_KEY = /^[0-9a-f]{32}$/i

/** In hex, from hex or base64. */
function parseMacaroon(text: string): string | Malformed {
  const isHex = /^[0-9a-f]+$/i.test(text) && text.length % 2 === 0
  const isBase64 = /^[A-Za-z0-9+/_-]+={0,2}$/.test(text)
  const bytes = isHex ? Buffer.from(text, 'hex') : isBase64 ? Buffer.from(text, 'base64') : Buffer.alloc(0)
  if (bytes[0] === BINARY_MACAROON && bytes.length >= LEAST_MACAROON) return bytes.toString('hex')
  return malformed('must hold a macaroon: the file that LND has baked, or the same in hex or base64')
}

/** Its signature alone takes 34 bytes. */
const LEAST_MACAROON = 50

/** NIP-47 §Nostr Wallet Connect URI. */
function parseWalletUri(uri: string): string | Malformed {
  const wrong = malformed(
    'must hold a wallet connection: the whole address that the wallet shows, which begins with nostr+walletconnect and names a key, a relay and a secret',
  )
  if (!/^nostr\+?walletconnect:/i.test(uri) || !URL.canParse(uri)) return wrong
  const { host, pathname, searchParams } = new URL(uri)
  const pubkey = host || pathname.replace(/^\/+/, '')
  const secret = searchParams.get('secret') ?? ''
  const relays = searchParams.getAll('relay')
  const relayFits = (relay: string) => URL.canParse(relay) && /^wss?:$/.test(new URL(relay).protocol)
  if (!/^[0-9a-f]{64}$/i.test(pubkey) || !/^[0-9a-f]{64}$/i.test(secret)) return wrong
  return relays.length > 0 && relays.every(relayFits) ? uri : wrong
}
