/** awaiting: the invoice is out. It ends by settlement, or when it can no longer be paid in time. */
import { targetOf } from '../settlement/watch.js'
import { pauseUntil, type Step } from './context.js'
import { reworked } from './delivery.js'
import { settledFact } from './settled.js'

export const awaiting: Step<'awaiting'> = async (context, job) => {
  context.settlements.watch(targetOf(job, 'open'))
  const settled = settledFact(context, job)
  if (settled) return settled
  // ORDER: that it was offered is saved while relays still have to answer; after a crash the same event is sent on.
  for (const delivery of job.outbox) context.send(job, delivery)
  const unworked = job.outbox.find(
    (delivery) => delivery.purpose === 'offer' && context.standing(delivery) === 'unworked',
  )
  const anew = unworked && (await reworked(context, job, unworked))
  if (anew) return anew
  // The grace is for payments that settle slowly; a later one still revives the job.
  const lapsesAt = job.offer.expiresAt + context.settings.graceMs
  return context.clock.now() < lapsesAt ? pauseUntil(lapsesAt) : { type: 'lapsed' }
}
