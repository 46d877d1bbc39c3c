/** tracking: a payment was started and its fate is unknown. Look; never pay. */
import { rejection } from '../core/errors.js'
import { isMalformed, type Millis } from '../core/identifiers.js'
import type { Spending, Tracking } from '../core/job.js'
import type { Fact } from '../core/fact.js'
import { isPreimageOf } from '../l402/credential.js'
import { decodeInvoice } from '../l402/invoice.js'
import type { Purse } from '../settlement/purse.js'
import { pauseUntil, type Pause, type Step, type StepContext } from './context.js'

const FIRST_LOOK_MS: Millis = 500
const LAST_LOOK_MS: Millis = 60_000
/** Beyond its expiry no node starts to pay an invoice; clocks differ. */
const EXPIRY_GRACE_MS: Millis = 10 * 60_000
/** Two look-ups that agree must lie so far apart. */
const APART_MS: Millis = 60_000
/** Where no block height tells how near the end of the hold is: after so long it counts as near. */
const LONG_MS: Millis = 6 * 3_600_000

export const tracking: Step<'tracking'> = async (context, job) => {
  const purse = context.purses.get(job.offer.purchase.wallet)
  const now = context.clock.now()
  if (!purse) {
    alarm(context, job, 'the wallet of a payment under way is not configured')
    return pauseUntil(now + LAST_LOOK_MS)
  }
  const { paymentHash } = job.offer.purchase
  const seen = await purse.wallet.lookupPayment(paymentHash)
  const { sawPending, notFoundSince } = job.spending
  switch (seen.state) {
    case 'settled': {
      const { preimage, feesMsat } = seen
      if (!isPreimageOf(preimage, paymentHash)) throw new TypeError('the preimage of a payment does not fit')
      return { type: 'paid', preimage, feesMsat, attempt: { run: context.run } }
    }
    case 'failed':
      return { type: 'payRefused', rejection: rejection('upstream-unpayable', 'the payment has failed') }
    case 'pending':
      if (!sawPending) return { type: 'tracked', sawPending: true, notFoundSince: null }
      return again(context, job, purse)
    case 'not_found':
      // ORDER: not_found proves nothing while the payment may still start or be in flight: the invoice must be past its expiry by a
      // grace, no look-up may ever have said pending, and two look-ups apart in time must agree.
      if (notFoundSince === null && !sawPending) return { type: 'tracked', sawPending, notFoundSince: now }
      if (canNoLongerBePaid(job, now)) {
        return { type: 'payRefused', rejection: rejection('upstream-unpayable', 'the payment was never begun') }
      }
      return again(context, job, purse)
  }
}

function canNoLongerBePaid({ offer, spending }: Tracking, now: Millis): boolean {
  const { sawPending, notFoundSince } = spending
  if (sawPending || notFoundSince === null || now - notFoundSince < APART_MS) return false
  // The invoice's own word: what was offered may have ended sooner, with the token.
  const invoice = decodeInvoice(offer.purchase.bolt11)
  return !isMalformed(invoice) && now > Math.max(invoice.expiresAt, offer.purchase.expiresAt) + EXPIRY_GRACE_MS
}

/** Ever more seldom: a payment that does not end soon may take hours. */
async function again(context: StepContext, job: Tracking, purse: Purse): Promise<Fact | Pause> {
  const { clock, exposure } = context
  const age = clock.now() - job.spending.at
  if (age > EXPIRY_GRACE_MS) alarm(context, job, 'a payment is still under way')
  if (age > LAST_LOOK_MS && (await nearsItsEnd(job, purse, age))) {
    exposure.endanger(job)
    alarm(context, job, 'the hold behind a payment under way nears its deadline', endAlarms)
  }
  return pauseUntil(clock.now() + Math.min(LAST_LOOK_MS, Math.max(FIRST_LOOK_MS, age / 4)))
}

async function nearsItsEnd({ hold, offer }: Tracking, purse: Purse, age: Millis): Promise<boolean> {
  if (!hold) return false
  const { blockHeight } = await purse.info().catch(() => ({ blockHeight: null }))
  if (hold.settleDeadline === null || blockHeight === null) return age > LONG_MS
  return hold.settleDeadline - blockHeight <= offer.purchase.marginBlocks
}

/** Said once for each payment: its look-ups go on for hours. */
const alarms = new WeakSet<Spending>()
const endAlarms = new WeakSet<Spending>()

function alarm({ clock, log }: StepContext, job: Tracking, event: string, said = alarms): void {
  if (said.has(job.spending)) return
  said.add(job.spending)
  const { amountMsat } = job.offer.purchase
  log.error({ job: job.id, amountMsat, minutes: Math.floor((clock.now() - job.spending.at) / 60_000) }, event)
}
