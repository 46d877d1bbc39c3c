/** tracking: a payment was started and its fate is unknown. Look; never pay. */
import { rejection } from '../core/errors.js'
import type { Millis } from '../core/identifiers.js'
import type { Tracking } from '../core/job.js'
import { pauseUntil, type Step, type StepContext } from './context.js'

const FIRST_LOOK_MS = 500
const LAST_LOOK_MS = 60_000
/** Beyond its expiry no node starts to pay an invoice; clocks differ. */
const EXPIRY_GRACE_MS = 10 * 60_000
/** Two look-ups that agree must lie so far apart. */
const APART_MS = 60_000

export const tracking: Step<'tracking'> = async (context, job) => {
  const purse = context.purses.get(job.offer.purchase.wallet)
  const now = context.clock.now()
  if (!purse) return pauseUntil(now + LAST_LOOK_MS)
  const seen = await purse.wallet.lookupPayment(job.offer.purchase.paymentHash)
  const { sawPending, notFoundSince } = job.spending
  switch (seen.state) {
    case 'settled': {
      const { preimage, feesMsat } = seen
      return { type: 'paid', preimage, feesMsat, attempt: { run: context.run } }
    }
    case 'failed':
      return { type: 'payRefused', rejection: rejection('upstream-unpayable', 'the payment has failed') }
    case 'pending':
      if (!sawPending) return { type: 'tracked', sawPending: true, notFoundSince: null }
      return again(context, job, now)
    case 'not_found':
      // ORDER: not_found proves nothing while the payment may still start or be in flight: the invoice must be past its expiry by a
      // grace, no look-up may ever have said pending, and two look-ups apart in time must agree.
      if (notFoundSince === null && !sawPending) return { type: 'tracked', sawPending, notFoundSince: now }
      if (canNoLongerBePaid(job, now)) {
        return { type: 'payRefused', rejection: rejection('upstream-unpayable', 'the payment was never begun') }
      }
      return again(context, job, now)
  }
}

function canNoLongerBePaid({ offer, spending }: Tracking, now: Millis): boolean {
  const { sawPending, notFoundSince } = spending
  if (sawPending || notFoundSince === null || now - notFoundSince < APART_MS) return false
  return now > offer.purchase.expiresAt + EXPIRY_GRACE_MS
}

/** Ever more seldom: a payment that does not end soon may take hours. */
function again({ log }: StepContext, job: Tracking, now: Millis) {
  const age = now - job.spending.at
  if (age > EXPIRY_GRACE_MS)
    log.error({ job: job.id, minutes: Math.floor(age / 60_000) }, 'a payment is still under way')
  return pauseUntil(now + Math.min(LAST_LOOK_MS, Math.max(FIRST_LOOK_MS, age / 4)))
}
