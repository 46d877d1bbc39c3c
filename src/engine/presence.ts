/** Who knows that we serve, and who we are? Keeps what is announced current, and takes it back for as long as it is retired. */
import type { EventTemplate, NostrEvent } from '../core/event.js'
import type { Millis, Seconds } from '../core/identifiers.js'
import { createBackOff } from '../nostr/back-off.js'
import { verifyEvent } from '../nostr/event.js'
import { buildRetirement } from '../nostr/kinds/announcement.js'
import { HEARTBEAT_KIND } from '../nostr/kinds/heartbeat.js'
import type { Clock, JobStore, Logger, PresenceMemory, PresenceRecord, RelayPool, Signer } from '../ports.js'
import type { Heartbeat } from './heartbeat.js'
import { createPublication, saysTheSame, type AnnouncementOutcome, type Publication } from './publication.js'

/** One replaceable event that is to be kept published. */
export interface Notice {
  /** Kind and `d` tag, as in NIP-01 addresses. */
  readonly address: string
  readonly kind: number
  readonly relays: readonly string[]
  readonly build: (createdAt: Seconds) => EventTemplate
  /** `service`: taken back when we retire. The others concern the key, which may be somebody's own. */
  readonly concerns: 'service' | 'key'
  /** Also where something else of this key stands there already. */
  readonly overwrites: boolean
}

export interface Presence {
  /** Publishes everything anew, and ends a retirement. */
  announce(): Promise<readonly AnnouncementOutcome[]>
  /** Takes back what concerns the service, until it is announced again: also over restarts. */
  retire(): Promise<readonly AnnouncementOutcome[]>
  /** Keeps everything published, until stopped. */
  start(): void
  stop(): void
}

const TIME_KEY = 'announced'
const DELETION = 'deletion'
const SURVEY_MS = 5_000
const FIRST_RETRY_MS = 5_000
const LONGEST_RETRY_MS = 10 * 60_000

export interface PresenceWiring {
  readonly notices: readonly Notice[]
  readonly writeRelays: readonly string[]
  readonly heartbeat: ((nextTime: () => Seconds) => Heartbeat) | null
  readonly refreshMs: Millis
  readonly memory: PresenceMemory
  readonly signer: Signer
  readonly relays: RelayPool
  readonly store: JobStore
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
}

export function createPresence(wiring: PresenceWiring): Presence {
  const { notices, signer, relays: pool, store, clock, log, random } = wiring
  const backOff = createBackOff({ firstMs: FIRST_RETRY_MS, maxMs: LONGEST_RETRY_MS, random })
  let record: PresenceRecord = { retired: false, events: {} }
  let loading: Promise<void> | null = null
  let latestSeen: Seconds = 0
  let surveyed = false
  let running = false
  let cancelSurvey: () => void = () => undefined
  /** Addresses at which something stands that we did not write. */
  const foreign = new Set<string>()

  const load = (): Promise<void> =>
    (loading ??= wiring.memory.read().then((kept) => {
      record = kept
    }))

  async function save(change: Partial<PresenceRecord>): Promise<void> {
    record = { ...record, ...change }
    await wiring.memory.write(record)
  }

  /** Strictly rising over restarts: of two replaceable events of one second the lower id would win (NIP-01). */
  function nextTime(): Seconds {
    const time = Math.max(Math.floor(clock.now() / 1000), (store.cursor(TIME_KEY) ?? 0) + 1, latestSeen + 1)
    store.putCursor(TIME_KEY, time)
    return time
  }

  const parts = { nextTime, signer, pool, clock, log, random }
  const publicationOf = (address: string, notice: Pick<Notice, 'build' | 'relays'>, refreshMs: Millis | null) =>
    createPublication({
      ...{ ...parts, build: notice.build, relays: notice.relays, refreshMs },
      kept: () => record.events[address] ?? null,
      keep: (event) => save({ events: { ...record.events, [address]: event } }),
    })
  const publications = notices.map((notice) => ({
    notice,
    publication: publicationOf(notice.address, notice, wiring.refreshMs),
  }))
  const service = publications.filter(({ notice }) => notice.concerns === 'service')
  const ofKey = publications.filter(({ notice }) => notice.concerns === 'key')
  // Of the heartbeat, too, whichever daemon sent the last.
  const addresses = [...service.map(({ notice }) => notice.address), `${HEARTBEAT_KIND}:`]
  const deletion: Publication = publicationOf(
    DELETION,
    { relays: wiring.writeRelays, build: (createdAt) => buildRetirement(signer.pubkey, addresses, createdAt) },
    null,
  )
  const heartbeat = wiring.heartbeat?.(nextTime) ?? null

  /** What stands there of our key? False where nobody answered. */
  async function survey(): Promise<boolean> {
    if (surveyed || ofKey.length === 0) return true
    const asked = [...new Set(ofKey.flatMap(({ notice }) => notice.relays))]
    const kinds = ofKey.map(({ notice }) => notice.kind)
    const { events, answered } = await pool.fetch(asked, { kinds, authors: [signer.pubkey] }, SURVEY_MS)
    if (answered === 0) return false
    for (const event of events.filter((event) => event.pubkey === signer.pubkey && verifyEvent(event))) judge(event)
    surveyed = true
    return true
  }

  function judge(event: NostrEvent): void {
    latestSeen = Math.max(latestSeen, event.created_at)
    const found = ofKey.find(({ notice }) => notice.kind === event.kind)?.notice
    if (!found || found.overwrites || foreign.has(found.address)) return
    const ours = record.events[found.address]
    // Older than ours: it was replaced already, and that relay has not heard of it.
    if (ours && (ours.id === event.id || ours.created_at > event.created_at)) return
    if (saysTheSame(event, found.build(0))) return
    foreign.add(found.address)
    log.info({ kind: event.kind, event: event.id }, 'left as it is: this key has published one of its own')
  }

  const mayPublish = ({ address }: Notice): boolean => surveyed && !foreign.has(address)

  async function startKey(): Promise<void> {
    const known = await survey()
    if (!running) return
    if (!known) cancelSurvey = clock.after(backOff.next(), () => void startKey())
    else for (const { notice, publication } of ofKey) if (mayPublish(notice)) publication.start()
  }

  function startService(): void {
    if (!running) return
    for (const { publication } of service) publication.start()
    heartbeat?.start()
  }

  function stopService(): void {
    for (const { publication } of service) publication.stop()
    heartbeat?.stop()
  }

  const say = async (all: readonly { publication: Publication }[]): Promise<AnnouncementOutcome[]> =>
    (await Promise.all(all.map(({ publication }) => publication.publish(true)))).flat()

  return {
    async announce() {
      await load()
      deletion.stop()
      if (record.retired) await save({ retired: false })
      await survey()
      const outcomes = await say([...service, ...ofKey.filter(({ notice }) => mayPublish(notice))])
      startService()
      return outcomes
    },
    async retire() {
      await load()
      stopService()
      // ORDER: what is to be taken back is not announced by the next start, whatever the relays say now.
      const kept = Object.entries(record.events).filter(([address]) => !addresses.includes(address))
      await save({ retired: true, events: Object.fromEntries(kept) })
      const outcomes = await deletion.publish(true)
      if (running) deletion.start()
      return outcomes
    },
    start() {
      running = true
      void load().then(() => {
        if (!running) return
        if (!record.retired) startService()
        else {
          log.info({}, 'retired: not announced until you run tollbridge announce')
          deletion.start()
        }
        void startKey()
      })
    },
    stop() {
      running = false
      cancelSurvey()
      stopService()
      deletion.stop()
      for (const { publication } of ofKey) publication.stop()
    },
  }
}
