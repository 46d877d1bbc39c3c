/** Which policies does this configuration have? Opens them all; the list stands in the order in which they object. */
import type { Adapters } from './adapters.js'
import type { Config } from '../config/config.js'
import type { Job } from '../core/job.js'
import type { Msat } from '../core/money.js'
import { createScreen, type Screen } from '../engine/screen.js'
import { createRanks } from '../nostr/ranks.js'
import { admissionPolicies } from '../policies/admission.js'
import { createFreeQuota } from '../policies/free-quota.js'
import { createJobRate } from '../policies/job-rate.js'
import { createRateLimit, type RateLimit } from '../policies/rate.js'
import { createUnpaidQuota } from '../policies/unpaid-quota.js'
import { createGate } from '../policies/ways.js'
import type { Policy, Vetting } from '../ports.js'

export interface Admission {
  readonly screen: Screen
  readonly vettings: readonly Vetting[]
  readonly policies: readonly Policy[]
  readonly refusals: RateLimit
  /** What hears of every change of a job. */
  readonly watchers: readonly ((before: Job | undefined, after: Job | undefined) => void)[]
}

export function openAdmission(wiring: {
  readonly config: Config
  readonly adapters: Adapters
  /** Makes room for a higher bid where all is taken; false where nobody gives way. */
  readonly makeRoom: (bidMsat: Msat) => boolean
}): Admission {
  const { config, adapters, makeRoom } = wiring
  const { clock, log, relays, store } = adapters
  const ways = config.admission
  const refusals = createRateLimit(config.jobs.refusalsPerMinutePerCustomer, config.jobs.refusalsPerMinute)
  const ranks = createRanks({ providers: ways.rankProviders, relays, clock, log })
  const isOpen = ways.any.length === 0 && ways.deny.size === 0

  const quotas: { policy: Policy; move: Admission['watchers'][number] }[] = []
  if (ways.unpaid.perHour !== null || ways.unpaid.perDay !== null) {
    quotas.push(createUnpaidQuota(ways.unpaid, clock))
  }
  if (ways.freePerDay !== null) {
    const hasCredit: Parameters<typeof createFreeQuota>[0]['hasCredit'] = (customer, upstream) =>
      store.credit(customer, upstream) !== undefined
    quotas.push(createFreeQuota({ perDay: ways.freePerDay, hasCredit, clock }))
  }
  const isRated = ways.jobs.perMinute !== null || ways.jobs.perHour !== null

  return {
    screen: createScreen({ ways, refusals, clock, log }),
    vettings: isOpen ? [] : [createGate(ways, (customer) => ranks.standingOf(customer))],
    policies: admissionPolicies(config.jobs, {
      quotas: quotas.map(({ policy }) => policy),
      // Last but one: it takes of the rate, and whoever makes room for nothing does harm.
      rates: isRated ? [createJobRate(ways.jobs, clock)] : [],
      makeRoom,
    }),
    refusals,
    watchers: quotas.map(({ move }) => move),
  }
}
