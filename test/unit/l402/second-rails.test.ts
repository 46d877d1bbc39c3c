/** Are the challenges of Payment and x402 read to the letter, and answered with all that they said? */
import { describe, expect, it } from 'vitest'
import { isMalformed, type Preimage, type TokenSuffix } from '../../../src/core/identifiers.js'
import type { Challenge } from '../../../src/core/job.js'
import { parseChallenge, type PaymentRequired } from '../../../src/l402/challenge.js'
import {
  committedHash,
  credentialExpiry,
  isReusable,
  parseAuthorization,
  presentCredential,
  withoutCredential,
} from '../../../src/l402/credential.js'
import { craftInvoice, CRAFTED_HASH, CRAFTED_PAYEE, CRAFTED_PREIMAGE } from '../../support/craft-invoice.js'
import { craftToken } from '../../support/craft-token.js'

const INVOICE = craftInvoice()
const KEY = { kind: 'preimage', value: CRAFTED_PREIMAGE as Preimage } as const
const L402 = `L402 macaroon="${craftToken({ paymentHash: CRAFTED_HASH })}", invoice="${INVOICE}"`

const required = (over: Partial<PaymentRequired>): PaymentRequired => ({
  ...{ headers: [], body: new Uint8Array(), contentType: null, requestTarget: '/joke' },
  sameOriginTarget: () => null,
  ...over,
})
const parsed = (...headers: string[]) => parseChallenge(required({ headers }))
const charged = (value: ReturnType<typeof parseChallenge>): Challenge => {
  if (isMalformed(value) || 'schemes' in value) throw new Error(JSON.stringify(value))
  return value
}

const DETAILS = { invoice: INVOICE, network: 'regtest', paymentHash: CRAFTED_HASH }
const REQUEST = { amount: '21', currency: 'sat', methodDetails: DETAILS }
const PARAMS = {
  ...{ id: 'a-b_c', realm: 'demo "x"', method: 'lightning', intent: 'charge' },
  ...{ expires: '2030-01-01T00:00:00Z', digest: 'sha-256=:abc:', opaque: 'é' },
}
function paymentHeader(over: Record<string, string> = {}, request: unknown = REQUEST): string {
  const coded = Buffer.from(typeof request === 'string' ? request : JSON.stringify(request)).toString('base64url')
  const params = Object.entries({ ...PARAMS, request: coded, ...over })
  return `Payment ${params.map(([name, value]) => `${name}="${value.replaceAll('"', '\\"')}"`).join(', ')}`
}

