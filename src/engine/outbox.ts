/** Which relays hold it? Sends each signed event to its relays until each has spoken, and keeps one verdict per relay. */
import { isSettledDelivery, TOO_LARGE } from '../core/delivery.js'
import type { EventId, Millis } from '../core/identifiers.js'
import type { Delivery, Job } from '../core/job.js'
import type { Clock, Logger, PublishVerdict, RelayPool } from '../ports.js'

const FIRST_RETRY_MS = 1_000
const MAX_RETRY_MS = 10 * 60_000

export interface Outbox {
  /** Starts or continues the delivery; idempotent. The same bytes are sent until each relay has spoken. */
  send(job: Job, delivery: Delivery): void
  stop(): void
}

export function createOutbox(wiring: {
  readonly relays: RelayPool
  readonly clock: Clock
  readonly log: Logger
  /** How long an undelivered event is tried. */
  readonly retryMs: number
  readonly random: () => number
  /** A verdict changed: the job's lane looks at it again. */
  readonly onVerdict: (jobId: EventId) => void
}): Outbox {
  const { relays, clock, log } = wiring
  /** The way to cancel, for each event and relay that is being sent. */
  const sending = new Map<string, () => void>()
  let stopped = false

  const tag = (delivery: Delivery, relay: string) => `${delivery.eventId} ${relay}`

  async function attempt(job: Job, delivery: Delivery, relay: string, since: Millis, delayMs: number): Promise<void> {
    if (stopped || delivery.event === null || delivery.relays[relay] !== 'pending')
      return void sending.delete(tag(delivery, relay))
    const now = clock.now()
    if (now - since > wiring.retryMs || (delivery.notAfter !== null && now > delivery.notAfter * 1000)) {
      return conclude(job, delivery, relay, { type: 'refused', reason: 'no answer in time', tooLarge: false })
    }
    const verdict = await relays.publish(delivery.event, relay)
    if (stopped) return
    if (verdict.type !== 'later') return conclude(job, delivery, relay, verdict)
    log.debug({ job: job.id, relay, reason: verdict.reason }, 'relay defers')
    const wait = delayMs * (0.75 + wiring.random() / 2)
    const next = Math.min(MAX_RETRY_MS, delayMs * 2)
    const cancel = clock.after(wait, () => void attempt(job, delivery, relay, since, next))
    sending.set(tag(delivery, relay), cancel)
  }

  function conclude(job: Job, delivery: Delivery, relay: string, verdict: Exclude<PublishVerdict, { type: 'later' }>) {
    if (verdict.type === 'accepted') {
      delivery.relays[relay] = 'accepted'
    } else {
      const reason = verdict.tooLarge ? `${TOO_LARGE.slice('refused: '.length)} (${verdict.reason})` : verdict.reason
      delivery.relays[relay] = `refused: ${reason.slice(0, 200)}`
      log.info({ job: job.id, relay, purpose: delivery.purpose, reason }, 'relay refuses')
    }
    sending.delete(tag(delivery, relay))
    // What only announced something is not kept once every relay has spoken: open jobs are many.
    const isPassing = delivery.purpose === 'offer' || delivery.purpose === 'processing'
    if (isPassing && isSettledDelivery(delivery)) delivery.event = null
    wiring.onVerdict(job.id)
  }

  return {
    send(job, delivery) {
      if (stopped || delivery.event === null) return
      for (const [relay, verdict] of Object.entries(delivery.relays)) {
        if (verdict !== 'pending' || sending.has(tag(delivery, relay))) continue
        sending.set(tag(delivery, relay), () => undefined)
        void attempt(job, delivery, relay, clock.now(), FIRST_RETRY_MS)
      }
    },
    stop() {
      stopped = true
      for (const cancel of sending.values()) cancel()
      sending.clear()
    },
  }
}
