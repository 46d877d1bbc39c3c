/** Are wallet messages sealed as others seal them? */
import { randomBytes } from 'node:crypto'
import * as nip04 from 'nostr-tools/nip04'
import * as nip44 from 'nostr-tools/nip44'
import { describe, expect, it } from 'vitest'
import { pubkeyOf } from '../../../src/nostr/event.js'
import { createNwcCipher } from '../../../src/wallets/nwc-cipher.js'

const [ours, theirs] = [randomBytes(32), randomBytes(32)]
const [ourPubkey, theirPubkey] = [pubkeyOf(ours), pubkeyOf(theirs)]
const cipher = createNwcCipher(ours, theirPubkey)
const TEXT = JSON.stringify({ method: 'get_info', params: { ä: '€' } })

describe('the cipher of a wallet connection', () => {
  it('is NIP-04 as others read and write it', () => {
    expect(nip04.decrypt(theirs, ourPubkey, cipher.encrypt('nip04', TEXT))).toBe(TEXT)
    expect(cipher.decrypt(nip04.encrypt(theirs, ourPubkey, TEXT))).toBe(TEXT)
  })

  it('is NIP-44 as others read and write it', () => {
    const key = nip44.getConversationKey(theirs, ourPubkey)
    expect(nip44.decrypt(cipher.encrypt('nip44_v2', TEXT), key)).toBe(TEXT)
    expect(cipher.decrypt(nip44.encrypt(TEXT, key))).toBe(TEXT)
  })

  it.each(['', 'garbage', 'AAAA?iv=AAAA', '?iv=', Buffer.alloc(160, 2).toString('base64')])(
    'throws on %j',
    (payload) => {
      expect(() => cipher.decrypt(payload)).toThrow()
    },
  )

  it('throws on a message that is sealed to somebody else', () => {
    const stranger = createNwcCipher(randomBytes(32), theirPubkey)
    expect(() => cipher.decrypt(stranger.encrypt('nip44_v2', TEXT))).toThrow()
  })
})
