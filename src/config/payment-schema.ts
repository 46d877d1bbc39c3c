/** How may an upstream be paid out of our own wallet? Hold invoices on its payment hash (wrap), or invoices of our own (resell). */
import { z } from 'zod'
import { wholeNumber } from './fields.js'

const MOST_SATS = 100_000_000

export const modeSchema = z
  .enum(['auto', 'passthrough', 'wrap', 'resell'])
  .default('auto')
  .describe(
    "Whose invoice the customer pays: passthrough (the upstream's own), wrap (a hold invoice of ours on its payment hash), resell (one of ours), or auto (the first that can complete; resell only where resell.enabled).",
  )

export const markupSchema = z
  .strictObject({
    msat: wholeNumber(0, MOST_SATS * 1000)
      .default(0)
      .describe('Added to each price, in millisatoshi.'),
    ppm: wholeNumber(0, 1_000_000).default(0).describe('Added to each price, in millionths of it.'),
  })
  .prefault({})
  .describe('What customers pay above the price of the upstream, with wrap and resell; rounded up to a whole sat.')

export const feesSchema = z
  .strictObject({
    ppm: wholeNumber(0, 500_000)
      .default(10_000)
      .describe('Routing fees that a payment to the upstream may cost, in millionths of the price.'),
    minSats: wholeNumber(0, 10_000).default(10).describe('Routing fees that are allowed in any case, in sats.'),
  })
  .prefault({})
  .describe(
    'Routing fees of a payment to the upstream, with wrap and resell: the greater of the two is part of what the customer pays.',
  )

export const wrapSchema = z
  .strictObject({
    settle: z
      .enum(['on-preimage', 'on-result'])
      .default('on-preimage')
      .describe(
        "When the customer's payment is taken: on-preimage (once the upstream is paid), or on-result (after its answer, within maxHoldSeconds).",
      ),
    maxHoldSeconds: wholeNumber(10, 3600)
      .default(300)
      .describe('With on-result, the longest that a payment is held after the upstream was paid, in seconds.'),
    trusted: z
      .boolean()
      .default(false)
      .describe('Whether this upstream may be paid by a wallet that cannot limit how long a payment is under way.'),
    maxUntrustedSats: wholeNumber(0, MOST_SATS)
      .default(1000)
      .describe('The most that such a wallet may pay to an upstream that is not trusted, in sats; 0 for nothing.'),
    maxHolds: wholeNumber(1, 480)
      .default(50)
      .describe('The most hold invoices of this upstream that are open or held at one time.'),
    maxUnderWay: wholeNumber(1, 480)
      .default(50)
      .describe('The most payments to one node that may be under way at one time; further ones wait.'),
    maxExpirySeconds: wholeNumber(30, 86_400)
      .default(600)
      .describe('The longest time to pay that a hold invoice leaves, in seconds.'),
    bufferSeconds: wholeNumber(30, 86_400)
      .default(120)
      .describe("How long before the upstream's invoice a hold invoice must expire, in seconds."),
    marginBlocks: wholeNumber(40, 500)
      .default(80)
      .describe("Blocks that must be left between the latest end of our payment and the deadline of the customer's."),
    maxDelayBlocks: wholeNumber(100, 2000)
      .default(1000)
      .describe("The most blocks that a customer's payment is asked to wait; an upstream that needs more is refused."),
  })
  .prefault({})
  .describe('Hold invoices on the payment hash of the upstream.')

export const resellSchema = z
  .strictObject({
    enabled: z
      .boolean()
      .default(false)
      .describe(
        'Whether the money of customers may be held for moments: our own invoice first, then the upstream is paid.',
      ),
    maxSats: wholeNumber(1, MOST_SATS).default(1000).describe('The most that one job may cost us, in sats.'),
    windowHours: wholeNumber(1, 720).default(24).describe('Length of the rolling window of maxWindowSats, in hours.'),
    maxWindowSats: wholeNumber(1, MOST_SATS)
      .default(10_000)
      .describe(
        'The most that is paid to this upstream within the rolling window, in sats; fees of refunds may be a tenth of it besides.',
      ),
    maxLiabilitySats: wholeNumber(1, MOST_SATS)
      .default(10_000)
      .describe("The most of customers' money that may be open at one time, what is owed included, in sats."),
    bufferSeconds: wholeNumber(30, 86_400)
      .default(120)
      .describe("How long before the upstream's invoice ours must expire, in seconds."),
    zaps: z
      .boolean()
      .default(false)
      .describe('Whether a zap (NIP-57) to announce.lud16 counts as payment of a job; the wallet must receive it.'),
  })
  .prefault({})
  .describe('Invoices of our own: off unless enabled.')
