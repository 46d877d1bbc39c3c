/** How do answers reach their customers? Wires where they go, how they are sent, and who is looked up for it. */
import type { Adapters } from './adapters.js'
import type { Config } from '../config/config.js'
import type { EventId } from '../core/identifiers.js'
import { createDestinations, type Destinations } from '../engine/destinations.js'
import { createOutbox, type Outbox } from '../engine/outbox.js'
import type { Job } from '../core/job.js'
import { createReadBack, type ReadBack } from '../engine/read-back.js'
import { redeliver, type Redelivery } from '../engine/redeliver.js'
import { createWorkload } from '../engine/workload.js'
import { proveWork } from '../nostr/proof-of-work.js'
import { createRelayLists, type CachedRelayLists } from '../nostr/relay-lists.js'
import type { ReplyRelayRules } from '../policies/reply-relays.js'
import type { Workload } from '../steps/context.js'

const HOUR_MS = 3_600_000

export interface Deliveries {
  readonly outbox: Outbox
  readonly lists: CachedRelayLists
  readonly workload: Workload
  readonly readBack: Pick<ReadBack, 'counts'>
  /** Sends a stored result again. @throws TollbridgeError `job-unknown`, `job-not-retryable`. */
  redeliver(jobId: EventId): Promise<readonly Redelivery[]>
  readonly destinations: (job: Job) => Promise<Destinations>
  /** Which relays that others name are written to. */
  readonly replyRelays: ReplyRelayRules
  stop(): void
}

export function openDeliveries(wiring: {
  readonly config: Config
  readonly adapters: Adapters
  /** A verdict changed: the job's lane looks at it again. */
  readonly onVerdict: (jobId: EventId) => void
}): Deliveries {
  const { config, adapters } = wiring
  const { clock, log, relays, signer } = adapters
  const { quorum, maxPowBits, retryHours } = config.publish
  const { read, write, lookup, replyMax, allowPrivate } = config.relays
  const replyRelays = { max: replyMax, allowPrivate, own: new Set([...read, ...write]) }
  const lists = createRelayLists({
    relays,
    sources: [...new Set([...read, ...write, ...lookup])],
    rules: replyRelays,
    clock,
  })
  const workload = createWorkload({
    ...{ relays, signer, clock, log, quorum, own: replyRelays.own },
    maxBits: maxPowBits,
    prove: proveWork,
  })
  const readBack = createReadBack({
    ...{ relays, clock, log },
    sendAgain: (job, delivery) => outbox.sendAgain(job, delivery),
  })
  const outbox: Outbox = createOutbox({
    relays,
    clock,
    log,
    retryMs: retryHours * HOUR_MS,
    random: Math.random,
    onVerdict: wiring.onVerdict,
    onAccepted: (job, delivery, relay) => readBack.expect(job, delivery, relay),
    onWorkWanted: (relay, bits) => workload.learn(relay, bits),
  })
  const destinations = createDestinations({ writeRelays: write, lists })
  return {
    outbox,
    lists,
    workload,
    readBack,
    destinations,
    redeliver: (jobId) => redeliver({ store: adapters.store, relays, destinations }, jobId),
    replyRelays,
    stop() {
      outbox.stop()
      readBack.stop()
      lists.stop()
    },
  }
}
