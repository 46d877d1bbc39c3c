/** What does a token say of itself, and what is sent with it? Tokens are only read; each travels as the string received. */
import { createHash } from 'node:crypto'
import { importMacaroon } from 'macaroon'
import { assertNever } from '../core/errors.js'
import {
  isMalformed,
  malformed,
  parsePreimage,
  parseTokenSuffix,
  type Malformed,
  type Millis,
  type PaymentHash,
  type Preimage,
} from '../core/identifiers.js'
import type { CredentialKey, Scheme } from '../core/job.js'
import type { UpstreamRequest } from '../ports.js'
import { paymentCredential, paymentExpiry } from './payment-scheme.js'

/** What may stand in a header and be put before the colon of a credential. */
const TOKEN = /^[A-Za-z0-9+/=_.,-]{8,4096}$/

/** Each part of a joined token is read on its own: thousands of empty ones would take long to read. */
const MAX_PARTS = 16

export const isToken = (value: string): boolean =>
  TOKEN.test(value) && value.split(',', MAX_PARTS + 1).length <= MAX_PARTS

/** L402 §Macaroon identifier, version 0: version, payment hash, token id. */
const IDENTIFIER_BYTES = 66
const HASH_AT = 2
const HASH_BYTES = 32

/**
 * The payment hash that the token commits to. Null for a token that is no such macaroon: the scheme allows any token format, and
 * then nothing but the invoice names the hash.
 */
export function macaroonPaymentHash(token: string): PaymentHash | null | Malformed {
  if (!isToken(token)) return malformed('the token has characters or a length that no header may carry')
  const hashes = new Set(macaroonsOf(token).flatMap(({ identifier }) => hashOfIdentifier(identifier) ?? []))
  if (hashes.size > 1) return malformed('the tokens commit to different payment hashes')
  const [hash] = hashes
  return hash ?? null
}

function hashOfIdentifier(identifier: Uint8Array): PaymentHash | null {
  if (identifier.length !== IDENTIFIER_BYTES || identifier[0] !== 0 || identifier[1] !== 0) return null
  return Buffer.from(identifier.subarray(HASH_AT, HASH_AT + HASH_BYTES)).toString('hex') as PaymentHash
}

/** When the server will stop taking the token, as far as its caveats tell: the earliest, for a caveat can only narrow. */
export function tokenExpiry(token: string): Millis | null {
  const times = caveatsOf(token).flatMap((caveat) => expiryOfCaveat(caveat) ?? [])
  return times.length === 0 ? null : Math.min(...times)
}

/** `expires = 2026-01-01T00:00:00Z` as toll-booth writes it, `service_valid_until=1700000000` as Aperture does. */
function expiryOfCaveat(caveat: string): Millis | null {
  const [, name = '', value = ''] = /^\s*([A-Za-z0-9_.-]{1,256})\s*=\s*(.*?)\s*$/s.exec(caveat) ?? []
  if (name !== 'expires' && !name.endsWith('_valid_until')) return null
  if (/^[0-9]{1,12}$/.test(value)) return Number(value) * 1000
  const time = name === 'expires' && /^[0-9]{4}-[0-9]{2}-[0-9]{2}/.test(value) ? Date.parse(value) : NaN
  return Number.isNaN(time) ? null : time
}

/** Values of the `services` caveats: `name:tier,name:tier` (L402 §Caveats). */
export const servicesOf = (token: string): readonly string[] =>
  caveatsOf(token).flatMap((caveat) => (caveat.startsWith('services=') ? [caveat.slice('services='.length)] : []))

/** Conditions for the server itself; those for third parties are sealed to them. */
const caveatsOf = (token: string): readonly string[] =>
  macaroonsOf(token).flatMap(({ caveats }) =>
    caveats.filter(({ vid }) => vid === undefined).map(({ identifier }) => new TextDecoder().decode(identifier)),
  )

interface Read {
  readonly identifier: Uint8Array
  readonly caveats: readonly { readonly identifier: Uint8Array; readonly vid?: Uint8Array }[]
}

/** Several tokens may be joined by commas (L402 §Client flow); what is no binary macaroon of version 2 is left out. */
function macaroonsOf(token: string): readonly Read[] {
  if (!isToken(token)) return []
  return token.split(',').flatMap((part) => {
    try {
      const { identifier, caveats } = importMacaroon(part)
      return [{ identifier, caveats }]
    } catch {
      return [] // some other kind of token
    }
  })
}

