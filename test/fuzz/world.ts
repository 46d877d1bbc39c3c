/** Before what does a fuzzed event stand? The real pool, intake, channels, mail and dispatch, over a socket that is fed by hand. */
import httpHandler from '../../handlers/http.js'
import { isCustomerErrorCode } from '../../src/core/errors.js'
import type { NostrEvent } from '../../src/core/event.js'
import { createCensus } from '../../src/engine/census.js'
import { createDispatch } from '../../src/engine/dispatch.js'
import { createDrive } from '../../src/engine/drive.js'
import { createIntake, type Intake } from '../../src/engine/intake.js'
import { createMailSorting, type MailSorting } from '../../src/engine/mail-sorting.js'
import { routeJob } from '../../src/engine/routing.js'
import { createScreen } from '../../src/engine/screen.js'
import { createSlots } from '../../src/engine/slots.js'
import type { Route, Upstream } from '../../src/core/route.js'
import { msatFromSats } from '../../src/core/money.js'
import { compileRoute } from '../../src/l402/path.js'
import { createChannels } from '../../src/nostr/channels.js'
import { createRelayPool } from '../../src/nostr/relay-pool.js'
import type { RelaySocketOptions } from '../../src/nostr/relay-socket.js'
import { createKeySigner } from '../../src/nostr/signer.js'
import { admissionPolicies } from '../../src/policies/admission.js'
import { createRateLimit } from '../../src/policies/rate.js'
import type { Logger, RelayPool } from '../../src/ports.js'
import { PAUSE, type StepContext } from '../../src/steps/context.js'
import { createMemoryStore } from '../../src/stores/memory-store.js'
import { createMovedClock } from '../support/pool-fixture.js'
import { PROVIDER, PROVIDER_KEY } from '../support/sign-jobs.js'
import { must } from './target.js'

const RELAY = 'wss://fuzz.test/'
const quiet = (): void => undefined

export interface World {
  readonly intake: Intake
  readonly sorting: MailSorting
  readonly pool: RelayPool
  /** Subscription ids that the pool has asked for on its line. */
  readonly requests: () => readonly string[]
  /** What the relay says next. */
  feed(frame: string): void
  /** Faults that the code caught and wrote down: of the engine, none is expected. */
  readonly errors: string[]
  stop(): Promise<void>
}

const route: Route = {
  ...{ name: 'joke', methods: new Set(['GET', 'POST']), pattern: '/joke/**', matches: compileRoute('/joke/**') },
  ...{ maxMsat: msatFromSats(100), minMsat: msatFromSats(1), repeatable: new Set(['GET']), idempotencyKey: false },
  ...{ gated: false, priceMsat: null, description: null },
}
export const UPSTREAM = {
  ...{ name: 'api', publicUrl: null, payee: null, statusEndpoint: true, merchantWallet: null, exactPrice: null },
  ...{ reuseCredit: true, maxRequestBytes: 4_000, routes: [route] },
} as unknown as Upstream

export function createWorld(): World {
  const clock = createMovedClock()
  const errors: string[] = []
  const log: Logger = {
    ...{ debug: quiet, info: quiet, warn: quiet },
    error: (fields, event) => void errors.push(`${event} ${JSON.stringify(fields)}`),
  }
  const signer = createKeySigner(PROVIDER_KEY)
  const line: { options: RelaySocketOptions | null; requests: string[] } = { options: null, requests: [] }
  const pool = createRelayPool({
    ...{ clock, log, own: new Set([RELAY]), authenticate: (template) => signer.sign(template), random: () => 0.5 },
    cursors: { cursor: () => undefined, putCursor: quiet },
    openSocket(options) {
      line.options = options
      line.requests = []
      queueMicrotask(() => line.options === options && options.onOpen())
      return {
        send(frame) {
          const [label, id] = JSON.parse(frame) as [string, string]
          if (label === 'REQ') line.requests.push(id)
          return true
        },
        close(reason = 'closed by us') {
          if (line.options === options) line.options = null
          queueMicrotask(() => options.onClose({ reason, tooBig: false }))
        },
      }
    },
  })
  const store = createMemoryStore()
  const context = {
    ...{ run: 'run-1', clock, log, store, begun: new WeakSet(), signer },
    settlements: { isWatched: () => false, unwatch: quiet },
    send: quiet,
  } as unknown as StepContext
  const census = createCensus()
  const slots = createSlots(8, () => clock.now())
  const drive = createDrive({
    ...{ context: () => context, slots, census, reviveMs: 1_000, lateMs: 1_000 },
    performStep: async (_context, job) => {
      if (job.state === 'failing') must(isCustomerErrorCode(job.failure.code), 'a refusal has a documented code')
      return PAUSE
    },
  })
  const channels = createChannels({ signer, clock, rules: { jobs: 'accept', answers: 'inKind' } })
  const refusals = createRateLimit(1_000_000, 1_000_000)
  const ways = {
    any: [],
    allow: new Set([]),
    deny: new Set([]),
    workBits: 0,
    minRank: 0,
    unanswered: 'refuse',
  } as const
  const intake = createIntake({
    self: PROVIDER,
    run: 'run-1',
    handlers: new Map([[5800, httpHandler]]),
    open: channels.open,
    objections: channels.objections,
    route: (request, handler) => routeJob([UPSTREAM], request, handler),
    screen: createScreen({ ways: { ...ways, deny: new Set(['0'.repeat(64)]) as never }, refusals, clock, log }),
    vettings: [],
    policies: admissionPolicies(
      { maxUnpaidPerCustomer: 100_000, maxOpenPerCustomer: 100_000, maxOpen: 500 },
      { quotas: [], rates: [], makeRoom: (bid) => slots.displace(bid) },
    ),
    seen: ({ customer }) => ({
      ...{ openOfCustomer: census.of(customer).open, unpaidOfCustomer: 0 },
      ...{ openInAll: census.weightInAll(), acceptsJobs: true },
    }),
    refusals,
    replyRelays: { max: 5, allowPrivate: false, own: new Set([RELAY]) },
    maxAgeMs: 600_000,
    maxAheadMs: 300_000,
    store,
    drive,
    sayUnrecorded: async () => undefined,
    clock,
    log,
  })
  const dispatch = createDispatch({
    ...{ self: PROVIDER, upstreams: [UPSTREAM], tasks: [], context: () => context, maxAheadMs: 300_000, clock },
    ...{ arrive: (arrival) => intake.arrive(arrival), cancel: quiet, prove: quiet, acknowledged: quiet },
  })
  const sorting = createMailSorting({
    ...{
      kinds: new Map([[5800, 1]]),
      lists: { inboxRelays: async () => [RELAY] },
      knows: (id: string) => intake.knows(id),
    },
    ...{ arrive: (arrival) => intake.arrive(arrival), dispatch, cancel: quiet, prove: quiet, clock, log },
  })
  const isJob = (event: NostrEvent) => event.kind === 5800
  pool.subscribe({
    ...{ name: 'jobs', relays: [RELAY], known: (id) => intake.knows(id) },
    filters: () => [{ kinds: [5800, 7402, 5, 1059], '#p': [PROVIDER] }],
    onEvent: (event, relay) => isJob(event) && intake.receive(event, relay),
  })
  return {
    intake,
    sorting,
    pool,
    errors,
    requests: () => line.requests,
    feed(frame) {
      // A relay that was left is dialled again.
      for (let look = 0; !line.options && look < 5; look += 1) clock.advance(60_000)
      line.options?.onFrame(frame)
    },
    async stop() {
      sorting.stop()
      await Promise.all([pool.stop(), drive.stop()])
    },
  }
}
