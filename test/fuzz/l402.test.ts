/** Whatever a server sends, the parsers of L402 answer: they never throw, and never take long. Seeds are fixed. */
import { describe, expect, it } from 'vitest'
import { parseChallenge, parseChallenges } from '../../src/l402/challenge.js'
import { macaroonPaymentHash, tokenExpiry } from '../../src/l402/credential.js'
import { parseCreatedInvoice, parsePriceHeader } from '../../src/l402/exact-price.js'
import { canonicalPath, canonicalQuery } from '../../src/l402/path.js'
import { craftInvoice, CRAFTED_HASH, wordsOf } from '../support/craft-invoice.js'
import { fuzz, mutate, type Random } from '../support/fuzz.js'
import { craftToken } from '../support/craft-token.js'

/** Two arbitrary characters are joined by these to make what is nearly right. */
const HEADER_PARTS = [
  'L402 ',
  'LSAT ',
  'macaroon=',
  'token=',
  'invoice=',
  '"',
  "'",
  '\\',
  ',',
  ' ',
  '=',
  '\t',
  'Payment ',
  'lnbc1',
  'é',
  '\0',
  '==',
]
const PATH_PARTS = [
  '/',
  '.',
  '..',
  '%2e',
  '%2f',
  '%5c',
  '%',
  '%25',
  '%c0%af',
  '\\',
  '?',
  '#',
  '@',
  ':',
  ';',
  '//',
  'a',
  'ö',
  '\ud800',
  '\t',
  '😀',
  '%7e',
  '*',
]
const JSON_VALUES = [
  'null',
  '1',
  '-1',
  '1e999',
  '""',
  '"x"',
  '[]',
  '{}',
  '{"amount_sats":21}',
  `"${CRAFTED_HASH}"`,
  '"/s?token=1"',
  'true',
]
const JSON_KEYS = [
  'l402',
  'invoice',
  'bolt11',
  'macaroon',
  'payment_hash',
  'payment_url',
  'status_token',
  'amount_sats',
  'xcashu',
  'ietf_payment',
  '__proto__',
  'scheme',
]

const ASCII = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).join('')
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_.,'
const BOLT11 = craftInvoice()
const TOKEN = craftToken({ paymentHash: CRAFTED_HASH, caveats: ['expires = 2030-01-01', 'services=api:0'] })
const HEADER = `LSAT macaroon="${TOKEN}", invoice="${BOLT11}", L402 version="0" token="${TOKEN}", invoice="${BOLT11}"`

const sameOriginTarget = (reference: string): string | null => (reference.startsWith('/') ? reference : null)
const challengeOf = (headers: readonly string[], body: Uint8Array, contentType: string | null = null) =>
  parseChallenge({ headers, body, contentType, requestTarget: '/v1/a:b', sameOriginTarget })

describe('l402 parsers', () => {
  it('parseChallenges: headers of any parts', () => {
    fuzz(
      1,
      3_000,
      (random) => [random.join(HEADER_PARTS, 60), random.join(HEADER_PARTS, 10)],
      (lines) => {
        parseChallenges(lines)
        challengeOf(lines, new Uint8Array())
      },
    )
  })

  it('parseChallenges: long headers', () => {
    fuzz(
      2,
      40,
      (random) =>
        random.join(
          Array.from({ length: 1 + random.below(3) }, () => random.pick(HEADER_PARTS)),
          20_000,
        ),
      (line) => {
        parseChallenges([line])
      },
    )
  })

  it('parseChallenge: a good header with a few wrong characters', () => {
    fuzz(
      3,
      3_000,
      (random) => mutate(HEADER, random, ASCII),
      (line) => challengeOf([line], new Uint8Array()),
    )
  })

  it('parseChallenge: bodies of any fields', () => {
    const object = (random: Random, depth: number): string =>
      `{${Array.from({ length: random.below(8) }, () => `"${random.pick(JSON_KEYS)}":${depth > 0 && random.below(3) === 0 ? object(random, depth - 1) : random.pick(JSON_VALUES)}`).join(',')}}`
    fuzz(
      4,
      3_000,
      (random) => object(random, 2),
      (json) => {
        const body = Buffer.from(json)
        challengeOf([HEADER], body, 'application/json')
        challengeOf([], body)
        parseCreatedInvoice(body, sameOriginTarget)
      },
    )
  })

  it('parseChallenge: bodies of any bytes', () => {
    fuzz(
      5,
      1_000,
      (random) => Buffer.concat([Buffer.from('{'), random.bytes(random.below(200))]),
      (body) => challengeOf([], body),
    )
  })

  it('tokens: a macaroon with a few wrong characters, and any bytes', () => {
    const read = (token: string): void => {
      macaroonPaymentHash(token)
      tokenExpiry(token)
    }
    fuzz(11, 3_000, (random) => mutate(TOKEN, random, BASE64), read)
    fuzz(12, 500, (random) => Buffer.concat([Buffer.of(2), random.bytes(random.below(300))]).toString('base64'), read)
    fuzz(
      13,
      20,
      (random) =>
        wordsOf(random.bytes(2_000))
          .map((word) => BASE64.charAt(word))
          .join(''),
      read,
    )
  })

  it('canonicalPath: what is accepted stays as it is, here and in a URL parser', () => {
    let accepted = 0
    fuzz(
      14,
      4_000,
      (random) => `/${random.join(PATH_PARTS, 12)}`,
      (raw) => {
        const path = canonicalPath(raw)
        if (typeof path !== 'string') return
        accepted += 1
        const again = [canonicalPath(path), new URL(path, 'https://api.example').pathname]
        if (again.some((other) => other !== path)) throw new Error(`became ${JSON.stringify(again)}`)
        if (
          decodeURIComponent(path)
            .split('/')
            .some((part) => part === '..' || part === '.')
        )
          throw new Error('a dot segment')
      },
    )
    expect(accepted).toBeGreaterThan(100)
    fuzz(15, 200, (random) => random.join(PATH_PARTS, 20_000), canonicalPath)
  })

  it('canonicalQuery: what is accepted stays as it is, here and in a URL parser', () => {
    fuzz(
      16,
      2_000,
      (random) => random.join([...PATH_PARTS, '&', "'", '"', '+', ' '], 12),
      (raw) => {
        const query = canonicalQuery(raw)
        if (typeof query !== 'string' || query === '') return
        if (canonicalQuery(query) !== query) throw new Error('not idempotent')
        if (new URL(`/?${query}`, 'https://api.example').search !== `?${query}`)
          throw new Error('read otherwise by a URL parser')
      },
    )
  })

  it('parsePriceHeader: any text', () => {
    fuzz(
      17,
      1_000,
      (random) => random.join(['1', '0', '.', '-', 'e', ' ', 'x', '９'], 20),
      (value) => {
        const price = parsePriceHeader({ 'x-l402-price-sats': [value] })
        if (price !== null && !Number.isSafeInteger(price)) throw new Error(`read as ${price}`)
      },
    )
  })
})
