import { randomBytes } from 'node:crypto'
import { unwrapEvent, wrapEvent } from 'nostr-tools/nip59'
import { describe, expect, it } from 'vitest'
import type { NostrEvent } from '../../../src/core/event.js'
import { isMalformed } from '../../../src/core/identifiers.js'
import { createEncryption } from '../../../src/nostr/encryption.js'
import { pubkeyOf, signEvent, verifyEvent } from '../../../src/nostr/event.js'
import {
  BACK_DATED_S,
  GIFT_WRAP_KIND,
  rumorOf,
  SEAL_KIND,
  unwrapRumor,
  wrapRumor,
} from '../../../src/nostr/gift-wrap.js'
import { createKeySigner } from '../../../src/nostr/signer.js'

const NOW = 1_800_000_000
const keys = { author: randomBytes(32), reader: randomBytes(32), stranger: randomBytes(32) }
const author = createKeySigner(keys.author)
const reader = createKeySigner(keys.reader)
const template = { kind: 14, created_at: NOW, tags: [['p', reader.pubkey]], content: 'hello' }

/** A wrap made by hand, so that each layer can be wrong in its own way. */
function craftWrap(
  make: { seal?: object; rumor?: object; sealer?: Uint8Array; sealKind?: number; sealTags?: string[][] } = {},
) {
  const sealer = make.sealer ?? keys.author
  const rumor = { ...rumorOf(author.pubkey, template), ...make.rumor }
  const sealTemplate = {
    kind: make.sealKind ?? SEAL_KIND,
    created_at: NOW,
    tags: make.sealTags ?? [],
    content: createEncryption(sealer).encrypt(reader.pubkey, JSON.stringify(rumor)),
  }
  const seal = { ...signEvent(sealTemplate, sealer, pubkeyOf(sealer), randomBytes(32)), ...make.seal }
  const once = randomBytes(32)
  const content = createEncryption(once).encrypt(reader.pubkey, JSON.stringify(seal))
  const wrap = { kind: GIFT_WRAP_KIND, created_at: NOW, tags: [['p', reader.pubkey]], content }
  return signEvent(wrap, once, pubkeyOf(once), randomBytes(32))
}

describe('a gift wrap', () => {
  it('is opened by its recipient, with its author and the id of the rumor', async () => {
    const { rumor, wrap } = await wrapRumor(author, reader.pubkey, template, NOW)
    expect(await unwrapRumor(reader, wrap)).toEqual(rumor)
    expect(rumor).toMatchObject({ pubkey: author.pubkey, content: 'hello' })
  })

  it('says nothing of its author nor of its time', async () => {
    const { wrap } = await wrapRumor(author, reader.pubkey, template, NOW)
    expect(JSON.stringify(wrap)).not.toContain(author.pubkey)
    expect(wrap.created_at).toBeLessThanOrEqual(NOW)
    expect(wrap.created_at).toBeGreaterThan(NOW - BACK_DATED_S)
    expect(verifyEvent(wrap)).toBe(true)
  })

  it('differs each time while the rumor stays the same', async () => {
    const [a, b] = [
      await wrapRumor(author, reader.pubkey, template, NOW),
      await wrapRumor(author, reader.pubkey, template, NOW),
    ]
    expect(a.wrap.id).not.toBe(b.wrap.id)
    expect(a.rumor.id).toBe(b.rumor.id)
  })

  it('is read by another implementation, and the other way round', async () => {
    const { wrap } = await wrapRumor(author, reader.pubkey, template, NOW)
    expect(unwrapEvent(wrap as never, keys.reader).content).toBe('hello')
    const theirs = wrapEvent({ ...template, tags: [['p', reader.pubkey]] }, keys.author, reader.pubkey)
    expect(await unwrapRumor(reader, theirs as unknown as NostrEvent)).toMatchObject({ pubkey: author.pubkey })
  })
})

describe('a forged gift wrap is refused', () => {
  const refused: [string, NostrEvent, string][] = [
    ['with a rumor in the name of another', craftWrap({ sealer: keys.stranger }), 'not by the author of the seal'],
    [
      'with a seal in the name of another',
      craftWrap({ sealer: keys.stranger, seal: { pubkey: author.pubkey } }),
      'seal is not signed',
    ],
    ['with a seal that was changed', craftWrap({ seal: { created_at: 1 } }), 'seal is not signed'],
    ['with a seal of another kind', craftWrap({ sealKind: 1 }), 'kind 13'],
    ['with a seal that has tags', craftWrap({ sealTags: [['p', 'x']] }), 'no tags'],
    ['with a rumor without an author', craftWrap({ rumor: { pubkey: undefined } }), 'not by the author'],
    ['with a rumor without a kind', craftWrap({ rumor: { kind: 'x' } }), 'rumor cannot be read'],
    ['that is not signed by its key', { ...craftWrap(), created_at: 5 }, 'not signed by its key'],
  ]
  it.each(refused)('%s', async (_, wrap, why) => {
    const opened = await unwrapRumor(reader, wrap)
    expect(isMalformed(opened) ? opened.malformed : 'opened').toContain(why)
  })

  it('for somebody else', async () => {
    const { wrap } = await wrapRumor(author, createKeySigner(keys.stranger).pubkey, template, NOW)
    expect(await unwrapRumor(reader, wrap)).toEqual({ malformed: 'not wrapped for us' })
  })

  it('and an id that the rumor claims is not believed', async () => {
    const opened = await unwrapRumor(reader, craftWrap({ rumor: { id: 'f'.repeat(64) } }))
    expect(opened).toMatchObject({ id: rumorOf(author.pubkey, template).id })
  })
})
