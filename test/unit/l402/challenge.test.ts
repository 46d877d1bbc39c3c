import { readdirSync, readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { isMalformed } from '../../../src/core/identifiers.js'
import { isUnsupportedScheme, parseChallenge, type PaymentRequired } from '../../../src/l402/challenge.js'
import { craftInvoice, CRAFTED_HASH } from '../../support/craft-invoice.js'
import { craftToken } from '../../support/craft-token.js'

interface Fixture {
  readonly about: string
  readonly headers: string[]
  readonly contentType: string | null
  readonly body: unknown
  readonly expected: object
}

const FIXTURES = new URL('../../fixtures/challenges/', import.meta.url)
const ORIGIN = 'https://api.example'

const sameOriginTarget = (reference: string): string | null => {
  const url = new URL(reference, ORIGIN)
  return url.origin === ORIGIN ? url.pathname + url.search : null
}
const bytes = (body: unknown): Uint8Array =>
  new TextEncoder().encode(typeof body === 'string' ? body : JSON.stringify(body))

const required = (over: Partial<PaymentRequired>): PaymentRequired => ({
  headers: [],
  body: new Uint8Array(),
  contentType: 'application/json',
  requestTarget: '/joke',
  sameOriginTarget,
  ...over,
})

const INVOICE = craftInvoice()
const TOKEN = craftToken({ paymentHash: CRAFTED_HASH })
const HEADER = `L402 macaroon="${TOKEN}", invoice="${INVOICE}"`
const TOLL_BOOTH = {
  invoice: INVOICE,
  macaroon: TOKEN,
  payment_hash: CRAFTED_HASH,
  amount_sats: 21,
  payment_url: `/invoice-status/${CRAFTED_HASH}?token=${'cd'.repeat(32)}`,
  status_token: 'cd'.repeat(32),
}
const withL402 = (over: object, root: object = {}): Uint8Array => bytes({ l402: { ...TOLL_BOOTH, ...over }, ...root })

describe('parseChallenge', () => {
  for (const file of readdirSync(FIXTURES)) {
    const fixture = JSON.parse(readFileSync(new URL(file, FIXTURES), 'utf8')) as Fixture
    it(`reads ${file}: ${fixture.about}`, () => {
      const { headers, contentType, body, expected } = fixture
      expect(parseChallenge(required({ headers, contentType, body: bytes(body) }))).toEqual(expected)
    })
  }

  describe('of the header', () => {
    const parsed = (...headers: string[]) => parseChallenge(required({ headers }))

    it('prefers L402 to LSAT, whichever comes first', () => {
      expect(parsed(HEADER.replace('L402', 'LSAT'), HEADER)).toMatchObject({ scheme: 'L402' })
      expect(parsed(HEADER, HEADER.replace('L402', 'LSAT'))).toMatchObject({ scheme: 'L402' })
    })

    it('falls back to an LSAT that is whole', () => {
      expect(parsed('L402 price-only', HEADER.replace('L402', 'LSAT'))).toMatchObject({ scheme: 'LSAT', token: TOKEN })
    })

    it('ignores unknown parameters, and an invoice in upper case is the same invoice', () => {
      expect(parsed(`L402 foo="1", macaroon="${TOKEN}", invoice="${INVOICE.toUpperCase()}", bar=2`)).toMatchObject({
        bolt11: INVOICE,
      })
    })

    it('takes token and macaroon together only where they are equal', () => {
      expect(parsed(`L402 token="${TOKEN}", macaroon="${TOKEN}", invoice="${INVOICE}"`)).toMatchObject({ token: TOKEN })
      expect(parsed(`L402 token="${TOKEN}", macaroon="x${TOKEN}", invoice="${INVOICE}"`)).toHaveProperty('malformed')
    })

    it('refuses one challenge with two invoices', () => {
      expect(parsed(`${HEADER}, invoice="${craftInvoice({ hrp: 'lnbcrt10n' })}"`)).toHaveProperty('malformed')
    })

    it.each([
      ['a line break', `${TOKEN}\r\nX-Evil: 1`],
      ['a blank', `${TOKEN} x`],
      ['a colon, which ends a token', `${TOKEN}:00`],
      ['too few characters', 'abc'],
      ['too many characters', 'a'.repeat(4097)],
      ['letters beyond ASCII', `${TOKEN}é`],
    ])('refuses a token with %s before anyone has paid for it', (_, token) => {
      const body = withL402({ macaroon: token })
      expect(parseChallenge(required({ body }))).toHaveProperty('malformed')
      expect(parsed(`L402 macaroon="${token}", invoice="${INVOICE}"`)).toHaveProperty('malformed')
    })

    it('never repeats a token in a reason', () => {
      const result = parsed(`L402 macaroon="se cret", invoice="${INVOICE}"`)
      expect(JSON.stringify(result)).not.toContain('cret')
    })

    it('names at most eight foreign schemes, shortened', () => {
      const result = parsed(Array.from({ length: 50 }, (_, i) => `Scheme${i}${'x'.repeat(99)} a="1"`).join(', '))
      if (isMalformed(result) || !isUnsupportedScheme(result)) throw new Error('expected unsupported schemes')
      expect(result.schemes).toHaveLength(8)
      expect(result.schemes.every((name) => name.length <= 40)).toBe(true)
    })

    it.each(['/v1/models:generate', '/v1/a,b'])(
      'refuses %s where the token has the path among its services: it could never be verified',
      (requestTarget) => {
        const macaroon = craftToken({ paymentHash: CRAFTED_HASH, caveats: [`services=api${requestTarget}:0`] })
        const headers = [`L402 macaroon="${macaroon}", invoice="${INVOICE}"`]
        expect(parseChallenge(required({ headers, requestTarget: `${requestTarget}?x=1` }))).toHaveProperty('malformed')
        expect(parseChallenge(required({ headers: [HEADER], requestTarget }))).toMatchObject({ token: TOKEN })
        expect(parseChallenge(required({ headers, requestTarget: '/v1/models' }))).not.toHaveProperty('malformed')
      },
    )
  })

  describe('of the body', () => {
    const parsed = (body: Uint8Array, over: Partial<PaymentRequired> = {}) =>
      parseChallenge(required({ headers: [HEADER], body, ...over }))

    it('refuses names of one thing that differ', () => {
      expect(parsed(withL402({ bolt11: craftInvoice({ hrp: 'lnbcrt10n' }) }))).toHaveProperty('malformed')
      expect(parsed(withL402({}, { payment_hash: '00'.repeat(32) }))).toHaveProperty('malformed')
      expect(parsed(withL402({}, { amount_sats: 22 }))).toHaveProperty('malformed')
      expect(parsed(withL402({}, { macaroon: 'AAAAAAAAAAAA' }))).toHaveProperty('malformed')
    })

    it('refuses a status token that differs from that of payment_url', () => {
      expect(parsed(withL402({ status_token: 'ef'.repeat(32) }))).toHaveProperty('malformed')
    })

    it.each([[-1], [1.5], ['1e3'], [Number.MAX_SAFE_INTEGER], [{}], ['']])('refuses the amount %j', (amount_sats) => {
      expect(parsed(withL402({ amount_sats }))).toHaveProperty('malformed')
    })

    it('refuses a payment hash that is none', () => {
      expect(parsed(withL402({ payment_hash: 'abc' }))).toHaveProperty('malformed')
    })

    it('claims what the body says, for the invoice to be held against', () => {
      expect(parsed(withL402({ payment_hash: CRAFTED_HASH.toUpperCase() }))).toMatchObject({
        claimed: { paymentHash: CRAFTED_HASH, amountMsat: 21_000 },
      })
    })

    it('knows no price of the call where the rails disagree, or count in another unit', () => {
      const rails = (ietf: number, cashu: object) => ({ ietf_payment: { amount_sats: ietf }, xcashu: cashu })
      expect(parsed(withL402({}, rails(21, { amount: 21, unit: 'sat' })))).toMatchObject({ callPriceMsat: 21_000 })
      expect(parsed(withL402({}, rails(21, { amount: 22, unit: 'sat' })))).toMatchObject({ callPriceMsat: null })
      expect(parsed(withL402({}, { xcashu: { amount: 22, unit: 'usd' } }))).toMatchObject({ callPriceMsat: null })
      expect(parsed(withL402({}, rails(21, { amount: 500, unit: 'usd' })))).toMatchObject({ callPriceMsat: 21_000 })
    })

    it('recognises no toll-booth without its status endpoint', () => {
      const body = withL402({ payment_url: undefined, status_token: undefined }, { ietf_payment: { amount_sats: 21 } })
      expect(parsed(body)).toMatchObject({ statusUrl: null, offersExactPrice: false, callPriceMsat: null })
    })

    it.each([
      ['a path', '/invoice-status/1?token=t1234567', '/invoice-status/1?token=t1234567'],
      ['a path with more in its query', '/status?a=1&token=t1234567', '/status?a=1&token=t1234567'],
      ['a URL of this origin', `${ORIGIN}/s?token=t1234567`, '/s?token=t1234567'],
      ['a path beside the call', 'status?token=t1234567', '/v1/status?token=t1234567'],
      ['a URL elsewhere', 'https://evil.example/s?token=t1234567', null],
      ['a scheme-relative URL', '//evil.example/s?token=t1234567', null],
      ['a backslash trick', '/\\evil.example/s?token=t1234567', null],
      ['another scheme', 'http://api.example/s?token=t1234567', null],
    ])('resolves %s', (_, payment_url, statusUrl) => {
      const notes: string[] = []
      const over = { requestTarget: '/v1/joke?x=/', onNote: (note: string) => void notes.push(note) }
      expect(parsed(withL402({ payment_url, status_token: 't1234567' }), over)).toMatchObject({ statusUrl })
      expect(notes).toHaveLength(statusUrl === null ? 1 : 0)
      expect(notes.join()).not.toContain('t1234567')
    })

    it('adds the status token where the URL lacks it', () => {
      const body = (payment_url: string) => withL402({ payment_url, status_token: 't1234567' })
      expect(parsed(body('/s'))).toMatchObject({ statusUrl: '/s?token=t1234567' })
      expect(parsed(body('/s?a=1#top'))).toMatchObject({ statusUrl: '/s?a=1&token=t1234567' })
    })

    it('reads no JSON where there is none', () => {
      const plain = { scheme: 'L402', statusUrl: null, claimed: { paymentHash: null, amountMsat: null } }
      expect(parsed(bytes('payment required'), { contentType: 'text/plain' })).toMatchObject(plain)
      expect(parsed(bytes('{"l402":'))).toMatchObject(plain)
      expect(parsed(bytes('[1]'))).toMatchObject(plain)
      expect(parsed(bytes('null'))).toMatchObject(plain)
      expect(parsed(Uint8Array.of(0x7b, 0xff, 0x7d))).toMatchObject(plain)
      expect(parsed(withL402({ macaroon: 'AAAAAAAAAAAA' }), { contentType: 'text/html' })).toMatchObject(plain)
      expect(parsed(bytes(`{"a":"${'x'.repeat(300_000)}"}`))).toMatchObject(plain)
    })

    it('is not fooled by keys of the language', () => {
      expect(parsed(bytes('{"__proto__":{"macaroon":"AAAAAAAAAAAA"},"constructor":1}'))).toMatchObject({ token: TOKEN })
    })

    it('completes no header that declines Lightning', () => {
      const headers = [`L402 macaroon="${TOKEN}", invoice=""`]
      expect(parseChallenge(required({ headers, body: withL402({}) }))).toHaveProperty('malformed')
    })
  })
})
