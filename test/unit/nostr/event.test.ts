/** Do we hash, sign, verify and seal as everybody else does, and believe nothing that they would not? */
import { createHash } from 'node:crypto'
import { schnorr, secp256k1 } from '@noble/curves/secp256k1.js'
import * as nip44 from 'nostr-tools/nip44'
import { finalizeEvent, getEventHash, getPublicKey, verifyEvent as verifyElsewhere } from 'nostr-tools/pure'
import { describe, expect, it } from 'vitest'
import type { NostrEvent } from '../../../src/core/event.js'
import { isMalformed, type Pubkey } from '../../../src/core/identifiers.js'
import { createEncryption } from '../../../src/nostr/encryption.js'
import {
  drawSecretKey,
  eventHash,
  parseEvent,
  pubkeyOf,
  sharedSecret,
  signEvent,
  verifyEvent,
} from '../../../src/nostr/event.js'
import { createRandom } from '../../support/random.js'

const below = createRandom(0x5eed)
const bytes = (length: number): Buffer => Buffer.from(Array.from({ length }, () => below(256)))
const key = (): Buffer => createHash('sha256').update(bytes(8)).digest()
/** Serialisation must agree on every one of these. */
const TEXTS = [
  '',
  'plain',
  '"\\/\b\f\n\r\t',
  '\u0000\u0001\u001f\u007f',
  'Grüße 🌍 \u2028\u2029',
  '\ud800 alone',
  'x'.repeat(70_000),
]
const template = (text: string) => ({
  kind: below(65_536),
  created_at: below(2_000_000_000),
  content: text,
  tags: [['e', text], [], [text, text], ['p', '', 'x']],
})
/** The other library marks what it verified; ours must not be believed for that. */
const plain = (event: object): NostrEvent => JSON.parse(JSON.stringify(event)) as NostrEvent

describe('an event', () => {
  it.each(TEXTS.map((text) => [text.slice(0, 12), text]))(
    'has the id and the signature of the other library: %j',
    (_, text) => {
      const secretKey = key()
      const theirs = plain(finalizeEvent(template(text), secretKey))
      expect(eventHash(theirs.pubkey, theirs).toString('hex')).toBe(getEventHash(theirs as never))
      expect(verifyEvent(theirs)).toBe(true)
      const ours = signEvent(theirs, secretKey, pubkeyOf(secretKey), bytes(32))
      expect([ours.id, ours.pubkey]).toEqual([theirs.id, theirs.pubkey])
      expect(verifyElsewhere(plain(ours) as never)).toBe(true)
    },
  )

  it('is believed exactly where the other library believes it', () => {
    for (let round = 0; round < 60; round += 1) {
      const event = plain(finalizeEvent(template('text'), key()))
      const at = below(128)
      const flipped = (hex: string, index: number) =>
        hex.slice(0, index) +
        ((Number.parseInt(hex[index] ?? '0', 16) ^ (1 + below(15))) & 15).toString(16) +
        hex.slice(index + 1)
      const changes: Partial<NostrEvent>[] = [
        { sig: flipped(event.sig, at) },
        { id: flipped(event.id, at % 64) as never },
        { pubkey: flipped(event.pubkey, at % 64) as never },
        { content: 'another' },
        { created_at: event.created_at + 1 },
        { tags: [...event.tags, ['x']] },
        { sig: event.sig.slice(64) + event.sig.slice(0, 64) },
      ]
      const changed = plain({ ...event, ...changes[round % changes.length] })
      expect(verifyEvent(changed)).toBe(false)
      expect(verifyElsewhere(plain(changed) as never)).toBe(false)
    }
  })

  const ORDER = 'fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141'
  const FIELD = 'fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f'
  it.each([
    ['key zero', { pubkey: '0'.repeat(64) }],
    ['a key that is no x of the curve', { pubkey: '5'.padStart(64, '0') }],
    ['a key beyond the field', { pubkey: FIELD }],
    ['r and s zero', { sig: '0'.repeat(128) }],
    ['r beyond the field', { sig: FIELD + '1'.padStart(64, '0') }],
    ['s beyond the order', { sig: '1'.padStart(64, '0') + ORDER }],
    ['everything at its most', { sig: 'f'.repeat(128), pubkey: 'f'.repeat(64) }],
  ])('with %s is forged, and nothing throws', (_, changes) => {
    const event = plain({ ...finalizeEvent(template('text'), key()), ...changes })
    const renamed = { ...event, id: eventHash(event.pubkey, event).toString('hex') as never }
    expect(verifyEvent(renamed)).toBe(false)
  })
})