describe('Payment', () => {
  it('is read with what must equal its invoice', () => {
    expect(parsed(paymentHeader())).toMatchObject({
      ...{ scheme: 'Payment', bolt11: INVOICE, statusUrl: null, offersExactPrice: false, callPriceMsat: null },
      claimed: { paymentHash: CRAFTED_HASH, amountMsat: 21_000 },
    })
  })

  it('is answered with every parameter unchanged, in canonical JSON, and the preimage', () => {
    const { scheme, token } = charged(parsed(paymentHeader()))
    const { authorization, credentialHeader } = presentCredential(scheme, token, KEY)
    expect(credentialHeader).toBeUndefined()
    expect(authorization).toMatch(/^Payment [A-Za-z0-9_-]+$/)
    const text = Buffer.from(authorization.slice(8), 'base64url').toString()
    const said = JSON.parse(text) as { challenge: Record<string, string>; payload: object }
    expect(said.payload).toEqual({ preimage: CRAFTED_PREIMAGE })
    expect(said.challenge).toEqual({ ...PARAMS, request: Buffer.from(JSON.stringify(REQUEST)).toString('base64url') })
    expect(Object.keys(said.challenge)).toEqual(Object.keys(said.challenge).sort())
    expect(text).not.toMatch(/\s"/)
  })

  it('ends when it says, is used once, and commits to nothing that a macaroon would', () => {
    const { scheme, token } = charged(parsed(paymentHeader()))
    expect(credentialExpiry(scheme, token)).toBe(Date.parse(PARAMS.expires))
    expect(isReusable(scheme)).toBe(false)
    expect(committedHash(scheme, token)).toBeNull()
  })

  it.each([
    ['another amount of the wrong form', {}, { ...REQUEST, amount: 21 }],
    ['an amount with a fraction', {}, { ...REQUEST, amount: '21.5' }],
    ['a negative amount', {}, { ...REQUEST, amount: '-21' }],
    ['another currency', {}, { ...REQUEST, currency: 'usd' }],
    ['no invoice', {}, { ...REQUEST, methodDetails: {} }],
    ['another network', {}, { ...REQUEST, methodDetails: { ...DETAILS, network: 'mainnet' } }],
    ['a network of no such name', {}, { ...REQUEST, methodDetails: { ...DETAILS, network: 'constructor' } }],
    ['a hash that is none', {}, { ...REQUEST, methodDetails: { ...DETAILS, paymentHash: 'ab' } }],
    ['a request that is no JSON', {}, 'hello'],
    ['a request that is a list', {}, '[]'],
    ['no id', { id: '' }, REQUEST],
    ['an expiry that is none', { expires: 'tomorrow' }, REQUEST],
    ['far too much', { opaque: 'x'.repeat(6_000) }, REQUEST],
  ])('is refused with %s', (_name, over, request) => {
    expect(parsed(paymentHeader(over, request))).toHaveProperty('malformed')
  })

  it('is refused with one parameter twice', () => {
    expect(parsed(`${paymentHeader()}, id="other"`)).toHaveProperty('malformed')
  })

  it.each([{ intent: 'session' }, { method: 'tempo' }])('of %j is left aside, and named', (over) => {
    expect(parsed(paymentHeader(over))).toEqual({ schemes: ['Payment'] })
    expect(parsed(paymentHeader(over), paymentHeader())).toMatchObject({ scheme: 'Payment' })
  })

  it('gives way to L402, unless the operator wants it', () => {
    const headers = [paymentHeader(), L402]
    expect(parsed(...headers)).toMatchObject({ scheme: 'L402' })
    expect(parseChallenge(required({ headers, scheme: 'payment' }))).toMatchObject({ scheme: 'Payment' })
    expect(parseChallenge(required({ headers: [paymentHeader()], scheme: 'l402' }))).toEqual({ schemes: ['Payment'] })
    expect(parseChallenge(required({ headers: [L402], scheme: 'payment' }))).toEqual({ schemes: ['L402'] })
  })

  it('is never taken in place of an L402 that contradicts itself', () => {
    expect(parsed(`${L402}, invoice="${craftInvoice({ hrp: 'lnbcrt1u' })}"`, paymentHeader())).toHaveProperty(
      'malformed',
    )
  })

  it('is compared with what the body says of it, and with nothing else of the body', () => {
    const body = (charge: object) =>
      Buffer.from(JSON.stringify({ l402: { invoice: '', payment_hash: 'ff'.repeat(32) }, ietf_payment: charge }))
    const of = (charge: object) => parseChallenge(required({ headers: [paymentHeader()], body: body(charge) }))
    expect(of({ payment_hash: CRAFTED_HASH, amount_sats: 21 })).toMatchObject({ scheme: 'Payment' })
    expect(of({ payment_hash: '00'.repeat(32) })).toHaveProperty('malformed')
    expect(of({ amount_sats: 22 })).toHaveProperty('malformed')
  })

  it('is struck out of an answer that repeats it, whole or taken apart', () => {
    const { scheme, token } = charged(parsed(paymentHeader()))
    const { authorization } = presentCredential(scheme, token, KEY)
    const echo = Buffer.from(`${authorization} and ${CRAFTED_PREIMAGE}`)
    const masked = Buffer.from(withoutCredential(echo, authorization)).toString()
    expect(masked).not.toContain(CRAFTED_PREIMAGE)
    expect(masked).not.toContain(authorization.slice(8))
  })
})

describe('x402', () => {
  const ACCEPTED = {
    ...{ scheme: 'exact', network: 'bip122:regtest', amount: '21000', asset: 'BTC', payTo: 'anonymous' },
    ...{ maxTimeoutSeconds: 600, extra: { paymentMethod: 'lightning', invoice: INVOICE } },
  }
  const coded = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64')
  const header = (accepted: unknown = ACCEPTED, over: object = {}) =>
    coded({ x402Version: 2, accepts: [{ scheme: 'exact', network: 'eip155:1' }, accepted], ...over })
  const of = (paymentRequired: string, headers: string[] = []) => parseChallenge(required({ headers, paymentRequired }))

  it('is read from its header, and answered in another with the invoice and no preimage', () => {
    const resource = { url: 'https://a.example/joke' }
    const { scheme, token, bolt11, claimed } = charged(of(header(ACCEPTED, { resource })))
    expect({ scheme, bolt11, claimed }).toEqual({
      ...{ scheme: 'x402', bolt11: INVOICE, claimed: { paymentHash: null, amountMsat: 21_000 } },
    })
    const { authorization, credentialHeader } = presentCredential(scheme, token, KEY)
    expect(credentialHeader).toBe('payment-signature')
    const said = JSON.parse(Buffer.from(authorization, 'base64').toString()) as object
    expect(said).toMatchObject({ x402Version: 2, accepted: ACCEPTED, payload: { invoice: INVOICE }, resource })
    expect(JSON.stringify(said)).not.toContain(CRAFTED_PREIMAGE)
  })

  it('holds the invoice to the node that it names', () => {
    const { claimed } = charged(of(header({ ...ACCEPTED, payTo: CRAFTED_PAYEE })))
    expect(claimed.payee).toBe(CRAFTED_PAYEE)
  })

  it.each([
    ['an amount that is none', { amount: '2.1' }],
    ['another scheme', { scheme: 'upto' }],
    ['no invoice', { extra: { paymentMethod: 'lightning' } }],
    ['another network', { network: 'bip122:000000000019d6689c085ae165831e93' }],
    ['far too much', { extra: { paymentMethod: 'lightning', invoice: INVOICE, more: 'x'.repeat(6_000) } }],
  ])('is refused with %s', (_name, over) => {
    expect(of(header({ ...ACCEPTED, ...over }))).toHaveProperty('malformed')
  })

  it('is left aside, and named, where it takes no Lightning, is of an older version, or is nonsense', () => {
    for (const text of [header({}), header(ACCEPTED, { x402Version: 1 }), 'nonsense', coded([]), '']) {
      expect(of(text)).toEqual({ schemes: ['x402'] })
    }
  })

  it('gives way to every other scheme', () => {
    expect(of(header(), [paymentHeader()])).toMatchObject({ scheme: 'Payment' })
    expect(of(header(), [L402])).toMatchObject({ scheme: 'L402' })
  })

  it('survives what is nested without end', () => {
    const deep = `${'['.repeat(9_000)}${']'.repeat(9_000)}`
    const text = `{"x402Version":2,"accepts":[{"scheme":"exact","network":"n","amount":"1","deep":${deep},"extra":{"paymentMethod":"lightning","invoice":"${INVOICE}"}}]}`
    expect(of(Buffer.from(text).toString('base64'))).toHaveProperty('malformed')
  })
})

describe('a credential that was kept', () => {
  it('is taken apart again, by either kind of key, and nothing else is', () => {
    expect(parseAuthorization(`LSAT tok.en:${CRAFTED_PREIMAGE}`)).toEqual({ scheme: 'LSAT', token: 'tok.en', key: KEY })
    expect(parseAuthorization(`L402 token:${'ab-'.repeat(8)}`)).toEqual({
      ...{ scheme: 'L402', token: 'token', key: { kind: 'suffix', value: 'ab-'.repeat(8) as TokenSuffix } },
    })
    for (const other of ['', 'Payment abc', 'L402 token', 'L402 a:b:c', 'Bearer a:b']) {
      expect(parseAuthorization(other)).toBeNull()
    }
  })
})
