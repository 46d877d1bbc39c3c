/** Did every job end, and once? What must be true when the storm is over. */
import type { JobStore } from '../../src/ports.js'
import type { Api } from './api.js'
import type { AskedJob, Customers } from './customers.js'
import type { ChaosRelay } from './relay.js'

export interface Verdict {
  readonly jobs: number
  readonly completed: number
  readonly paid: number
  readonly errors: number
  readonly unpaid: number
  /** Paid without a result, asked and never answered, or not at rest at the end; each said in a line. */
  readonly lost: readonly string[]
  /** Two results, two invoices or two executions of one job; each said in a line. */
  readonly duplicates: readonly string[]
  /** Times from the return of the good relay until it was heard again, in milliseconds. */
  readonly recoveries: readonly number[]
  readonly restarts: number
}

export function judge(world: {
  readonly customers: Customers
  readonly api: Api
  readonly relays: readonly ChaosRelay[]
  readonly store: JobStore
  readonly recoveries: readonly number[]
  readonly restarts: number
}): Verdict {
  const { api, store, recoveries, restarts } = world
  const jobs = [...world.customers.jobs.values()]
  const lost = jobs.flatMap((job) => lossOf(job, store) ?? [])
  const duplicates = jobs.flatMap((job) => duplicateOf(job, api.executions.get(job.target) ?? 0) ?? [])
  return {
    jobs: jobs.length,
    completed: jobs.filter(({ results }) => results.size > 0).length,
    paid: jobs.filter(({ paidAt }) => paidAt !== null).length,
    errors: jobs.filter(({ errors }) => errors.size > 0).length,
    unpaid: jobs.filter(({ offers, paidAt }) => offers.size > 0 && paidAt === null).length,
    lost,
    duplicates,
    recoveries,
    restarts,
  }
}

function lossOf(job: AskedJob, store: JobStore): string | null {
  const state = store.get(job.id)?.state ?? (store.has(job.id) ? 'archived' : 'unknown')
  const facts = `job ${job.id} for ${job.target}, ${state}`
  if (job.results.size > 0) return null
  if (job.paidAt !== null) return `${facts}: paid, and no result`
  if (job.offers.size > 0 || job.errors.size > 0) return null
  // An offer may lapse before the one relay that could show it came back.
  if (!job.isFree && (state === 'expired' || state === 'archived')) return null
  return job.held ? `${facts}: asked, and never answered` : `${facts}: no relay ever took it`
}

function duplicateOf(job: AskedJob, executions: number): string | null {
  if (job.results.size > 1) return `job ${job.id}: ${job.results.size} results`
  if (job.offers.size > 1) return `job ${job.id}: ${job.offers.size} invoices`
  return executions > 1 ? `job ${job.id}: executed ${executions} times` : null
}
