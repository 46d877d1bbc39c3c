/** What does a step see of the world? Every port as a script, with the settings of an ordinary daemon. */
import httpHandler from '../../handlers/http.js'
import { standingOf } from '../../src/core/delivery.js'
import type { EventId, PaymentHash } from '../../src/core/identifiers.js'
import type { Delivery, Job } from '../../src/core/job.js'
import { msatFromSats } from '../../src/core/money.js'
import type { Route, Upstream } from '../../src/core/route.js'
import { createDestinations } from '../../src/engine/destinations.js'
import { createKeySigner } from '../../src/nostr/signer.js'
import type { JobStore, Wallet } from '../../src/ports.js'
import type { MerchantWallet } from '../../src/settlement/merchant-wallet.js'
import type { Found, SettlementWatch, WatchTarget } from '../../src/settlement/watch.js'
import type { StepContext, StepSettings } from '../../src/steps/context.js'
import { createMemoryStore } from '../../src/stores/memory-store.js'
import { createFakeClock, type FakeClock } from './fake-clock.js'
import { createScriptedPool, type ScriptedPool } from './scripted-pool.js'
import { createScriptedUpstream, type ScriptedUpstream } from './scripted-upstream.js'
import { createLogRecorder } from './store-parts.js'
import { NO_EXPOSURE, NO_PURSE } from './purchase-terms.js'

export const RUN = 'run-1'
export const OWN_RELAY = 'wss://own.test/'

export const sampleRoute: Route = {
  name: 'joke',
  methods: new Set(['GET', 'POST']),
  matches: () => true,
  pattern: '/joke',
  maxMsat: msatFromSats(100),
  minMsat: msatFromSats(1),
  repeatable: new Set(['GET']),
  idempotencyKey: false,
  gated: false,
  priceMsat: null,
  description: null,
}

export const sampleUpstream: Upstream = {
  ...NO_PURSE,
  name: 'api',
  publicUrl: 'https://public.test',
  payee: null,
  statusEndpoint: true,
  merchantWallet: null,
  exactPrice: null,
  reuseCredit: true,
  maxRequestBytes: 1_000,
  routes: [sampleRoute],
}

export interface StepWorld {
  readonly context: StepContext
  readonly clock: FakeClock
  readonly store: JobStore
  readonly pool: ScriptedPool
  readonly api: ScriptedUpstream
  readonly log: ReturnType<typeof createLogRecorder>
  readonly sent: { readonly job: Job; readonly delivery: Delivery }[]
  readonly watched: Map<PaymentHash, WatchTarget>
  readonly found: Map<PaymentHash, Found>
}

export function createStepWorld(
  changes: {
    readonly route?: Partial<Route>
    readonly upstream?: Partial<Upstream>
    readonly settings?: Partial<StepSettings>
    readonly context?: Partial<StepContext>
    readonly wallet?: { readonly port: Wallet; readonly source: MerchantWallet }
    readonly clock?: FakeClock
  } = {},
): StepWorld {
  const clock = changes.clock ?? createFakeClock()
  const [store, pool, api, log] = [
    createMemoryStore(),
    createScriptedPool(),
    createScriptedUpstream(),
    createLogRecorder(),
  ]
  const sent: StepWorld['sent'] = []
  const watched: StepWorld['watched'] = new Map()
  const found: StepWorld['found'] = new Map()
  const settings = { ...sampleUpstream, ...changes.upstream, routes: [{ ...sampleRoute, ...changes.route }] }
  const settlements: SettlementWatch = {
    watch: (target) => void watched.set(target.paymentHash, target),
    unwatch: ({ paymentHash }) => void watched.delete(paymentHash),
    isWatched: (paymentHash) => watched.has(paymentHash),
    foundFor: (paymentHash) => found.get(paymentHash),
    get size() {
      return watched.size
    },
    stop: () => undefined,
  }
  const signer = createKeySigner(Buffer.alloc(32, 7))
  const context: StepContext = {
    run: RUN,
    clock,
    log,
    signer,
    relays: pool,
    store,
    upstreams: new Map([['api', { settings, client: api, wallet: changes.wallet ?? null }]]),
    handlers: new Map([[5800, httpHandler]]),
    settlements,
    purses: new Map(),
    exposure: NO_EXPOSURE,
    settings: {
      ...{ network: 'regtest', writeRelays: [OWN_RELAY], quorum: 1, maxEventBytes: 65_536, graceMs: 60_000 },
      ...{ paymentWindowMs: 60_000, maxUnpaidPerCustomer: 3, retryMs: 1_000, patienceMs: 86_400_000, lookMs: 1_000 },
      ...changes.settings,
    },
    begun: new WeakSet(),
    unpaidOf: () => 0,
    seal: (_job, template) => signer.sign(template),
    destinations: createDestinations({ writeRelays: [OWN_RELAY] }),
    send: (job, delivery) => void sent.push({ job, delivery }),
    standing: (delivery) => standingOf(delivery, 1),
    ...changes.context,
  }
  return { context, clock, store, pool, api, log, sent, watched, found }
}

/** Ids that differ, for tests with several jobs. */
export const numberedId = (number: number): EventId => number.toString(16).padStart(64, '0') as EventId
