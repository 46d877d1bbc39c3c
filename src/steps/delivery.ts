/** Where does an answer go? To the relays where the customer reads, and to our own. */
import { rejection, type Rejection } from '../core/errors.js'
import type { NostrEvent } from '../core/event.js'
import type { Delivery, Job, RelayVerdict } from '../core/job.js'
import type { AboutJob } from '../nostr/kinds/job-feedback.js'
import type { StepContext } from './context.js'

/** A signed event with its relays, or the refusal where it is larger than we publish. */
export function newDelivery(
  { settings }: StepContext,
  job: Job,
  event: NostrEvent,
  purpose: Delivery['purpose'],
  notAfter: number | null,
): Delivery | Rejection {
  const json = JSON.stringify(event)
  const size = Buffer.byteLength(json)
  if (size > settings.maxEventBytes) return rejection('result-too-large', `the signed event has ${size} bytes`)
  const own = job.heardOn === '' ? settings.writeRelays : [...settings.writeRelays, job.heardOn]
  const counted = [...new Set(job.replyRelays.length > 0 ? job.replyRelays : own)]
  const relays: Record<string, RelayVerdict> = {}
  for (const relay of [...counted, ...own]) relays[relay] = 'pending'
  return { eventId: event.id, purpose, event: json, notAfter, relays, counted }
}

export const aboutJob = ({ clock }: StepContext, job: Job): AboutJob => ({
  jobId: job.id,
  customer: job.customer,
  relayHint: job.heardOn,
  createdAt: Math.floor(clock.now() / 1000),
})