describe('a key', () => {
  it('has the public key of the other library, and one that is none is refused', () => {
    for (let round = 0; round < 20; round += 1) {
      const secretKey = key()
      expect(pubkeyOf(secretKey)).toBe(getPublicKey(secretKey))
    }
    for (const bad of [Buffer.alloc(32), Buffer.alloc(32, 0xff), Buffer.alloc(31, 1), Buffer.alloc(33, 1)]) {
      expect(() => pubkeyOf(bad)).toThrow(RangeError)
    }
  })

  it('shares the secret of the other library with every peer', () => {
    for (let round = 0; round < 20; round += 1) {
      const [own, peer] = [key(), pubkeyOf(key())]
      const theirs = secp256k1.getSharedSecret(own, Buffer.from(`02${peer}`, 'hex')).slice(1)
      expect(Buffer.from(sharedSecret(own, peer))).toEqual(Buffer.from(theirs))
    }
    expect(() => sharedSecret(key(), '5'.padStart(64, '0') as Pubkey)).toThrow()
  })

  it('signs what noble verifies, whatever the entropy', () => {
    const secretKey = key()
    for (const entropy of [Buffer.alloc(32), Buffer.alloc(32, 0xff), bytes(32)]) {
      const event = signEvent(template('text'), secretKey, pubkeyOf(secretKey), entropy)
      const hex = (text: string) => Buffer.from(text, 'hex')
      expect(schnorr.verify(hex(event.sig), hex(event.id), hex(event.pubkey))).toBe(true)
    }
  })
})

describe('a sealed text', () => {
  it('is opened by the other library, and theirs by us', () => {
    const [own, other] = [key(), key()]
    const [ownPubkey, otherPubkey] = [pubkeyOf(own), pubkeyOf(other)]
    const ours = createEncryption(own)
    const theirs = nip44.getConversationKey(other, ownPubkey)
    for (const text of ['a', 'Grüße 🌍', 'x'.repeat(65_535)]) {
      expect(nip44.decrypt(ours.encrypt(otherPubkey, text), theirs)).toBe(text)
      expect(ours.decrypt(otherPubkey, nip44.encrypt(text, theirs))).toBe(text)
    }
  })

  it('that was tampered with, is not ours, or is none, is refused', () => {
    const [own, other] = [key(), key()]
    const sealed = createEncryption(own).encrypt(pubkeyOf(other), 'a secret')
    const at = 20 + below(40)
    const swapped = sealed.slice(0, at) + (sealed[at] === 'A' ? 'B' : 'A') + sealed.slice(at + 1)
    for (const payload of [swapped, sealed.slice(0, -8), '', 'A', `#${sealed}`]) {
      expect(() => createEncryption(other).decrypt(pubkeyOf(own), payload)).toThrow()
    }
    expect(() => createEncryption(key()).decrypt(pubkeyOf(own), sealed)).toThrow()
  })
})

describe('the shape of an event', () => {
  const valid = plain(finalizeEvent(template('text'), key()))
  it.each([
    ['null', null],
    ['an array', []],
    ['an id in upper case', { ...valid, id: valid.id.toUpperCase().replace(/^./, 'A') }],
    ['a short signature', { ...valid, sig: valid.sig.slice(1) }],
    ['a fraction of a second', { ...valid, created_at: 1.5 }],
    ['a time before 1970', { ...valid, created_at: -1 }],
    ['a kind beyond 65535', { ...valid, kind: 65_536 }],
    ['a kind as text', { ...valid, kind: '1' }],
    ['content that is none', { ...valid, content: null }],
    ['a tag that is none', { ...valid, tags: ['e'] }],
    ['a number in a tag', { ...valid, tags: [['e', 1]] }],
  ])('is refused with %s', (_, value) => {
    expect(isMalformed(parseEvent(value))).toBe(true)
  })

  it('drops what nobody signed', () => {
    expect(parseEvent({ ...valid, extra: 'x', __proto__: { evil: 1 } })).toEqual(valid)
  })
})

describe('a fresh key', () => {
  it('is drawn again where the bytes are none', () => {
    const draws = [Buffer.alloc(32), Buffer.alloc(32, 0xff), Buffer.alloc(32, 1)]
    expect(drawSecretKey(() => draws.shift() ?? Buffer.alloc(0))).toEqual(Buffer.alloc(32, 1))
  })
})
