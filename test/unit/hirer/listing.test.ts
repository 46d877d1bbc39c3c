/** Are listings and attestations of others read for what they say, in every dialect, and for nothing more? */
import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { NostrEvent } from '../../../src/core/event.js'
import { isMalformed, type Pubkey } from '../../../src/core/identifiers.js'
import type { Msat } from '../../../src/core/money.js'
import { buildHandlerInformation, buildPaidService } from '../../../src/nostr/kinds/announcement.js'
import { buildEndorsement, isVouching, parseAttestation } from '../../../src/nostr/kinds/attestation.js'
import { parseListing } from '../../../src/nostr/kinds/listing.js'
import { parseRank } from '../../../src/nostr/kinds/rank.js'
import { createKeySigner } from '../../../src/nostr/signer.js'

const author = createKeySigner(randomBytes(32))
const sign = (kind: number, tags: string[][], content: object | string = ''): Promise<NostrEvent> =>
  author.sign({ kind, created_at: 1_800_000_000, tags, content: typeof content === 'string' ? content : JSON.stringify(content) }) // prettier-ignore
const read = async (kind: number, tags: string[][], content: object | string = '') =>
  parseListing(await sign(kind, tags, content))

describe('a listing', () => {
  it('of ours is read back, in both kinds', async () => {
    const ours = {
      ...{
        identifier: 'tollbridge',
        name: 'Jokes',
        about: 'Good ones.',
        picture: null,
        topics: ['fun'],
        kinds: [5800],
      },
      urls: ['https://jokes.example'],
      capabilities: [
        { name: 'joke', description: null, methods: ['GET'], pattern: '/joke', maxMsat: 50_000 as Msat, priceMsat: 21_000 as Msat }, // prettier-ignore
        {
          name: 'long',
          description: null,
          methods: ['GET'],
          pattern: '/long',
          maxMsat: 90_000 as Msat,
          priceMsat: null,
        },
      ],
      createdAt: 1_800_000_000,
    } as unknown as Parameters<typeof buildHandlerInformation>[0]
    const [handler, service] = [buildHandlerInformation(ours), buildPaidService(ours)]
    expect(parseListing(await author.sign(handler))).toMatchObject({
      name: 'Jokes',
      takesLightning: true,
      protocol: null,
      capabilities: [
        { name: 'joke', priceMsat: 21_000, atMost: false },
        { name: 'long', priceMsat: 90_000, atMost: true },
      ],
    })
    const listed = parseListing(await author.sign(service ?? handler))
    expect(listed).toMatchObject({ name: 'Jokes', takesLightning: true, kinds: [5800] })
    expect(isMalformed(listed) ? [] : listed.capabilities[0]).toMatchObject({ name: 'joke', priceMsat: 21_000 })
  })

  it.each([
    ['sats', '21', 21_000],
    ['sat', 21, 21_000],
    ['msat', '21', 21],
    ['msats', 21, 21],
    ['usd', '21', null],
    ['sats', '2.1', null],
    ['sats', '-1', null],
    ['sats', '9007199254740991', null],
  ])('with a price in %s of %s', async (currency, amount, priceMsat) => {
    const inTags = await read(31402, [['d', 'x'], ['price', 'joke', String(amount), currency]]) // prettier-ignore
    expect(inTags).toMatchObject({ capabilities: [{ name: 'joke', priceMsat }] })
    const inContent = await read(31990, [['d', 'x']], { pricing: [{ capability: 'joke', price: amount, currency }] })
    expect(inContent).toMatchObject({ capabilities: [{ name: 'joke', priceMsat }] })
  })

  it.each([
    [[['pmi', 'l402', 'lightning']], true],
    [[['pmi', 'bitcoin-lightning-bolt11']], true],
    [[['pmi', 'x402', 'base', 'usdc', '0x']], false],
    [
      [
        ['pmi', 'cashu'],
        ['pmi', 'payment', 'lightning'],
      ],
      true,
    ],
    [[], true],
  ])('that can be paid by %j', async (pmi, takesLightning) => {
    expect(await read(31402, [['d', 'x'], ...pmi])).toMatchObject({ takesLightning })
  })

  it('that is a card names its tasks and its dialect', async () => {
    const tags = [['d', 'x'], ['k', '14'], ['t', 'dispatch'], ['t', 'think']] // prettier-ignore
    const card = await read(31990, tags, { taskTypes: ['think', 7, ''], protocol: 'dispatch-v1' })
    expect(card).toMatchObject({ protocol: 'dispatch-v1', capabilities: [{ name: 'think', priceMsat: null }] })
  })

  it.each([
    ['no identifier', 31990, [], {}],
    ['another kind', 1, [['d', 'x']], {}],
    ['a content that is a list', 31990, [['d', 'x']], '[]'],
    ['a content that is prose', 31990, [['d', 'x']], 'prose'],
  ])('with %s is malformed', async (_, kind, tags, content) => {
    expect(await read(kind, tags, content)).toHaveProperty('malformed')
  })

  it('whose fields are nonsense lists nothing', async () => {
    const content = { name: 7, pricing: [null, 1, { capability: 'x'.repeat(257) }], capabilities: 'all', taskTypes: {} }
    expect(await read(31990, [['d', 'x']], content)).toMatchObject({ name: '', capabilities: [] })
  })
})

describe('an attestation', () => {
  const subject = 'ab'.repeat(32) as Pubkey
  const now = 1_800_000_100
  const speaks = async (tags: string[][], type = 'endorsement') => {
    const read = parseAttestation(await sign(31000, [['d', `${type}:${subject}`], ['p', subject], ...tags]))
    return !isMalformed(read) && isVouching(read, now)
  }

  it('of ours speaks for its subject until it expires', async () => {
    const draft = { subject, summary: 'good', expiresAt: now + 1, createdAt: now - 1 }
    const read = parseAttestation(await author.sign(buildEndorsement(draft)))
    expect(isMalformed(read)).toBe(false)
    if (isMalformed(read)) return
    expect([isVouching(read, now - 2), isVouching(read, now), isVouching(read, now + 1)]).toEqual([false, true, false])
  })

  it.each<[string, string[][], boolean]>([
    ['without bounds', [], true],
    ['expired', [['expiration', String(now)]], false],
    ['valid longer than it is kept', [['valid_to', String(now + 9)], ['expiration', String(now)]], false], // prettier-ignore
    ['revoked', [['status', 'revoked']], false],
    ['revoked from later on', [['status', 'revoked'], ['effective', String(now + 1)]], true], // prettier-ignore
    ['revoked since earlier', [['status', 'revoked'], ['effective', String(now)]], false], // prettier-ignore
    ['with a date in prose', [['valid_from', 'yesterday']], false],
  ])('%s', async (_, tags, expected) => {
    expect(await speaks(tags)).toBe(expected)
  })

  it.each(['delegation', 'provenance', 'verifier', 'assertion'])('of the type %s says nothing good', async (type) => {
    expect(await speaks([['type', type]], type)).toBe(false)
  })
})

it.each([
  ['0', 0],
  ['100', 100],
  ['101', null],
  ['-1', null],
  ['9.5', null],
  ['', null],
])('a rank of "%s" reads as %s', async (text, rank) => {
  const read = parseRank(await sign(30382, [['d', 'ab'.repeat(32)], ['rank', text]])) // prettier-ignore
  expect(isMalformed(read) ? null : read.rank).toBe(rank)
})
