/** Is this said at each of its relays? One replaceable event: signed once for its content, and sent until each relay has spoken. */
import type { EventTemplate, NostrEvent } from '../core/event.js'
import type { Millis, Seconds } from '../core/identifiers.js'
import { createOneAtATime } from '../core/one-at-a-time.js'
import { createBackOff } from '../nostr/back-off.js'
import type { Clock, Logger, PublishVerdict, RelayPool, Signer } from '../ports.js'

const FIRST_RETRY_MS = 5_000
const LONGEST_RETRY_MS = 60 * 60_000

/** The true outcome of one event at one relay. */
export interface AnnouncementOutcome {
  readonly kind: number
  readonly eventId: string
  readonly relay: string
  readonly verdict: PublishVerdict['type']
  readonly reason: string | null
}

export interface Publication {
  /** What each relay says of it; `anew` signs it again whatever it says. @throws where the signer does not answer. */
  publish(anew: boolean): Promise<readonly AnnouncementOutcome[]>
  /** Keeps it published from now on. */
  start(): void
  stop(): void
}

export interface PublicationWiring {
  readonly build: (createdAt: Seconds) => EventTemplate
  readonly relays: readonly string[]
  /** As it was last signed; null for never. */
  readonly kept: () => NostrEvent | null
  readonly keep: (event: NostrEvent) => Promise<void>
  readonly nextTime: () => Seconds
  /** When the same content is signed anew, so that it is seen to be kept up; null for never. */
  readonly refreshMs: Millis | null
  readonly signer: Signer
  readonly pool: RelayPool
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
}

export function createPublication(wiring: PublicationWiring): Publication {
  const { build, refreshMs, signer, pool, clock, log } = wiring
  const backOff = createBackOff({ firstMs: FIRST_RETRY_MS, maxMs: LONGEST_RETRY_MS, random: wiring.random })
  /** Of the event that was sent last. */
  const verdicts = new Map<string, PublishVerdict>()
  let sent: string | null = null
  const oneAtATime = createOneAtATime()
  let cancel: () => void = () => undefined
  let active = false

  const dueAt = (event: NostrEvent): Millis =>
    refreshMs === null ? Number.POSITIVE_INFINITY : event.created_at * 1000 + refreshMs

  async function current(anew: boolean): Promise<NostrEvent> {
    const kept = wiring.kept()
    if (!anew && kept && saysTheSame(kept, build(0)) && clock.now() < dueAt(kept)) return kept
    const event = await signer.sign(build(wiring.nextTime()))
    // ORDER: kept before it is sent, so that a crash between the two does not make a stranger's of our own event.
    await wiring.keep(event)
    return event
  }

  async function send(event: NostrEvent): Promise<readonly AnnouncementOutcome[]> {
    if (sent !== event.id) verdicts.clear()
    sent = event.id
    return Promise.all(
      wiring.relays.map(async (relay) => {
        const before = verdicts.get(relay)
        const isFinal = before !== undefined && before.type !== 'later'
        const verdict = isFinal ? before : await pool.publish(event, relay)
        verdicts.set(relay, verdict)
        const reason = verdict.type === 'accepted' ? null : verdict.reason
        const outcome = { kind: event.kind, eventId: event.id, relay, verdict: verdict.type, reason }
        // Said once: a relay may be down for days.
        if (verdict.type === 'accepted' || before !== undefined) log.debug(outcome, 'announced')
        else log.warn(outcome, 'not announced')
        return outcome
      }),
    )
  }

  /** One at a time: a command must not overtake what is under way. */
  function publish(anew: boolean): Promise<readonly AnnouncementOutcome[]> {
    return oneAtATime(async () => send(await current(anew)))
  }

  async function keepUp(): Promise<void> {
    cancel()
    let delayMs: Millis
    try {
      const outcomes = await publish(false)
      const event = wiring.kept()
      if (outcomes.some(({ verdict }) => verdict === 'later')) delayMs = backOff.next()
      else {
        backOff.reset()
        delayMs = event === null ? LONGEST_RETRY_MS : Math.max(1_000, dueAt(event) - clock.now())
      }
      if (event !== null) delayMs = Math.min(delayMs, Math.max(1_000, dueAt(event) - clock.now()))
    } catch (error) {
      log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'announcement failed')
      delayMs = backOff.next()
    }
    cancel()
    // Stopped while the relays were answering: it must not come back by itself.
    if (active && Number.isFinite(delayMs)) cancel = clock.after(delayMs, () => void keepUp())
  }

  return {
    publish,
    start() {
      if (active) return
      active = true
      void keepUp()
    },
    stop() {
      active = false
      cancel()
    },
  }
}

/** Whether both say the same, whenever they say it. */
export const saysTheSame = (a: EventTemplate, b: EventTemplate): boolean =>
  a.kind === b.kind && a.content === b.content && JSON.stringify(a.tags) === JSON.stringify(b.tags)
