/** How does an answer leave? Sealed the way the job came, addressed to where the customer reads, and never larger than relays take. */
import { isRejection, rejection, type Rejection } from '../core/errors.js'
import type { EventTemplate } from '../core/event.js'
import type { Delivery, Job, RelayVerdict } from '../core/job.js'
import type { AboutJob } from '../nostr/kinds/job-feedback.js'
import type { StepContext } from './context.js'

/** Signs once: the event with its relays, or the refusal where it is larger than we publish. */
export async function answerJob(
  context: StepContext,
  job: Job,
  template: EventTemplate,
  { purpose, notAfter }: Pick<Delivery, 'purpose' | 'notAfter'>,
): Promise<Delivery | Rejection> {
  const { counted, also } = await context.destinations(job)
  const event = await context.seal(job, template)
  if (isRejection(event)) return event
  const json = JSON.stringify(event)
  const size = Buffer.byteLength(json)
  if (size > context.settings.maxEventBytes) return rejection('result-too-large', `the signed event has ${size} bytes`)
  const relays: Record<string, RelayVerdict> = {}
  for (const relay of [...counted, ...also]) relays[relay] = 'pending'
  return { eventId: event.id, purpose, event: json, notAfter, relays, counted }
}

export const aboutJob = ({ clock }: StepContext, job: Job): AboutJob => ({
  jobId: job.id,
  customer: job.customer,
  relayHint: job.heardOn,
  createdAt: Math.floor(clock.now() / 1000),
})
