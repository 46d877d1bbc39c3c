/** publishing: sign the result once, save it, and publish that same event until enough relays hold it. */
import { openedRequest } from '../core/arrival.js'
import type { BlobPointer } from '../core/blob.js'
import { isRejection, rejection, type Rejection } from '../core/errors.js'
import type { Delivery, JobOutput, Publishing } from '../core/job.js'
import type { Fact } from '../core/transition.js'
import { buildJobResult } from '../nostr/kinds/job-result.js'
import { PAUSE, type Pause, type Step, type StepContext } from './context.js'
import { aboutJob, answerJob, reworked, type Dispatching } from './delivery.js'
import { asksForCredential, creditOf, publicUrlOf, sealLeft } from './handing-over.js'
import { uploading } from './uploading.js'

/** Seconds for which the result of a job that cost nothing is offered to relays that do not take it. */
const FREE_LIFETIME_S = 1_800
/** A larger event may yet be refused for its size, by a relay that says nothing of itself. */
const SAFE_BYTES = 8_192

export const publishing: Step<'publishing'> = async (context, job) => {
  const result = job.outbox.find(({ purpose }) => purpose === 'result')
  if (!result && job.output !== null) return sign(context, job, job.output)
  if (!result) return { type: 'refused', rejection: rejection('internal-error', 'neither output nor signed result') }
  context.send(job, result)
  switch (context.standing(result)) {
    case 'delivered':
      return { type: 'delivered' }
    case 'pending':
      return PAUSE
    case 'unworked':
      return (await reworked(context, job, result)) ?? { type: 'refused', rejection: nobodyTakes() }
    case 'tooLarge':
      if (context.blobs && job.output !== null && !job.inBlob) return takeBack(result)
      return { type: 'refused', rejection: rejection('result-too-large', 'every relay of the customer says so') }
    case 'refused':
      return { type: 'refused', rejection: nobodyTakes() }
  }
}

const nobodyTakes = (): Rejection => rejection('undeliverable', 'no relay of the customer accepts it')

/** No relay where the customer reads has it: none of the others is to get it after all, beside the event that leads to the blob. */
function takeBack(result: Delivery): Fact {
  result.event = null
  return { type: 'outsized' }
}

async function sign(context: StepContext, job: Publishing, output: JobOutput): Promise<Fact | Pause> {
  if (!job.inBlob) {
    const inline = await signInline(context, job, output)
    if (!isRejection(inline)) {
      const keepOutput = context.blobs !== undefined && (inline.event?.length ?? 0) > SAFE_BYTES
      return { type: 'signed', delivery: inline, ...(keepOutput ? { keepOutput } : {}) }
    }
    // ORDER: the answer is saved before it is uploaded: what was paid for is not lost while servers take their time.
    return context.blobs ? { type: 'outsized' } : { type: 'refused', rejection: inline }
  }
  const uploaded = await uploading(context, job, output)
  if (uploaded.type !== 'stored') return uploaded
  const leading = await signSmallest(context, job, output, { pointer: uploaded.pointer, withinLimits: false })
  return isRejection(leading) ? { type: 'refused', rejection: leading } : { type: 'signed', delivery: leading }
}

/** Inputs and topics: by them a result is found. */
const isRepeated = ([name]: readonly string[]): boolean => name === 'i' || name === 't'

/** Relays' own words are heeded where there is another way for the answer; where there is none, it is tried. */
async function signInline(context: StepContext, job: Publishing, output: JobOutput): Promise<Delivery | Rejection> {
  const within = await signSmallest(context, job, output, { withinLimits: true })
  if (!isRejection(within) || context.blobs) return within
  return signSmallest(context, job, output, { withinLimits: false })
}

/** The request repeats what the customer knows: where only its copy makes the result too large, `e` alone names the job. */
async function signSmallest(
  context: StepContext,
  job: Publishing,
  output: JobOutput,
  { pointer, withinLimits }: { readonly pointer?: BlobPointer; readonly withinLimits: boolean },
): Promise<Delivery | Rejection> {
  const { tags } = openedRequest(job)
  const credit = creditOf(context, job)
  const credential = asksForCredential(tags) ? await sealLeft(context, job) : null
  const draft = {
    ...aboutJob(context, job),
    jobKind: job.kind,
    request: job.request,
    inputs: job.channel?.type === 'encrypted' ? [] : tags.filter(isRepeated),
    amountMsat: job.offer?.amountMsat ?? null,
    output,
    ...(pointer ? { pointer } : {}),
    ...(credit ? { credit: { sats: credit.balanceSats, url: publicUrlOf(context, job.call.upstream) } } : {}),
    ...(credential === null ? {} : { credential }),
  }
  // What was paid is offered to relays for as long as the outbox tries; what was free must not keep a place for a day.
  const notAfter = job.payment ? null : draft.createdAt + FREE_LIFETIME_S
  const how: Dispatching = { purpose: 'result', notAfter, withinLimits }
  const whole = await answerJob(context, job, buildJobResult(draft), how)
  if (!isRejection(whole)) return whole
  return answerJob(context, job, buildJobResult({ ...draft, request: null }), how)
}
