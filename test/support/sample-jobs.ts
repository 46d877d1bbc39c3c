/** What does a job look like in each state? One sample per state, for tests that do not care how it got there. */
import {
  NO_CALLS,
  type Delivery,
  type Job,
  type JobIn,
  type JobOutput,
  type JobState,
  type Hold,
  type Offer,
  type Purchase,
  type Refund,
  type Spending,
} from '../../src/core/job.js'
import type { EventId, PaymentHash, Preimage, Pubkey } from '../../src/core/identifiers.js'
import type { Msat } from '../../src/core/money.js'

export const sampleOutput: JobOutput = {
  content: '{"ok":true}',
  encoding: 'text',
  contentType: 'application/json',
  httpStatus: 200,
}

export const sampleOffer: Offer = {
  scheme: 'L402',
  bolt11: 'lnbcrt210n1sample',
  paymentHash: '66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925' as PaymentHash,
  amountMsat: 21_000 as Msat,
  payee: '02'.padEnd(66, 'a'),
  expiresAt: 3_600_000,
  issuedAt: 1_000,
  offeredAt: 1_000,
  sources: ['merchantWallet'],
}

/** The upstream's invoice behind an invoice of our own. */
export const samplePurchase: Purchase = {
  mode: 'wrap',
  wallet: 'purse',
  bolt11: 'lnbcrt100n1upstream',
  paymentHash: sampleOffer.paymentHash,
  amountMsat: 10_000 as Msat,
  payee: '03'.padEnd(66, 'b'),
  expiresAt: 7_200_000,
  minFinalCltv: 18,
  maxFeeMsat: 10_000 as Msat,
  marginBlocks: 80,
  settle: 'on-preimage',
  maxHoldMs: 300_000,
}
export const sampleHold: Hold = { amountMsat: 21_000 as Msat, settleDeadline: 1_000, blockHeight: 800 }
const spending: Spending = { attempt: { run: 'run-1' }, at: 2_000, sawPending: false, notFoundSince: null }
const refund: Refund = {
  amountMsat: 21_000 as Msat,
  bolt11: null,
  paymentHash: null,
  spending: null,
  tries: 0,
  retryAt: 0,
  spent: null,
}

const PREIMAGE = '00'.repeat(32) as Preimage

export const sampleDelivery = (purpose: Delivery['purpose']): Delivery => ({
  eventId: 'd'.repeat(64) as EventId,
  purpose,
  event: '{"kind":7000}',
  notAfter: null,
  relays: { 'ws://relay.test/': 'pending' },
  counted: ['ws://relay.test/'],
})

const facts = {
  id: 'a'.repeat(64) as EventId,
  kind: 5800,
  customer: 'c'.repeat(64) as Pubkey,
  version: 3,
  receivedAt: 1,
  updatedAt: 2,
  request: '{"kind":5800,"tags":[]}',
  bidMsat: null,
  replyRelays: [],
  heardOn: 'ws://relay.test/',
  proofPromised: false,
  outbox: [],
  call: { upstream: 'api', route: 'joke', method: 'GET', target: '/joke', headers: {}, body: null },
}
const unpaidSecrets = { token: 'token-of-the-sample', statusUrl: null }
const offered = { ...facts, offer: sampleOffer, secrets: unpaidSecrets }
const paid = {
  ...offered,
  secrets: { ...unpaidSecrets, key: { kind: 'preimage', value: PREIMAGE } as const },
  payment: { source: 'merchantWallet', at: 2_000 } as const,
}
const bought = { ...sampleOffer, sources: ['holdInvoice'] as const, purchase: samplePurchase }
const funded = { ...offered, offer: bought, payment: { source: 'holdInvoice', at: 2_000 } as const, spending }
const held = { ...paid, offer: bought, hold: sampleHold, spent: { at: 2_500, feesMsat: 12 as Msat } }
const unpayable = { code: 'upstream-unpayable', detail: null, httpStatus: null } as const
const failure = { code: 'upstream-failed', detail: null, httpStatus: null } as const
const calls = { ...NO_CALLS, attempt: { run: 'run-1' }, tries: 1 }

const SAMPLES: { readonly [S in JobState]: JobIn<S> } = {
  gathering: { ...facts, state: 'gathering', call: null },
  quoting: { ...facts, state: 'quoting', calls },
  invoicing: {
    ...facts,
    state: 'invoicing',
    challenge: {
      scheme: 'L402',
      token: 'token-of-the-sample',
      bolt11: sampleOffer.bolt11,
      statusUrl: null,
      callPriceMsat: null,
      offersExactPrice: false,
      claimed: { paymentHash: null, amountMsat: null },
    },
  },
  offering: { ...offered, state: 'offering' },
  awaiting: { ...offered, state: 'awaiting', outbox: [sampleDelivery('offer')] },
  paying: { ...funded, hold: sampleHold, state: 'paying' },
  tracking: { ...funded, hold: sampleHold, state: 'tracking' },
  settling: { ...held, state: 'settling', then: { type: 'fetch', calls: NO_CALLS } },
  cancelling: { ...funded, hold: sampleHold, state: 'cancelling', failure: unpayable },
  refunding: { ...funded, state: 'refunding', failure: unpayable, refund },
  refunded: { ...funded, hold: sampleHold, state: 'refunded', failure: unpayable, returned: true },
  fetching: { ...paid, state: 'fetching', calls },
  publishing: { ...paid, state: 'publishing', output: sampleOutput },
  failing: { ...facts, state: 'failing', failure },
  completed: { ...paid, state: 'completed' },
  rejected: { ...facts, state: 'rejected', failure },
  expired: { ...offered, state: 'expired' },
  cancelled: { ...offered, state: 'cancelled' },
  failed: { ...paid, state: 'failed', failure },
}

/** As `jobIn`, with an invoice of our own in the place of the upstream's. */
export const boughtJobIn = (state: 'offering' | 'awaiting' | 'expired' | 'cancelled'): Job =>
  structuredClone({ ...offered, offer: bought, state })

/** On-result: the upstream is paid, and the customer's payment still held. */
export const heldFetching = (): JobIn<'fetching'> =>
  structuredClone({
    ...held,
    offer: { ...bought, purchase: { ...samplePurchase, settle: 'on-result' } },
    state: 'fetching',
    calls,
  })

/** A fresh copy, with nothing shared between tests. */
export const jobIn = <S extends JobState>(state: S): JobIn<S> => structuredClone(SAMPLES[state])

export const paidJobIn = (state: 'failing'): Job => structuredClone({ ...paid, state, failure })
