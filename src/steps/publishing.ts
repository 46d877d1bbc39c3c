/** publishing: sign the result once, save it, and publish that same event until enough relays hold it. */
import { openedRequest } from '../core/arrival.js'
import { isRejection, rejection } from '../core/errors.js'
import type { JobOutput, Publishing } from '../core/job.js'
import type { Fact } from '../core/transition.js'
import { buildJobResult } from '../nostr/kinds/job-result.js'
import { PAUSE, type Step, type StepContext } from './context.js'
import { aboutJob, answerJob } from './delivery.js'

/** Seconds for which the result of a job that cost nothing is offered to relays that do not take it. */
const FREE_LIFETIME_S = 1_800

export const publishing: Step<'publishing'> = async (context, job) => {
  if (job.output !== null) return sign(context, job, job.output)
  const result = job.outbox.find(({ purpose }) => purpose === 'result')
  if (!result) return { type: 'refused', rejection: rejection('internal-error', 'neither output nor signed result') }
  context.send(job, result)
  switch (context.standing(result)) {
    case 'delivered':
      return { type: 'delivered' }
    case 'pending':
      return PAUSE
    case 'tooLarge':
      return { type: 'refused', rejection: rejection('result-too-large', 'every relay of the customer says so') }
    case 'refused':
      return { type: 'refused', rejection: rejection('undeliverable', 'no relay of the customer accepts it') }
  }
}

async function sign(context: StepContext, job: Publishing, output: JobOutput): Promise<Fact> {
  const draft = {
    ...aboutJob(context, job),
    jobKind: job.kind,
    request: job.request,
    inputs: job.channel?.type === 'encrypted' ? [] : openedRequest(job).tags.filter(([name]) => name === 'i'),
    amountMsat: job.offer?.amountMsat ?? null,
    output,
  }
  // What was paid is offered to relays for as long as the outbox tries; what was free must not keep a place for a day.
  const notAfter = job.payment ? null : draft.createdAt + FREE_LIFETIME_S
  const whole = await answerJob(context, job, buildJobResult(draft), { purpose: 'result', notAfter })
  if (!isRejection(whole)) return { type: 'signed', delivery: whole }
  // The request repeats what the customer knows: where only its copy makes the result too large, `e` alone names the job.
  const short = { ...draft, request: null }
  const slim = await answerJob(context, job, buildJobResult(short), { purpose: 'result', notAfter })
  return isRejection(slim) ? { type: 'refused', rejection: slim } : { type: 'signed', delivery: slim }
}
