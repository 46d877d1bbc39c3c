/** How does one process of the daemon come to be in the simulated world? Wired as the daemon wires itself, over simulated ports. */
import httpHandler from '../../../handlers/http.js'
import { rejection } from '../../../src/core/errors.js'
import { standingOf } from '../../../src/core/delivery.js'
import { isUnpaidInvoice } from '../../../src/core/job.js'
import { createCancellations, DELETION_KIND } from '../../../src/engine/cancellations.js'
import { createCensus } from '../../../src/engine/census.js'
import { createDestinations } from '../../../src/engine/destinations.js'
import { createDrive, type Drive } from '../../../src/engine/drive.js'
import { createExposure } from '../../../src/engine/exposure.js'
import { createResale } from '../../../src/engine/resale.js'
import { createIntake } from '../../../src/engine/intake.js'
import { createOutbox } from '../../../src/engine/outbox.js'
import { routeJob, translateJob } from '../../../src/engine/routing.js'
import { createEventLookUp, createEventSource } from '../../../src/inputs/from-event.js'
import { createInputs } from '../../../src/inputs/inputs.js'
import { createWorkload } from '../../../src/engine/workload.js'
import { createSlots } from '../../../src/engine/slots.js'
import { keepWalletsStarted } from '../../../src/engine/wallet-keeper.js'
import { pubkeyOf } from '../../../src/nostr/event.js'
import { PAYMENT_PROOF_KIND } from '../../../src/nostr/kinds/payment-proof.js'
import { needsGathering } from '../../../src/policies/inputs.js'
import { createRateLimit } from '../../../src/policies/rate.js'
import { createPurses } from '../../../src/settlement/purse.js'
import type { StepContext } from '../../../src/steps/context.js'
import { performStep } from '../../../src/steps/index.js'
import { createSimulatedStore, type Disk } from './disk.js'
import type { SimulatedGate } from './gate.js'
import type { Bends } from './bends.js'
import type { SimulatedLightning } from './lightning.js'
import { LARGE } from './plan.js'
import {
  createBlobs,
  createClient,
  createLifeClock,
  createPool,
  createProver,
  createSigner,
  createTracingLog,
  createWallet,
} from './ports.js'
import { RELAYS, type SimulatedRelays } from './relays.js'
import type { Life } from './world.js'
import { createPurseWallet, PURSE } from './purse.js'
import { createRefundDesk } from './refunds.js'
import { createSources } from './sources.js'
import { upstreamFor } from './upstream.js'

const PROVIDER_KEY = Buffer.alloc(32, 0x33)
export const PROVIDER = pubkeyOf(PROVIDER_KEY)
const OWN_RELAYS = [RELAYS[0], RELAYS[1]]
const MINUTE_MS = 60_000
/** Shorter than in production, so that a seed is over soon: the order of the times is the same. */
const GRACE_MS = 2 * MINUTE_MS
const LATE_MS = 90 * MINUTE_MS
const REVIVE_MS = 120 * MINUTE_MS

export interface Outside {
  readonly disk: Disk
  readonly gate: SimulatedGate
  readonly relays: SimulatedRelays
  readonly lightning: SimulatedLightning | null
  /** What the blob servers hold, by address. */
  readonly blobs: Map<string, string>
}

