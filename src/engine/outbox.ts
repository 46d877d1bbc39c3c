/** Which relays hold it? Sends each signed event to its relays until each has spoken, and keeps one verdict per relay. */
import { isSettledDelivery, TOO_LARGE, unworkedVerdict } from '../core/delivery.js'
import type { EventId, Millis } from '../core/identifiers.js'
import type { Delivery, Job, RelayVerdict } from '../core/job.js'
import type { Clock, Logger, PublishVerdict, RelayPool } from '../ports.js'
import { createRelayLane, type RelayLane } from './relay-lane.js'

export interface Outbox {
  /** Starts or continues the delivery; idempotent. The same bytes are sent until each relay has spoken. */
  send(job: Job, delivery: Delivery): void
  /** Once more to each relay that said it accepted: none of them holds it. What they say now changes no verdict. */
  sendAgain(job: Job, delivery: Delivery): void
  stop(): void
}

const MOST_IDLE_LANES = 64

/** A reason is kept with the job. */
const LONGEST_REASON = 200

export function createOutbox(wiring: {
  readonly relays: Pick<RelayPool, 'publish'>
  readonly clock: Clock
  readonly log: Logger
  /** How long an undelivered event is tried. */
  readonly retryMs: number
  readonly random: () => number
  /** A verdict changed: the job's lane looks at it again. */
  readonly onVerdict: (jobId: EventId) => void
  /** The relay has accepted the event. */
  readonly onAccepted?: (job: Job, delivery: Delivery, relay: string) => void
  /** The relay asks for so many bits of proof of work; null where it does not say how many. */
  readonly onWorkWanted?: (relay: string, bits: number | null) => void
}): Outbox {
  const { clock, log } = wiring
  const lanes = new Map<string, RelayLane>()
  /** Each event and relay that is being sent. */
  const sending = new Set<string>()
  let stopped = false

  function laneOf(relay: string): RelayLane {
    const existing = lanes.get(relay)
    if (existing) return existing
    // Those that are used all the time are kept; customers name ever new ones.
    const onIdle = () => lanes.size > MOST_IDLE_LANES && lanes.delete(relay)
    const lane = createRelayLane({ ...wiring, relay, onIdle })
    lanes.set(relay, lane)
    return lane
  }

  function begin(job: Job, delivery: Delivery, relay: string): void {
    const tag = `${delivery.eventId} ${relay}`
    if (sending.has(tag)) return
    sending.add(tag)
    const patience: Millis = clock.now() + wiring.retryMs
    laneOf(relay).send({
      event: () => (delivery.relays[relay] === 'pending' ? delivery.event : null),
      until: delivery.notAfter === null ? patience : Math.min(patience, delivery.notAfter * 1000),
      onDeferred: (reason) => log.debug({ job: job.id, relay, reason }, 'relay defers'),
      onEnd: (verdict) => {
        sending.delete(tag)
        if (verdict !== 'dropped') conclude(job, delivery, relay, verdict)
      },
    })
  }

  function conclude(job: Job, delivery: Delivery, relay: string, verdict: Exclude<PublishVerdict, { type: 'later' }>) {
    delivery.relays[relay] = wordsOf(verdict)
    if (verdict.type === 'refused') {
      log.info({ job: job.id, relay, purpose: delivery.purpose, reason: verdict.reason }, 'relay refuses')
      if (verdict.pow !== undefined) wiring.onWorkWanted?.(relay, verdict.pow)
    }
    // What only announced something is not kept once every relay has spoken: open jobs are many.
    const isPassing = delivery.purpose === 'offer' || delivery.purpose === 'processing'
    if (isPassing && isSettledDelivery(delivery) && isHeld(delivery)) delivery.event = null
    if (verdict.type === 'accepted') wiring.onAccepted?.(job, delivery, relay)
    wiring.onVerdict(job.id)
  }

  return {
    send(job, delivery) {
      if (stopped || delivery.event === null) return
      for (const [relay, verdict] of Object.entries(delivery.relays)) {
        if (verdict === 'pending') begin(job, delivery, relay)
      }
    },
    sendAgain(job, delivery) {
      if (stopped) return
      for (const [relay, verdict] of Object.entries(delivery.relays)) {
        if (verdict !== 'accepted') continue
        laneOf(relay).send({
          event: () => delivery.event,
          until: clock.now() + wiring.retryMs,
          onDeferred: (reason) => log.debug({ job: job.id, relay, reason }, 'relay defers'),
          onEnd: (again) =>
            log.info({ job: job.id, relay, verdict: again === 'dropped' ? again : again.type }, 'sent again'),
        })
      }
    },
    stop() {
      stopped = true
      for (const lane of lanes.values()) lane.stop()
      lanes.clear()
      sending.clear()
    },
  }
}

function wordsOf(verdict: Exclude<PublishVerdict, { type: 'later' }>): RelayVerdict {
  if (verdict.type === 'accepted') return 'accepted'
  const reason = verdict.reason.slice(0, LONGEST_REASON)
  if (verdict.pow !== undefined) return unworkedVerdict(verdict.pow, reason)
  return verdict.tooLarge ? `${TOO_LARGE} (${reason})` : `refused: ${reason}`
}

/** What a relay where the customer reads holds need not be signed anew. */
const isHeld = ({ counted, relays }: Delivery): boolean => counted.some((relay) => relays[relay] === 'accepted')
