/** Is each rule of the offer kept to the msat and to the millisecond? */
import { describe, expect, it } from 'vitest'
import { malformed, type EventId, type PaymentHash, type Pubkey } from '../../../src/core/identifiers.js'
import type { Msat } from '../../../src/core/money.js'
import { checkOffer, OFFER_REFUSALS, type OfferedInvoice, type OfferRules } from '../../../src/customer/offer.js'
import type { JobFeedback } from '../../../src/nostr/kinds/job-feedback.js'

const NOW = 1_800_000_000_000
const msat = (amount: number): Msat => amount as Msat

const invoice: OfferedInvoice = {
  network: 'mainnet',
  amountMsat: msat(21_000),
  paymentHash: 'aa'.repeat(32) as PaymentHash,
  expiresAt: NOW + 60_000,
}
const feedback: JobFeedback = {
  provider: 'bb'.repeat(32) as Pubkey,
  jobId: 'cc'.repeat(32) as EventId,
  createdAt: NOW / 1000,
  status: 'payment-required',
  detail: null,
  message: null,
  amountMsat: msat(21_000),
  bolt11: 'lnbc1',
  encrypted: false,
  content: '',
}
const check = (
  changed: { rules?: Partial<OfferRules>; invoice?: Partial<OfferedInvoice>; feedback?: Partial<JobFeedback> } = {},
) =>
  checkOffer(
    { ...feedback, ...changed.feedback },
    {
      network: 'mainnet',
      bidMsat: null,
      maxMsat: null,
      decodeInvoice: () => ({ ...invoice, ...changed.invoice }),
      ...changed.rules,
    },
    NOW,
  )

describe('an offer is payable', () => {
  it.each([
    ['without limits', {}],
    ['at the bid', { rules: { bidMsat: msat(21_000) } }],
    ['at the maximum', { rules: { maxMsat: msat(21_000) } }],
    ['a millisecond before it expires', { invoice: { expiresAt: NOW + 1 } }],
  ])('%s', (_, changed) => {
    expect(check(changed)).toMatchObject({ bolt11: 'lnbc1', amountMsat: 21_000, paymentHash: invoice.paymentHash })
  })
})

describe('an offer is refused', () => {
  it.each([
    ['above-bid', { rules: { bidMsat: msat(20_999) } }],
    ['above-max', { rules: { maxMsat: msat(20_999) } }],
    ['above-max', { rules: { maxMsat: msat(20_999), bidMsat: msat(99_000) } }],
    ['above-bid', { rules: { bidMsat: msat(20_999), maxMsat: msat(99_000) } }],
    ['amount-differs', { invoice: { amountMsat: msat(21_001) } }],
    ['amount-differs', { feedback: { amountMsat: null } }],
    ['amount-missing', { invoice: { amountMsat: null } }],
    ['amount-missing', { invoice: { amountMsat: msat(0) }, feedback: { amountMsat: msat(0) } }],
    ['wrong-network', { invoice: { network: 'signet' as const } }],
    ['wrong-network', { rules: { network: 'regtest' as const } }],
    ['invoice-expired', { invoice: { expiresAt: NOW } }],
    ['invoice-invalid', { rules: { decodeInvoice: () => malformed('the checksum does not hold') } }],
    ['no-invoice', { feedback: { bolt11: null } }],
    ['no-invoice', { feedback: { bolt11: '' } }],
  ])('%s', (code, changed) => {
    const refusal = check(changed)
    expect(refusal).toMatchObject({ refused: code })
    const { message } = refusal as { message: string }
    expect(message).toContain(OFFER_REFUSALS[code as keyof typeof OFFER_REFUSALS])
  })
})
