/** Do both encryptions speak with other people's code? */
import { randomBytes } from 'node:crypto'
import { nip04, nip44 } from 'nostr-tools'
import { describe, expect, it } from 'vitest'
import { isMalformed } from '../../../src/core/identifiers.js'
import { createEncryption, MAX_PLAINTEXT_BYTES, schemeOf } from '../../../src/nostr/encryption.js'
import { pubkeyOf } from '../../../src/nostr/event.js'
import { isWrappable, unwrapRumor, wrapRumor } from '../../../src/nostr/gift-wrap.js'
import { encloseAnswer, openAnswer } from '../../../src/nostr/kinds/private-tags.js'
import { createKeySigner } from '../../../src/nostr/signer.js'

const [ours, theirs] = [randomBytes(32), randomBytes(32)]
const encryption = createEncryption(ours)
const peer = pubkeyOf(theirs)
const texts = ['x', 'grüße 🌉', 'a'.repeat(1_000), 'b'.repeat(MAX_PLAINTEXT_BYTES)]

describe('encryption', () => {
  it.each(texts)('in NIP-04 and NIP-44 is read by nostr-tools, and reads it', (text) => {
    expect(nip04.decrypt(theirs, pubkeyOf(ours), encryption.encrypt(peer, text, 'nip04'))).toBe(text)
    expect(encryption.decrypt(peer, nip04.encrypt(theirs, pubkeyOf(ours), text), 'nip04')).toBe(text)
    const key = nip44.getConversationKey(theirs, pubkeyOf(ours))
    expect(nip44.decrypt(encryption.encrypt(peer, text), key)).toBe(text)
    expect(encryption.decrypt(peer, nip44.encrypt(text, key))).toBe(text)
  })

  it('is told by its form', () => {
    expect(schemeOf(encryption.encrypt(peer, 'x', 'nip04'))).toBe('nip04')
    expect(schemeOf(encryption.encrypt(peer, 'x'))).toBe('nip44')
  })

  it.each(['', '?iv=', 'AAAA?iv=AAAA', 'AAAA', '\u0000'])('of %j throws, and does nothing worse', (payload) => {
    expect(() => encryption.decrypt(peer, payload, schemeOf(payload))).toThrow()
  })
})

describe('a result that is encrypted', () => {
  const about = [
    ['e', 'job'],
    ['p', 'customer'],
  ]
  const result = (tags: string[][], content: string) => ({
    kind: 6800,
    created_at: 1,
    content,
    tags: [...about, ...tags],
  })

  it('hides what describes an output elsewhere, and gives all of it back', () => {
    const pointer = [
      ['url', 'https://blob.test/x'],
      ['key', 'secret'],
      ['x', 'digest'],
      ['amount', '21'],
    ]
    const { plaintext, outside } = encloseAnswer(result([['content-type', 'image/png'], ...pointer], ''))
    expect(JSON.stringify(outside)).not.toMatch(/secret|digest|21|blob/)
    const opened = openAnswer(outside, plaintext)
    if (isMalformed(opened)) throw new Error(opened.malformed)
    expect(opened.tags).toEqual([...about, ['content-type', 'image/png'], ...pointer.slice(0, 3)])
  })

  it('is the bare output otherwise, and a list of no tags where that is empty', () => {
    expect(encloseAnswer(result([['http-status', '200']], 'a joke')).plaintext).toBe('a joke')
    const { plaintext, outside } = encloseAnswer(result([['http-status', '204']], ''))
    expect(plaintext).toBe('[]')
    expect(openAnswer(outside, plaintext)).toMatchObject({ content: '', tags: [...about, ['http-status', '204']] })
  })
})

it('a rumor is wrapped up to the length that every reader takes, and no further', async () => {
  const [alice, bob] = [createKeySigner(ours), createKeySigner(theirs)]
  const template = (length: number) => ({ kind: 14, created_at: 1_790_000_000, tags: [], content: 'x'.repeat(length) })
  let longest = 0
  for (let step = 32_768; step >= 1; step /= 2) if (isWrappable(template(longest + step))) longest += step
  const { wrap } = await wrapRumor(alice, bob.pubkey, template(longest), 1_790_000_000)
  expect(await unwrapRumor(bob, wrap)).toMatchObject({ content: 'x'.repeat(longest) })
  expect(longest).toBeGreaterThan(40_000)
  const { seal } = { seal: Buffer.from(wrap.content, 'base64') }
  // Version, nonce, length of two bytes, MAC: the short form, which older readers know.
  expect(seal.length).toBeLessThanOrEqual(1 + 32 + 2 + 65_536 + 32)
})
