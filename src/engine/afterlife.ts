/** What is left to do for a closed job? It delivers what it signed; a late payment revives it; then it goes to the archive. */
import { isSettledDelivery } from '../core/delivery.js'
import type { Millis } from '../core/identifiers.js'
import { isLate, isOwed, isPaid, type ClosedJob, type CalledOff, type Failed, type Late } from '../core/job.js'
import { isLost } from '../core/ledger.js'
import type { Fact } from '../core/transition.js'
import { PAUSE, pauseUntil, type Pause, type StepContext } from '../steps/context.js'
import { reworked } from '../steps/delivery.js'
import { settledFact } from '../steps/settled.js'
import { SECOND_PAYMENT_GRACE_MS } from '../settlement/second-payment.js'
import { targetOf } from '../settlement/watch.js'
import type { LateJobs } from './late-jobs.js'

export interface Afterlife {
  /** How long after its expiry an invoice is swept for a late payment. */
  readonly lateMs: Millis
  /** How long after it a payment proof revives the job. */
  readonly reviveMs: Millis
  /** Bounds how many wait for either. Default: all may. */
  readonly late?: LateJobs
}

/** Continues the deliveries of a closed job. A fact where its invoice turns out to be paid, or lapses. */
export function lookAfter(
  context: StepContext,
  job: ClosedJob,
  afterlife: Afterlife,
): Fact | Pause | Promise<Fact | Pause> {
  for (const delivery of job.outbox) context.send(job, delivery)
  if (job.state === 'failed') return handOver(context, job)
  if (!isLate(job)) return context.clock.now() < paidAgainUntil(job) ? pauseUntil(paidAgainUntil(job)) : PAUSE
  return job.state === 'cancelled' && !job.lapsed
    ? lookForPayment(context, job)
    : lookForLatePayment(context, job, afterlife)
}

/** A job that a zap has paid for stays in sight while its invoice may be paid besides. */
function paidAgainUntil(job: ClosedJob): Millis {
  if (!isPaid(job) || job.payment.source !== 'zap') return 0
  return job.offer.expiresAt + SECOND_PAYMENT_GRACE_MS
}

/** The credential is owed to whoever paid: where relays ask for work, it is signed anew with it. */
function handOver(context: StepContext, job: Failed): Pause | Promise<Fact | Pause> {
  const unworked = job.outbox.find(
    (delivery) => delivery.purpose === 'error' && context.standing(delivery) === 'unworked',
  )
  return unworked ? reworked(context, job, unworked).then((anew) => anew ?? PAUSE) : PAUSE
}

/** Called off with its invoice out: whoever paid just before, or does so all the same, is served at once. */
function lookForPayment(context: StepContext, job: CalledOff): Fact | Pause {
  context.settlements.watch(targetOf(job, 'open'))
  const found = settledFact(context, job)
  if (found) return found
  const lapsesAt = job.offer.expiresAt + context.settings.graceMs
  return context.clock.now() < lapsesAt ? pauseUntil(lapsesAt) : { type: 'lapsed' }
}

function lookForLatePayment(context: StepContext, job: Late, afterlife: Afterlife): Fact | Pause {
  const { expiresAt, paymentHash } = job.offer
  const now = context.clock.now()
  const sweptUntil = expiresAt + afterlife.lateMs
  const revivedUntil = expiresAt + afterlife.reviveMs
  const found = settledFact(context, job)
  if (found || now >= revivedUntil) afterlife.late?.leave(job.id)
  if (found) return found
  if (now >= revivedUntil || afterlife.late?.keep(job) === false) {
    context.settlements.unwatch({ jobId: job.id, paymentHash })
    return PAUSE
  }
  context.settlements.watch(targetOf(job, now < sweptUntil ? 'late' : 'proofOnly'))
  return pauseUntil(now < sweptUntil ? sweptUntil : revivedUntil)
}

/** Moves the job out of the way once nothing more can happen to it. What is owed, or was lost, stays in sight. */
export function archiveIfDone({ clock, store, settlements, log }: StepContext, job: ClosedJob): void {
  if (clock.now() < paidAgainUntil(job)) return
  const mayRevive = isLate(job) && settlements.isWatched(job.offer.paymentHash)
  if (mayRevive || isOwed(job) || isLost(job) || !job.outbox.every(isSettledDelivery)) return
  store.archive(job.id).catch((error: unknown) => {
    log.warn({ job: job.id, reason: error instanceof Error ? error.message : 'unknown' }, 'not archived yet')
  })
}
