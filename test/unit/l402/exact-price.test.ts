import { describe, expect, it } from 'vitest'
import { buildCreateInvoice, parseCreatedInvoice, parsePriceHeader } from '../../../src/l402/exact-price.js'
import { craftInvoice, CRAFTED_HASH } from '../../support/craft-invoice.js'
import { craftToken } from '../../support/craft-token.js'

const sameOriginTarget = (reference: string): string | null => (reference.startsWith('/') ? reference : null)
const CREATED = {
  bolt11: craftInvoice(),
  payment_hash: CRAFTED_HASH,
  payment_url: `/invoice-status/${CRAFTED_HASH}?token=${'cd'.repeat(32)}`,
  amount_sats: 21,
  credit_sats: 21,
  macaroon: craftToken({ paymentHash: CRAFTED_HASH }),
  qr_svg: '<svg/>',
}

describe('buildCreateInvoice', () => {
  it('names the amount in whole sats', () => {
    expect(buildCreateInvoice(21)).toBe('{"amountSats":21}')
  })
})

describe('parseCreatedInvoice', () => {
  const parsed = (over: object) => parseCreatedInvoice({ ...CREATED, ...over }, sameOriginTarget)
  const challenge = {
    scheme: 'L402',
    token: CREATED.macaroon,
    bolt11: CREATED.bolt11,
    statusUrl: CREATED.payment_url,
    callPriceMsat: 21_000,
    offersExactPrice: true,
    claimed: { paymentHash: CRAFTED_HASH, amountMsat: 21_000 },
  }

  it('makes a challenge of the answer, parsed or as bytes', () => {
    expect(parsed({})).toEqual(challenge)
    expect(parseCreatedInvoice(new TextEncoder().encode(JSON.stringify(CREATED)), sameOriginTarget)).toEqual(challenge)
  })

  it('drops a status endpoint elsewhere', () => {
    expect(parsed({ payment_url: 'https://evil.example/s' })).toMatchObject({ statusUrl: null })
    expect(parsed({ payment_url: 7 })).toMatchObject({ statusUrl: null })
  })

  it.each([
    [{ bolt11: undefined }],
    [{ bolt11: 7 }],
    [{ bolt11: 'fibt1' }],
    [{ macaroon: undefined }],
    [{ macaroon: 'a b c d e f g' }],
    [{ payment_hash: undefined }],
    [{ payment_hash: 'abc' }],
    [{ amount_sats: 1.5 }],
    [{ amount_sats: -21 }],
    [{ amount_sats: '21 sats' }],
  ])('refuses an answer with %j', (over) => {
    expect(parsed(over)).toHaveProperty('malformed')
  })

  it.each([null, undefined, 7, 'text', [CREATED], new Uint8Array(), new TextEncoder().encode('oops')])(
    'refuses %j for an answer',
    (json) => {
      expect(parseCreatedInvoice(json, sameOriginTarget)).toHaveProperty('malformed')
    },
  )
})

describe('parsePriceHeader', () => {
  const of = (...values: string[]) => parsePriceHeader({ 'x-l402-price-sats': values })

  it('reads whole sats', () => {
    expect(of('21')).toBe(21_000)
    expect(of(' 21 ')).toBe(21_000)
    expect(of('0')).toBe(0)
  })

  it('knows no price where the header is absent, doubtful or said twice', () => {
    expect(parsePriceHeader({})).toBeNull()
    expect(of('21', '22')).toBeNull()
    for (const value of ['', '-1', '1.5', '1e3', '0x15', '21 sats', '9007199254740993']) expect(of(value)).toBeNull()
  })
})
