/** offering: show the customer the invoice. Signed once and saved, then watched, then published. */
import { isRejection, rejection } from '../core/errors.js'
import { buildPaymentRequired } from '../nostr/kinds/job-feedback.js'
import { targetOf } from '../settlement/watch.js'
import type { Step } from './context.js'
import { aboutJob, answerJob } from './delivery.js'
import { settledFact } from './settled.js'

export const offering: Step<'offering'> = async (context, job) => {
  const signed = job.outbox.find(({ purpose }) => purpose === 'offer')
  if (!signed) {
    if (context.unpaidOf(job) >= context.settings.maxUnpaidPerCustomer) {
      return { type: 'refused', rejection: rejection('too-many-unpaid') }
    }
    const { offer } = job
    const expiresAt = Math.floor(offer.expiresAt / 1000)
    const about = aboutJob(context, job)
    const template = buildPaymentRequired({ ...about, ...offer, expiresAt })
    const delivery = await answerJob(context, job, template, { purpose: 'offer', notAfter: expiresAt })
    return isRejection(delivery) ? { type: 'refused', rejection: delivery } : { type: 'signed', delivery }
  }
  // ORDER: watched before it is published, since it may be paid the moment a relay has it.
  context.settlements.watch(targetOf(job, 'open'))
  context.send(job, signed)
  return settledFact(context, job) ?? { type: 'offered' }
}