/** Starts at once: takes up what is stored, then listens. Everything ends with the life. */
export function beginLife(life: Life, { disk, gate, relays, blobs, lightning }: Outside, bends: Bends): void {
  const { world } = life
  const clock = createLifeClock(life)
  const log = createTracingLog(life)
  const plainStore = createSimulatedStore(disk, life)
  const store = bends.store?.(plainStore) ?? plainStore
  const client = createClient(life, gate)
  const pool = createPool(life, relays)
  const plainSigner = createSigner(life, PROVIDER_KEY, PROVIDER)
  const signer = bends.signer?.(plainSigner) ?? plainSigner
  const wallet = world.plan.source === 'merchantWallet' ? createWallet(life, gate) : null
  const plainPurse = lightning && createPurseWallet(life, lightning)
  const purse = plainPurse && (bends.purse?.(plainPurse) ?? plainPurse)
  const settings = bends.upstream?.(upstreamFor(world.plan)) ?? upstreamFor(world.plan)
  const handlers = new Map([[5800, httpHandler]])
  const exposure = createExposure(createResale({ record: disk.spent, memory: { write: async () => undefined }, clock }))
  const census = createCensus([exposure.watch])

  const workload = createWorkload({
    ...{ relays: pool, signer, clock, log, quorum: 1, own: new Set(OWN_RELAYS), maxBits: 8 },
    prove: createProver(life),
  })
  const outbox = createOutbox({
    onWorkWanted: (relay, bits) => workload.learn(relay, bits),
    relays: pool,
    clock,
    log,
    retryMs: 24 * 60 * MINUTE_MS,
    random: () => world.chance.below(1000) / 1000,
    onVerdict: (jobId) => drive.wake(jobId),
  })
  const { plainSettlements, proofs, till } = createSources({
    ...{ wallet, purse, client, signer, clock, log },
    onFound: (jobId) => drive.wake(jobId),
  })
  const settlements = bends.settlements?.(plainSettlements) ?? plainSettlements

  const rules = { max: 5, allowPrivate: false, own: new Set<string>(OWN_RELAYS) }
  const event = createEventSource(createEventLookUp({ relays: pool, readRelays: OWN_RELAYS, rules, lookMs: 1_000 }))
  const inputs = createInputs({
    sources: { event, url: event, job: event },
    maxBytes: 1_000,
    waitMs: 10 * MINUTE_MS,
    clock,
  })

  const context: StepContext = {
    run: life.run,
    clock,
    log,
    signer,
    relays: pool,
    store,
    handlers,
    settlements,
    purses: createPurses(new Map(purse ? [[PURSE, purse]] : []), clock),
    exposure,
    ...(lightning && { refunds: createRefundDesk(life, lightning.refunds) }),
    upstreams: new Map([['api', { settings, client, wallet: wallet && till && { port: wallet, source: till } }]]),
    inputs: {
      ...inputs,
      translate: (request) => translateJob(handlers, (job, handler) => routeJob([settings], job, handler), request),
    },
    begun: new WeakSet(),
    workload,
    ...(world.plan.large !== 'no' && { blobs: createBlobs(life, blobs) }),
    settings: {
      network: 'regtest',
      writeRelays: OWN_RELAYS,
      quorum: 1,
      maxEventBytes: world.plan.large === 'known' ? LARGE : 65_536,
      graceMs: GRACE_MS,
      paymentWindowMs: MINUTE_MS,
      maxUnpaidPerCustomer: 5,
      patienceMs: 24 * 60 * MINUTE_MS,
      retryMs: 1_000,
      lookMs: 1_500,
    },
    unpaidOf: (job) => census.of(job.customer).unpaid - (isUnpaidInvoice(job) ? 1 : 0),
    seal: (_job, template) => signer.sign(template),
    destinations: createDestinations({ writeRelays: OWN_RELAYS }),
    send: (job, delivery) => outbox.send(job, delivery),
    standing: (delivery) => standingOf(delivery, 1),
  }
  const drive: Drive = createDrive({
    context: () => context,
    slots: createSlots(4, () => clock.now()),
    census,
    reviveMs: REVIVE_MS,
    lateMs: LATE_MS,
    performStep: bends.performStep?.(performStep, gate) ?? performStep,
  })
  const cancellations = createCancellations({ drive, store, maxAgeMs: 10 * MINUTE_MS, clock, log })
  const intake = createIntake({
    self: PROVIDER,
    run: life.run,
    handlers,
    open: async () => rejection('encryption-unsupported'),
    objections: { open: null, sealed: null },
    route: (request, handler) => routeJob([settings], request, handler),
    vettings: [],
    policies: [cancellations.policy],
    gathers: (request) => needsGathering(request, { types: new Set(['event']), maxInputs: 1, allowPrivate: false }),
    seen: () => ({ openOfCustomer: 0, unpaidOfCustomer: 0, openInAll: 0, acceptsJobs: true }),
    refusals: createRateLimit(100, 100),
    replyRelays: rules,
    maxAgeMs: 10 * MINUTE_MS,
    maxAheadMs: 5 * MINUTE_MS,
    store,
    drive,
    sayUnrecorded: async () => undefined,
    clock,
    log,
  })

  // As in the daemon: what is stored is taken up before anything is heard.
  drive.resume()
  const tills = new Map(till ? [['till', till]] : [])
  const wallets = new Map([...(wallet ? [['till', wallet] as const] : []), ...(purse ? [[PURSE, purse] as const] : [])])
  keepWalletsStarted({ wallets, tills, clock, log })
  pool.subscribe({
    name: 'jobs',
    relays: OWN_RELAYS,
    filters: () => [],
    onEvent(event, relay) {
      if (event.kind === PAYMENT_PROOF_KIND) void proofs.receive(event)
      else if (event.kind === DELETION_KIND) cancellations.receive(event)
      else if (event.kind === 5800) intake.receive(event, relay)
    },
    known: (id) => intake.knows(id) || cancellations.knows(id),
  })
}