/** The identifier of a binary macaroon of version 2; null for any other token. */
export const macaroonIdentifier = (token: string): Uint8Array | null => macaroonsOf(token)[0]?.identifier ?? null

/** The credential of a request: the one place that decides in which header it stands, and how it is written. */
export type Presented = Required<Pick<UpstreamRequest, 'authorization'>> & Pick<UpstreamRequest, 'credentialHeader'>

export function presentCredential(scheme: Scheme, token: string, key: CredentialKey): Presented {
  switch (scheme) {
    case 'L402':
    case 'LSAT':
      return { authorization: `${scheme} ${token}:${key.value}` }
    case 'Payment':
      return { authorization: `Payment ${paymentCredential(token, key.value)}` }
    case 'x402':
      // The server looks the invoice up; the preimage is nothing to it.
      return { authorization: token, credentialHeader: 'payment-signature' }
    default:
      return assertNever(scheme)
  }
}

/** The parts of a credential that was kept; null for any other text. */
export function parseAuthorization(
  authorization: string,
): { readonly scheme: Scheme; readonly token: string; readonly key: CredentialKey } | null {
  const [, scheme, token, value = ''] = /^(L402|LSAT) ([^\s:]+):([^\s:]+)$/.exec(authorization) ?? []
  if ((scheme !== 'L402' && scheme !== 'LSAT') || token === undefined) return null
  const preimage = parsePreimage(value)
  if (!isMalformed(preimage)) return { scheme, token, key: { kind: 'preimage', value: preimage } }
  const suffix = parseTokenSuffix(value)
  return isMalformed(suffix) ? null : { scheme, token, key: { kind: 'suffix', value: suffix } }
}

/** Whether a credential may be good for more calls than the one that was paid for. The others are used up by their first. */
export const isReusable = (scheme: Scheme): boolean => scheme === 'L402' || scheme === 'LSAT'

/** Whoever has read the invoice can present the credential once somebody has paid it: there is no other secret in it. */
export const isShownByItsOffer = (scheme: Scheme): boolean => scheme === 'x402'

/** The payment hash that the token of an offer commits to; null where nothing but the invoice names it. */
export const committedHash = (scheme: Scheme, token: string): PaymentHash | null | Malformed =>
  isReusable(scheme) ? macaroonPaymentHash(token) : null

/** When the credential ends, as far as it tells. */
export const credentialExpiry = (scheme: Scheme, token: string): Millis | null =>
  isReusable(scheme) ? tokenExpiry(token) : scheme === 'Payment' ? paymentExpiry(token) : null

/** A shorter half could be a word of the answer. */
const LEAST_MASKED = 16

/**
 * The answer with the credential that was sent for it struck out, byte for byte: servers that repeat the request's headers exist,
 * results are public, and whoever has the credential may spend what is left on it.
 */
export function withoutCredential(body: Uint8Array, authorization: string): Uint8Array {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const said = spellingsOf(authorization).filter((half) => bytes.includes(half))
  if (said.length === 0) return body
  const masked = said.reduce((text, half) => text.replaceAll(half, '*'.repeat(half.length)), bytes.toString('latin1'))
  return Buffer.from(masked, 'latin1')
}

/** Both halves of a credential, as JSON and URLs may spell them; of one that is a whole, what a server might take out of it too. */
export function spellingsOf(authorization: string): string[] {
  const value = authorization.slice(authorization.indexOf(' ') + 1)
  const inside = authorization.startsWith('Payment ') ? Buffer.from(value, 'base64url').toString() : ''
  const halves = [...value.split(':'), /"preimage":"([0-9a-f]+)"\}\}$/.exec(inside)?.[1] ?? '']
  const spellings = halves.flatMap((half) => [half, half.replaceAll('/', '\\/'), encodeURIComponent(half)])
  return [...new Set(spellings)].filter((half) => half.length >= LEAST_MASKED)
}

export const isPreimageOf = (preimage: Preimage, hash: PaymentHash): boolean =>
  createHash('sha256').update(preimage, 'hex').digest('hex') === hash
