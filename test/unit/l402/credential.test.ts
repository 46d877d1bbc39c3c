import { newMacaroon } from 'macaroon'
import { describe, expect, it } from 'vitest'
import type { PaymentHash, Preimage, TokenSuffix } from '../../../src/core/identifiers.js'
import {
  isPreimageOf,
  isToken,
  macaroonPaymentHash,
  presentCredential,
  tokenExpiry,
} from '../../../src/l402/credential.js'
import { CRAFTED_HASH, CRAFTED_PREIMAGE } from '../../support/craft-invoice.js'
import { craftToken } from '../../support/craft-token.js'

const TOKEN = craftToken({ paymentHash: CRAFTED_HASH })
const OTHER = craftToken({ paymentHash: '77'.repeat(32) })
const asUrlSafe = (token: string): string => token.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')

describe('macaroonPaymentHash', () => {
  it('reads the hash from standard and URL-safe base64, padded or not', () => {
    expect(macaroonPaymentHash(TOKEN)).toBe(CRAFTED_HASH)
    expect(macaroonPaymentHash(asUrlSafe(TOKEN))).toBe(CRAFTED_HASH)
  })

  it('reads the hash whatever the caveats are', () => {
    const caveats = Array.from({ length: 30 }, (_, i) => `key${i} = ${'v'.repeat(20)}`)
    expect(macaroonPaymentHash(craftToken({ paymentHash: CRAFTED_HASH, caveats }))).toBe(CRAFTED_HASH)
  })

  it.each([
    ['JSON and a signature', `eyJoIjoiYWIifQ.${'0f'.repeat(32)}`],
    ['random base64', Buffer.alloc(90, 7).toString('base64')],
    ['a macaroon cut short', TOKEN.slice(0, -8)],
    [
      'a macaroon with more behind it',
      Buffer.from(`${Buffer.from(TOKEN, 'base64').toString('latin1')}x`, 'latin1').toString('base64'),
    ],
    ['a macaroon of another version', craftToken({ paymentHash: CRAFTED_HASH, version: 1 })],
    ['a macaroon with a longer identifier', craftToken({ paymentHash: CRAFTED_HASH, identifier: Buffer.alloc(67) })],
    [
      'a macaroon with a name for an identifier',
      craftToken({ paymentHash: CRAFTED_HASH, identifier: Buffer.from('some id') }),
    ],
    ['a JSON macaroon', Buffer.from('{"v":2,"i":"x","s64":"AAAA"}').toString('base64')],
  ])('knows no hash of %s', (_, token) => {
    expect(macaroonPaymentHash(token)).toBeNull()
  })

  it.each([['', 'short', `${TOKEN}\n`, `${TOKEN} `, 'a'.repeat(4097), `${TOKEN}"`]].flat())(
    'refuses %j as a token',
    (token) => {
      expect(isToken(token)).toBe(false)
      expect(macaroonPaymentHash(token)).toHaveProperty('malformed')
    },
  )

  it('takes several tokens where they commit to one hash', () => {
    expect(macaroonPaymentHash(`${TOKEN},${TOKEN}`)).toBe(CRAFTED_HASH)
    expect(macaroonPaymentHash(`${TOKEN},${OTHER}`)).toHaveProperty('malformed')
  })
})

describe('tokenExpiry', () => {
  const of = (...caveats: string[]) => tokenExpiry(craftToken({ paymentHash: CRAFTED_HASH, caveats }))

  it.each([
    ['the form of toll-booth', ['expires = 2030-01-01T00:00:00.000Z'], Date.UTC(2030, 0, 1)],
    ['the form of Aperture', ['services=joke:0', 'joke_valid_until=1900000000'], 1_900_000_000_000],
    ['blanks around', ['joke_valid_until = 1900000000'], 1_900_000_000_000],
    [
      'the earliest of several, for a caveat can only narrow',
      ['a_valid_until=1900000000', 'b_valid_until=1800000000'],
      1_800_000_000_000,
    ],
    ['nothing where there is none', ['services=joke:0', 'credit_balance = 5'], null],
    [
      'nothing in what is no time',
      ['expires = soon', 'a_valid_until=soon', 'a_valid_until=99999999999999', 'expires = 1'.repeat(3)],
      null,
    ],
    ['nothing in a caveat that only looks like one', ['not_expires_at = 2030-01-01', 'x valid_until=1'], null],
  ])('reads %s', (_, caveats, expected) => {
    expect(of(...caveats)).toBe(expected)
  })

  it('reads nothing from other tokens, and nothing from a caveat for a third party', () => {
    expect(tokenExpiry('some.other.token')).toBeNull()
    expect(tokenExpiry('\n')).toBeNull()
  })
})

describe('presentCredential', () => {
  const preimage = CRAFTED_PREIMAGE as Preimage

  it('repeats the scheme of the challenge and the token as it was received', () => {
    const odd = 'AgE-x_y+/=.,z'
    expect(presentCredential('L402', odd, { kind: 'preimage', value: preimage })).toEqual({
      authorization: `L402 ${odd}:${preimage}`,
    })
    expect(presentCredential('LSAT', odd, { kind: 'suffix', value: 'suffix' as TokenSuffix })).toEqual({
      authorization: `LSAT ${odd}:suffix`,
    })
  })
})

describe('isPreimageOf', () => {
  it('is sha256 over the bytes, not over the digits', () => {
    expect(isPreimageOf(CRAFTED_PREIMAGE as Preimage, CRAFTED_HASH as PaymentHash)).toBe(true)
    expect(isPreimageOf('00'.repeat(32) as Preimage, CRAFTED_HASH as PaymentHash)).toBe(false)
  })
})

describe('the macaroon package, as it is used here', () => {
  it('verifies what was minted and refuses what was altered', () => {
    const rootKey = Buffer.alloc(32, 1)
    const macaroon = newMacaroon({ identifier: 'id', location: 'lsat', rootKey })
    macaroon.addFirstPartyCaveat('expires = 2030-01-01')
    expect(() => macaroon.verify(rootKey, () => null)).not.toThrow()
    expect(() => macaroon.verify(rootKey, (caveat) => `refused ${caveat}`)).toThrow()
    expect(() => macaroon.verify(Buffer.alloc(32, 2), () => null)).toThrow()
  })
})
