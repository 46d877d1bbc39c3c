/** How does an answer leave? Sealed the way the job came, addressed to where the customer reads, and never larger than relays take. */
import { TOO_LARGE } from '../core/delivery.js'
import { isRejection, rejection, type Rejection } from '../core/errors.js'
import type { EventTemplate, NostrEvent } from '../core/event.js'
import type { Delivery, Job, RelayVerdict } from '../core/job.js'
import type { Fact } from '../core/transition.js'
import type { AboutJob } from '../nostr/kinds/job-feedback.js'
import type { RelayLimits } from '../ports.js'
import { pauseUntil, type Pause, type StepContext } from './context.js'

export interface Dispatching extends Pick<Delivery, 'purpose' | 'notAfter'> {
  /** Refused where the quorum cannot be reached within what the relays say of themselves; otherwise that is advice only. */
  readonly withinLimits?: boolean
}

/** `["EVENT",` and `]`. */
const FRAME_BYTES = 10
/** A result that leads to a blob takes this much, addresses of several servers included. */
const LEAST_EVENT_BYTES = 2_048

/** Signs once: the event with its relays, or the refusal where it is larger than we publish. */
export async function answerJob(
  context: StepContext,
  job: Job,
  template: EventTemplate,
  { purpose, notAfter, withinLimits = false }: Dispatching,
): Promise<Delivery | Rejection> {
  const { counted, also } = await context.destinations(job)
  // What came sealed goes to its author's inbox alone: without one the answer cannot be sent, and no invoice is shown.
  if (counted.length === 0 && purpose !== 'error') return rejection('undeliverable', 'its author has no inbox relays')
  const { maxEventBytes, quorum } = context.settings
  if (purpose === 'offer' && counted.length > 0 && counted.every((relay) => isTooSmall(context.relays.limits(relay)))) {
    return rejection('result-too-large', 'no relay of the customer takes events of a useful size')
  }
  // Neither sealed nor signed: what is far too large would cost the most.
  if (template.content.length > maxEventBytes) return tooLarge(template.content.length)
  const sealed = await context.seal(job, template)
  if (isRejection(sealed)) return sealed
  const bits = context.workload?.bitsFor(job, counted) ?? 0
  const event = bits > 0 && context.workload ? await context.workload.add(job, sealed, bits) : sealed
  const json = JSON.stringify(event)
  const bytes = Buffer.byteLength(json)
  if (bytes > maxEventBytes) return tooLarge(bytes)
  const relays: Record<string, RelayVerdict> = {}
  for (const relay of [...counted, ...also]) relays[relay] = 'pending'
  if (withinLimits) {
    for (const relay of Object.keys(relays)) {
      if (!fits(context.relays.limits(relay), event, bytes)) relays[relay] = `${TOO_LARGE} (by what it says of itself)`
    }
    const open = counted.filter((relay) => relays[relay] === 'pending').length
    if (open < Math.min(quorum, counted.length)) return tooLarge(bytes)
  }
  return { eventId: event.id, purpose, event: json, notAfter, relays, counted }
}

/** The fact that an event which nobody holds was signed anew with the work that its relays ask for; null where it cannot be. */
export async function reworked(context: StepContext, job: Job, delivery: Delivery): Promise<Fact | Pause | null> {
  const anew = (await context.workload?.rework(job, delivery)) ?? null
  if (typeof anew === 'number') return pauseUntil(anew)
  return anew && { type: 'reworked', delivery: anew, replaces: delivery.eventId }
}

const tooLarge = (bytes: number): Rejection =>
  rejection('result-too-large', `the signed event has at least ${bytes} bytes`)

function isTooSmall(limits: RelayLimits | null): boolean {
  const most = Math.min(limits?.maxMessageBytes ?? Infinity, limits?.maxEventBytes ?? Infinity)
  return most < LEAST_EVENT_BYTES
}

function fits(limits: RelayLimits | null, event: NostrEvent, bytes: number): boolean {
  if (limits === null) return true
  if (bytes + FRAME_BYTES > (limits.maxMessageBytes ?? Infinity)) return false
  if (bytes > (limits.maxEventBytes ?? Infinity)) return false
  return (
    event.content.length <= (limits.maxContentChars ?? Infinity) && event.tags.length <= (limits.maxTags ?? Infinity)
  )
}

export const aboutJob = ({ clock }: StepContext, job: Job): AboutJob => ({
  // A stray payment is told of under the job that it was made for.
  jobId: ('refund' in job ? job.refund?.strayOf : undefined) ?? job.id,
  customer: job.customer,
  relayHint: job.heardOn,
  createdAt: Math.floor(clock.now() / 1000),
})
