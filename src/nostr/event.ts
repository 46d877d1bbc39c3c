/** Is this event what it claims to be? Ids by node:crypto, signatures by libsecp256k1 in WebAssembly (NIP-01, BIP-340). */
import { createHash } from 'node:crypto'
import * as secp256k1 from 'tiny-secp256k1'
import type { EventTemplate, NostrEvent } from '../core/event.js'
import { isMalformed, malformed, type EventId, type Malformed, type Pubkey } from '../core/identifiers.js'

const HEX_32 = /^[0-9a-f]{64}$/
const HEX_64 = /^[0-9a-f]{128}$/

const bytes = (hex: string): Uint8Array => Buffer.from(hex, 'hex')
const hex = (value: Uint8Array): string => Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')

/** sha256 over the NIP-01 serialisation. */
export function eventHash(pubkey: string, template: EventTemplate): Buffer {
  const serialised = JSON.stringify([0, pubkey, template.created_at, template.kind, template.tags, template.content])
  return createHash('sha256').update(serialised).digest()
}

/** Checks the shape only: types, hex, integers. Unknown fields are dropped. */
export function parseEvent(value: unknown): NostrEvent | Malformed {
  if (typeof value !== 'object' || value === null) return malformed('an event is an object')
  const { id, pubkey, sig } = value as Record<string, unknown>
  if (typeof id !== 'string' || !HEX_32.test(id)) return malformed('an event id is 64 lower-case hex digits')
  if (typeof pubkey !== 'string' || !HEX_32.test(pubkey)) return malformed('a pubkey is 64 lower-case hex digits')
  if (typeof sig !== 'string' || !HEX_64.test(sig)) return malformed('a signature is 128 lower-case hex digits')
  const template = parseTemplate(value)
  if (isMalformed(template)) return template
  const { created_at, kind, tags, content } = template
  return { id: id as EventId, pubkey: pubkey as Pubkey, created_at, kind, tags, content, sig }
}

/** The part of an event that its id is made of, without the author. Checks the shape only. */
export function parseTemplate(value: unknown): EventTemplate | Malformed {
  if (typeof value !== 'object' || value === null) return malformed('an event is an object')
  const { created_at, kind, tags, content } = value as Record<string, unknown>
  if (!isCount(created_at)) return malformed('created_at is a whole number of seconds')
  if (!isCount(kind) || kind > 65_535) return malformed('kind is a whole number up to 65535')
  if (typeof content !== 'string') return malformed('content is a string')
  if (!isTags(tags)) return malformed('tags are arrays of strings')
  return { created_at, kind, tags, content }
}

const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

const isTags = (value: unknown): value is string[][] =>
  Array.isArray(value) &&
  value.every((tag) => Array.isArray(tag) && tag.every((item: unknown) => typeof item === 'string'))

/** True when the id is the hash of the content and the signature is the pubkey's. Expects a parsed event. Never throws. */
export function verifyEvent(event: NostrEvent): boolean {
  const hash = eventHash(event.pubkey, event)
  if (hash.toString('hex') !== event.id) return false
  try {
    return secp256k1.verifySchnorr(hash, bytes(event.pubkey), bytes(event.sig))
  } catch {
    return false // the pubkey is no point of the curve
  }
}

/** Signs with a raw secret key of 32 bytes; `entropy` is 32 fresh random bytes (BIP-340 auxiliary randomness). */
export function signEvent(
  template: EventTemplate,
  secretKey: Uint8Array,
  pubkey: Pubkey,
  entropy: Uint8Array,
): NostrEvent {
  const hash = eventHash(pubkey, template)
  const sig = hex(secp256k1.signSchnorr(hash, secretKey, entropy))
  const { kind, created_at, tags, content } = template
  return { id: hash.toString('hex') as EventId, pubkey, created_at, kind, tags, content, sig }
}

/** A fresh secret key; `random` is asked again in the one case of 2^127 where its bytes are none. */
export function drawSecretKey(random: (bytes: number) => Uint8Array): Uint8Array {
  for (;;) {
    const drawn = random(32)
    if (secp256k1.isPrivate(drawn)) return drawn
  }
}

/** The x-only public key of a secret key of 32 bytes. @throws RangeError where it is no valid key. */
export function pubkeyOf(secretKey: Uint8Array): Pubkey {
  if (secretKey.length !== 32 || !secp256k1.isPrivate(secretKey)) throw new RangeError('not a valid secret key')
  return hex(secp256k1.xOnlyPointFromScalar(secretKey)) as Pubkey
}

/** The x coordinate of the shared point (ECDH), as NIP-44 derives its conversation key from. */
export function sharedSecret(secretKey: Uint8Array, peer: Pubkey): Uint8Array {
  const point = secp256k1.pointMultiply(Buffer.concat([Buffer.of(2), bytes(peer)]), secretKey, true)
  if (!point) throw new RangeError('no shared secret with this key')
  return point.slice(1)
}
