/** THE composition root: configuration and adapters in, a running daemon out. */
import { openAdapters, type Adapters } from './wiring/adapters.js'
import { openNameCheck, openPresence } from './wiring/announcing.js'
import { openAdmission } from './wiring/admission.js'
import type { Config } from './config/config.js'
import { isMalformed, type Millis } from './core/identifiers.js'
import { openBlobs } from './wiring/blobs.js'
import { createCancellations, DELETION_KIND } from './engine/cancellations.js'
import { createCensus } from './engine/census.js'
import { startControl } from './engine/control.js'
import { createDrive, type Drive } from './engine/drive.js'
import { createIntake, type Intake } from './engine/intake.js'
import { buildJobFilters } from './engine/job-filters.js'
import { createLateJobs } from './engine/late-jobs.js'
import { createProbe } from './engine/probe.js'
import { createPulse } from './engine/pulse.js'
import { warnOfOrphans } from './engine/orphans.js'
import { routeJob } from './engine/routing.js'
import { createSlots } from './engine/slots.js'
import { statusOf, type DaemonStatus } from './engine/status.js'
import { watchUpstreams } from './engine/upstream-health.js'
import { keepWalletsStarted } from './engine/wallet-keeper.js'
import { createChannels } from './nostr/channels.js'
import { parseRelayUrl } from './nostr/relay-url.js'
import { PAYMENT_PROOF_KIND } from './nostr/kinds/payment-proof.js'
import type { Logger } from './ports.js'
import { standingOf } from './core/delivery.js'
import { openDeliveries } from './wiring/deliveries.js'
import { isUnpaidInvoice } from './core/job.js'
import type { StepContext, UpstreamBinding } from './steps/context.js'
import { failing } from './steps/failing.js'
import { openGathering } from './wiring/gathering.js'
import { openPrivateMail } from './wiring/private-mail.js'
import { openSettlements } from './wiring/settlements.js'
import { openSpending } from './wiring/spending.js'
import { closeInOrder, type Closer } from './wiring/shutdown.js'
import { upstreamOf } from './wiring/upstreams.js'
import { hearZaps } from './wiring/zaps.js'

export interface Daemon {
  readonly pubkey: string
  status(): DaemonStatus
  /** What is wrong with the process itself, or null: for a watchdog. What hangs does not resolve. */
  pulse(): Promise<string | null>
  /** Stops taking jobs, ends the running steps, flushes, and closes everything. Idempotent. */
  stop(): Promise<void>
}

/** Timings that only tests change. */
export interface DaemonTimings {
  readonly retryMs: Millis
  readonly lookMs: Millis
}

const TIMINGS: DaemonTimings = { retryMs: 1_000, lookMs: 1_500 }
const HOUR_MS = 3_600_000

/** Opens the adapters and starts. @throws TollbridgeError as `openAdapters`. */
export async function startDaemon(config: Config, log: Logger): Promise<Daemon> {
  const adapters = await openAdapters(config, log)
  try {
    return await runDaemon(config, adapters)
  } catch (error) {
    await adapters.stop()
    throw error
  }
}

