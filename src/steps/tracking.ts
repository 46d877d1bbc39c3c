/** tracking: a payment was started and its fate is unknown. Look; never pay, and give nothing back until it has proved to have failed. */
import { rejection } from '../core/errors.js'
import { isMalformed, type Millis } from '../core/identifiers.js'
import type { Spending, Tracking } from '../core/job.js'
import type { Fact } from '../core/fact.js'
import { isPreimageOf } from '../l402/credential.js'
import { decodeInvoice } from '../l402/invoice.js'
import { EXPIRY_GRACE_MS, fateOf, LAST_LOOK_MS, nextLookAt } from '../settlement/payment-fate.js'
import type { Purse } from '../settlement/purse.js'
import { pauseUntil, type Pause, type Step, type StepContext } from './context.js'

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
  const fate = fateOf(seen, job.spending, { now, expiresAt: lastMomentOf(job) })
  switch (fate.state) {
    case 'settled': {
      const { preimage, feesMsat } = fate
      if (!isPreimageOf(preimage, paymentHash)) throw new TypeError('the preimage of a payment does not fit')
      return { type: 'paid', preimage, feesMsat, attempt: { run: context.run } }
    }
    case 'failed':
      return { type: 'payRefused', rejection: rejection('upstream-unpayable', fate.why) }
    case 'noted':
      return { type: 'tracked', sawPending: fate.sawPending, notFoundSince: fate.notFoundSince }
    case 'open':
      return again(context, job, purse)
  }
}

/** Until then somebody may begin to pay it: the invoice's own word, since what was offered may have ended sooner, with the token. */
function lastMomentOf({ offer: { purchase } }: Tracking): Millis {
  const invoice = decodeInvoice(purchase.bolt11)
  return isMalformed(invoice) ? purchase.expiresAt : Math.max(invoice.expiresAt, purchase.expiresAt)
}

async function again(context: StepContext, job: Tracking, purse: Purse): Promise<Fact | Pause> {
  const now = context.clock.now()
  const age = now - job.spending.at
  if (age > EXPIRY_GRACE_MS) alarm(context, job, 'a payment is still under way')
  if (age > LAST_LOOK_MS && (await nearsItsEnd(job, purse, age))) {
    context.exposure.endanger(job)
    alarm(context, job, 'the hold behind a payment under way nears its deadline', endAlarms)
  }
  return pauseUntil(nextLookAt(job.spending, now))
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
