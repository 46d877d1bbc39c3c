/** Who knows that we serve? Publishes the announcements, keeps them fresh, and takes them back. */
import type { EventTemplate } from '../core/event.js'
import type { Seconds } from '../core/identifiers.js'
import {
  buildHandlerInformation,
  buildPaidService,
  buildRetirement,
  type Announcement,
} from '../nostr/kinds/announcement.js'
import type { Clock, JobStore, Logger, PublishVerdict, RelayPool, Signer } from '../ports.js'

/** The true outcome of one event at one relay. */
export interface AnnouncementOutcome {
  readonly kind: number
  readonly eventId: string
  readonly relay: string
  readonly verdict: PublishVerdict['type']
  readonly reason: string | null
}

export interface Presence {
  announce(): Promise<readonly AnnouncementOutcome[]>
  retire(): Promise<readonly AnnouncementOutcome[]>
  /** Announces now and at every refresh, until stopped or retired. */
  start(): void
  stop(): void
}

const TIME_KEY = 'announced'
const RETRY_MS = 60_000

export function createPresence(wiring: {
  readonly announcement: Omit<Announcement, 'createdAt'>
  readonly publish31402: boolean
  readonly writeRelays: readonly string[]
  readonly refreshMs: number
  readonly signer: Signer
  readonly relays: RelayPool
  readonly store: JobStore
  readonly clock: Clock
  readonly log: Logger
}): Presence {
  const { signer, relays, store, clock, log, writeRelays } = wiring
  let cancel: (() => void) | null = null
  let ended = false

  /** Strictly rising over restarts: of two replaceable events of one second the lower id would win (NIP-01). */
  function nextTime(): Seconds {
    const time = Math.max(Math.floor(clock.now() / 1000), (store.cursor(TIME_KEY) ?? 0) + 1)
    store.putCursor(TIME_KEY, time)
    return time
  }

  async function publish(template: EventTemplate): Promise<AnnouncementOutcome[]> {
    const event = await signer.sign(template)
    return Promise.all(
      writeRelays.map(async (relay) => {
        const verdict = await relays.publish(event, relay)
        const reason = verdict.type === 'accepted' ? null : verdict.reason
        const outcome = { kind: event.kind, eventId: event.id, relay, verdict: verdict.type, reason }
        if (verdict.type === 'accepted') log.debug(outcome, 'announced')
        else log.warn(outcome, 'not announced')
        return outcome
      }),
    )
  }

  async function announce(): Promise<AnnouncementOutcome[]> {
    const announcement = { ...wiring.announcement, createdAt: nextTime() }
    const listing = wiring.publish31402 ? buildPaidService(announcement) : null
    const templates = [buildHandlerInformation(announcement), ...(listing ? [listing] : [])]
    return (await Promise.all(templates.map(publish))).flat()
  }

  async function refresh(): Promise<void> {
    if (ended) return
    let delay = wiring.refreshMs
    try {
      const outcomes = await announce()
      if (outcomes.some(({ verdict }) => verdict === 'later')) delay = Math.min(delay, RETRY_MS)
    } catch (error) {
      log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'announcement failed')
      delay = Math.min(delay, RETRY_MS)
    }
    // Stopped or retired while the relays were answering: it must not come back by itself.
    if (!ended) cancel = clock.after(delay, () => void refresh())
  }

  const stop = () => {
    ended = true
    cancel?.()
    cancel = null
  }
  return {
    announce,
    async retire() {
      stop()
      return publish(buildRetirement(signer.pubkey, wiring.announcement.identifier, nextTime()))
    },
    start: () => void refresh(),
    stop,
  }
}
