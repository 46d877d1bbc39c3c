/** What does it take to try the intake? The real one, before a real drive whose steps stand still. */
import httpHandler from '../../handlers/http.js'
import { rejection } from '../../src/core/errors.js'
import type { Failing } from '../../src/core/job.js'
import { createIntake, type Intake } from '../../src/engine/intake.js'
import type { Screen } from '../../src/engine/screen.js'
import { routeJob } from '../../src/engine/routing.js'
import { admissionPolicies } from '../../src/policies/admission.js'
import { createRateLimit } from '../../src/policies/rate.js'
import type { JobHandler, JobStore } from '../../src/ports.js'
import { PAUSE } from '../../src/steps/context.js'
import { createDriveWorld, type DriveWorld, type ScriptedStep } from './drive-world.js'
import { PROVIDER } from './sign-jobs.js'
import { OWN_RELAY, RUN, sampleUpstream } from './step-world.js'

export interface IntakeWorld extends DriveWorld {
  readonly intake: Intake
  /** Refusals that were said and not stored. */
  readonly unrecorded: Failing[]
}

export interface IntakeOptions {
  readonly step?: ScriptedStep
  readonly concurrency?: number
  readonly screen?: Screen
  readonly handler?: Partial<JobHandler>
  readonly limits?: { maxUnpaidPerCustomer?: number; maxOpenPerCustomer?: number; maxOpen?: number }
  readonly refusals?: readonly [perCustomer: number, inAll: number]
  readonly acceptsJobs?: () => boolean
  readonly store?: (store: JobStore) => JobStore
}

export function createIntakeWorld(options: IntakeOptions = {}): IntakeWorld {
  const world = createDriveWorld(options.step ?? (() => PAUSE), { concurrency: options.concurrency ?? 4 })
  const { census, slots, clock, log, drive } = world
  const unrecorded: Failing[] = []
  const acceptsJobs = options.acceptsJobs ?? (() => true)
  const plain = { ...world.store, acceptsJobs }
  const store = options.store?.(plain) ?? plain
  const intake = createIntake({
    self: PROVIDER,
    run: RUN,
    handlers: new Map([[5800, { ...httpHandler, ...options.handler }]]),
    open: async () => rejection('encryption-unsupported'),
    objections: { open: null, sealed: null },
    route: (request, handler) => routeJob([sampleUpstream], request, handler),
    vettings: [],
    ...(options.screen ? { screen: options.screen } : {}),
    policies: admissionPolicies(
      { maxUnpaidPerCustomer: 5, maxOpenPerCustomer: 50, maxOpen: 100, ...options.limits },
      { quotas: [], rates: [], makeRoom: (bid) => slots.displace(bid) },
    ),
    seen: ({ customer }) => ({
      openOfCustomer: census.of(customer).open,
      unpaidOfCustomer: census.of(customer).unpaid,
      openInAll: census.openInAll(),
      acceptsJobs: acceptsJobs(),
    }),
    refusals: createRateLimit(...(options.refusals ?? [1_000, 1_000])),
    replyRelays: { max: 2, allowPrivate: false, own: new Set([OWN_RELAY]) },
    maxAgeMs: 600_000,
    maxAheadMs: 300_000,
    store,
    drive,
    sayUnrecorded: async (job) => void unrecorded.push(job),
    clock,
    log,
  })
  return { ...world, intake, unrecorded }
}
