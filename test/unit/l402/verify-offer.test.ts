import { describe, expect, it } from 'vitest'
import { isRejection } from '../../../src/core/errors.js'
import { isMalformed, type PaymentHash } from '../../../src/core/identifiers.js'
import type { Challenge } from '../../../src/core/job.js'
import type { Msat } from '../../../src/core/money.js'
import { decodeInvoice, type Invoice } from '../../../src/l402/invoice.js'
import { verifyOffer, type OfferToVerify } from '../../../src/l402/verify-offer.js'
import { craftInvoice, CRAFTED_AT, CRAFTED_HASH, CRAFTED_PAYEE } from '../../support/craft-invoice.js'
import { craftToken } from '../../support/craft-token.js'

const msat = (amount: number): Msat => amount as Msat
const NOW = CRAFTED_AT * 1000
const MINUTE = 60_000
const BOLT11 = craftInvoice()

const invoiceOf = (bolt11: string): Invoice => {
  const invoice = decodeInvoice(bolt11)
  if (isMalformed(invoice)) throw new Error(invoice.malformed)
  return invoice
}
const CHALLENGE: Challenge = {
  scheme: 'L402',
  token: craftToken({ paymentHash: CRAFTED_HASH }),
  bolt11: BOLT11,
  statusUrl: null,
  callPriceMsat: null,
  offersExactPrice: false,
  claimed: { paymentHash: CRAFTED_HASH as PaymentHash, amountMsat: msat(21_000) },
}
const GOOD: OfferToVerify = {
  challenge: CHALLENGE,
  invoice: invoiceOf(BOLT11),
  now: NOW,
  network: 'regtest',
  bidMsat: null,
  capMsat: msat(100_000),
  minMsat: msat(0),
  pinnedPayee: null,
  paymentWindowMs: 2 * MINUTE,
}
const challenge = (over: Partial<Challenge>): Partial<OfferToVerify> => ({ challenge: { ...CHALLENGE, ...over } })
const invoice = (over: Partial<Invoice>): Partial<OfferToVerify> => ({ invoice: { ...GOOD.invoice, ...over } })
const silent = challenge({ claimed: { paymentHash: null, amountMsat: null } })
const withCaveat = (caveat: string) =>
  challenge({ token: craftToken({ paymentHash: CRAFTED_HASH, caveats: [caveat] }) })

describe('verifyOffer', () => {
  it.each<[about: string, over: Partial<OfferToVerify>]>([
    ['everything agrees', {}],
    ['the token is no macaroon and so commits to nothing', challenge({ token: 'some.other.token' })],
    ['the body says nothing', silent],
    ['the payee is the pinned one', { pinnedPayee: CRAFTED_PAYEE.toUpperCase() }],
    [
      'the price is exactly bid, cap and minimum',
      { bidMsat: msat(21_000), capMsat: msat(21_000), minMsat: msat(21_000) },
    ],
    ['just enough time is left', { now: NOW + 58 * MINUTE }],
    ['the clock of the node runs five minutes ahead', { now: NOW - 5 * MINUTE }],
    ['the token lives as long as the window', withCaveat(`expires = ${new Date(NOW + 2 * MINUTE).toISOString()}`)],
  ])('accepts an offer where %s', (_, over) => {
    expect(verifyOffer({ ...GOOD, ...over })).toMatchObject({ amountMsat: 21_000, paymentHash: CRAFTED_HASH })
  })

  it.each<[about: string, over: Partial<OfferToVerify>, code: string]>([
    ['no amount', invoice({ amountMsat: null }), 'invoice-invalid'],
    ['an amount of nothing', { ...invoice({ amountMsat: msat(0) }), ...silent }, 'invoice-invalid'],
    ['another network', { network: 'mainnet' }, 'invoice-invalid'],
    ['signet for testnet', { ...invoice({ network: 'signet' }), network: 'testnet' }, 'invoice-invalid'],
    ['too little time left', { now: NOW + 58 * MINUTE + 1 }, 'invoice-invalid'],
    ['no time left', { now: NOW + 61 * MINUTE }, 'invoice-invalid'],
    ['a date in the future', { now: NOW - 5 * MINUTE - 1 }, 'invoice-invalid'],
    ['another payee than the pinned one', { pinnedPayee: `02${'00'.repeat(32)}` }, 'invoice-invalid'],
    [
      'a token for another invoice',
      challenge({ token: craftToken({ paymentHash: '00'.repeat(32) }) }),
      'challenge-invalid',
    ],
    ['a token that cannot be sent', challenge({ token: 'x\n' }), 'challenge-invalid'],
    [
      'a body that names another hash',
      challenge({ claimed: { paymentHash: '00'.repeat(32) as PaymentHash, amountMsat: null } }),
      'challenge-invalid',
    ],
    [
      'a body that names a smaller amount',
      challenge({ claimed: { paymentHash: null, amountMsat: msat(1_000) } }),
      'challenge-invalid',
    ],
    [
      'a token that ends before it can be paid',
      withCaveat(`expires = ${new Date(NOW + MINUTE).toISOString()}`),
      'challenge-invalid',
    ],
    ['an Aperture token that has ended', withCaveat(`api_valid_until=${CRAFTED_AT - 1}`), 'challenge-invalid'],
    ['a price below the minimum', { minMsat: msat(21_001) }, 'invoice-invalid'],
    ['a price above the cap', { capMsat: msat(20_999) }, 'price-exceeds-cap'],
    ['a price above the bid', { bidMsat: msat(20_999) }, 'price-exceeds-bid'],
    ['a price above a bid of nothing', { bidMsat: msat(0) }, 'price-exceeds-bid'],
    ['a price above both', { bidMsat: msat(1), capMsat: msat(1) }, 'price-exceeds-cap'],
  ])('refuses %s', (_, over, code) => {
    const result = verifyOffer({ ...GOOD, ...over })
    expect(isRejection(result) && result.rejected).toBe(code)
    expect(JSON.stringify(result)).not.toContain(CHALLENGE.token)
  })
})