/** Starts over adapters that are already open, and owns them from then on. */
export async function runDaemon(config: Config, adapters: Adapters, timings = TIMINGS): Promise<Daemon> {
  const { run, clock, log, signer, store, relays, handlers } = adapters
  const startedAt = clock.now()
  const closers: Closer[] = [() => adapters.stop()]
  const readRelays = ownRelays(config.relays.read)
  const writeRelays = ownRelays(config.relays.write)
  const upstreams = config.upstreams.map(upstreamOf)
  const probeMs = config.relays.probeSeconds * 1000

  const slots = createSlots(config.jobs.concurrency, () => clock.now())
  const channels = createChannels({ signer, clock, rules: config.encryption })
  const admission = openAdmission({ config, adapters, makeRoom: (bidMsat) => slots.displace(bidMsat) })
  const deliveries = openDeliveries({ config, adapters, onVerdict: (jobId) => drive.heard(jobId) })
  const gathering = openGathering({ config, adapters, upstreams, replyRelays: deliveries.replyRelays })
  const { exposure, refunds } = await openSpending(config, adapters)
  const census = createCensus([...admission.watchers, exposure.watch], gathering.mostGathered)
  const { outbox } = deliveries
  closers.push(() => deliveries.stop())

  const { settlements, tills, proofs, purses, zaps } = openSettlements({
    ...{ config, adapters, upstreams },
    onFound: (jobId) => drive.wake(jobId),
    onStray: async (job) => void (await drive.admit(job)),
  })
  closers.push(() => settlements.stop())

  const health = watchUpstreams(adapters.clients, clock)
  const bindings = new Map<string, UpstreamBinding>()
  for (const settings of upstreams) {
    const client = health.clients.get(settings.name)
    if (!client) continue
    const port = adapters.wallets.get(settings.merchantWallet ?? '')
    const source = tills.get(settings.merchantWallet ?? '')
    bindings.set(settings.name, { settings, client, wallet: port && source ? { port, source } : null })
  }

  const context: StepContext = {
    run,
    clock,
    log,
    signer,
    relays,
    store,
    handlers,
    settlements,
    ...{ purses, exposure, refunds },
    ...{ ...openBlobs(config.blobs, adapters), upstreams: bindings, begun: new WeakSet() },
    settings: {
      network: config.network,
      writeRelays,
      quorum: config.publish.quorum,
      maxEventBytes: config.publish.maxEventBytes,
      graceMs: config.settlement.graceSeconds * 1000,
      paymentWindowMs: config.settlement.minPaymentWindowSeconds * 1000,
      maxUnpaidPerCustomer: config.jobs.maxUnpaidPerCustomer,
      patienceMs: 24 * HOUR_MS,
      ...timings,
    },
    unpaidOf: (job) => census.of(job.customer).unpaid - (isUnpaidInvoice(job) ? 1 : 0),
    seal: channels.seal,
    destinations: deliveries.destinations,
    inputs: gathering.station,
    send: (job, delivery) => outbox.send(job, delivery),
    standing: (delivery) => standingOf(delivery, config.publish.quorum),
    workload: deliveries.workload,
  }
  const drive: Drive = createDrive({
    context: () => context,
    slots,
    census,
    reviveMs: config.settlement.reviveDays * 24 * HOUR_MS,
    lateMs: config.settlement.lateHours * HOUR_MS,
    late: createLateJobs({ max: config.jobs.maxOpen, onEvicted: (jobId) => drive.wake(jobId) }),
  })
  closers.push(() => drive.stop())
  closers.push(() => gathering.stop())
  signer.health?.onRecovered(() => drive.retryFaulted())

  const maxAgeMs = config.jobs.maxAgeSeconds * 1000
  const cancellations = createCancellations({ drive, store, maxAgeMs, clock, log })
  const intake: Intake = createIntake({
    self: signer.pubkey,
    run,
    handlers,
    open: channels.open,
    objections: channels.objections,
    route: (request, handler) => routeJob(upstreams, request, handler),
    gathers: gathering.gathers,
    screen: admission.screen,
    vettings: admission.vettings,
    policies: [cancellations.policy, ...admission.policies],
    seen: ({ customer }) => ({
      openOfCustomer: census.of(customer).open,
      unpaidOfCustomer: census.of(customer).unpaid,
      openInAll: census.weightInAll(),
      acceptsJobs: store.acceptsJobs(),
    }),
    expect: (customer) => deliveries.lists.expect(customer),
    refusals: admission.refusals,
    replyRelays: deliveries.replyRelays,
    maxAgeMs,
    maxAheadMs: config.jobs.maxAheadSeconds * 1000,
    store,
    drive,
    sayUnrecorded: async (job) => {
      const fact = await failing(context, job)
      if (fact.type === 'signed') outbox.send(job, fact.delivery)
    },
    clock,
    log,
  })
  const presence = openPresence({
    ...{ config, adapters, upstreams },
    isServing: async () => status().ready && (await health.areAnswering(config.announce.heartbeatSeconds * 1000)),
  })
  closers.push(() => presence.stop())
  const name = openNameCheck(config, adapters)
  closers.push(() => name?.stop())

  const status = () =>
    statusOf({
      ...{ ...adapters, intake, census, exposure, settlements, readRelays, startedAt, name },
      readBack: deliveries.readBack,
      proofLastsMs: 2 * probeMs,
    })
  const control = await startControl(
    config.stateDirectory,
    {
      status,
      retry: async (jobId) => ({ state: (await drive.retry(jobId)).state }),
      refund: async (jobId, to) => ({ state: (await drive.retry(jobId, to ?? undefined)).state }),
      redeliver: async (jobId) => ({ outcomes: await deliveries.redeliver(jobId) }),
      announce: async () => ({ outcomes: await presence.announce() }),
      retire: async () => ({ outcomes: await presence.retire() }),
    },
    log,
  )
  closers.push(() => control.stop())

  // ORDER: what is already owed is taken up before anything new is heard, so that proofs find their jobs.
  drive.resume()
  warnOfOrphans({ store, log, upstreams: new Set(bindings.keys()) })
  closers.push(keepWalletsStarted({ ...adapters, tills, drive }))
  const probe = createProbe({ relays, signer, clock, log, periodMs: probeMs })
  closers.push(() => probe.stop())
  const listening = relays.subscribe({
    name: 'jobs',
    relays: readRelays,
    echo: probe.echo,
    onCaughtUp: probe.watch,
    filters: (since) =>
      buildJobFilters({
        ...{ self: signer.pubkey, kinds: [...handlers.keys()], since, now: clock.now() },
        ...{ maxAgeSeconds: config.jobs.maxAgeSeconds, reviveDays: config.settlement.reviveDays },
      }),
    onEvent(event, relay) {
      if (event.kind === PAYMENT_PROOF_KIND) admission.screen.guard(relay, () => proofs.receive(event))
      else if (event.kind === DELETION_KIND) admission.screen.guard(relay, () => cancellations.receive(event))
      else intake.receive(event, relay)
    },
    known: (id) => intake.knows(id) || cancellations.knows(id),
  })
  closers.push(() => listening.close(), hearZaps(zaps, adapters, readRelays))
  const mail = openPrivateMail({
    ...{ config, adapters, upstreams, context, intake, drive, cancellations, proofs, probe },
    lists: deliveries.lists,
  })
  closers.push(() => mail.stop())
  if (config.announce.enabled) presence.start()
  log.info({ pubkey: signer.pubkey, upstreams: upstreams.map(({ name }) => name), relays: readRelays }, 'started')

  const pulse = createPulse({ store, relays, clock })
  let stopping: Promise<void> | null = null
  return { pubkey: signer.pubkey, status, pulse: pulse.feel, stop: () => (stopping ??= closeInOrder(closers, log)) }
}

/** The operator's own relays, in one spelling each. */
const ownRelays = (urls: readonly string[]): string[] => [
  ...new Set(urls.map(parseRelayUrl).filter((url): url is string => !isMalformed(url))),
]
