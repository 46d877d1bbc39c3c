/** How many jobs has each customer, and how many are there in all? Counted as jobs change, never by a scan. */
import type { Pubkey } from '../core/identifiers.js'
import { isOpen, isUnpaidInvoice, type Job } from '../core/job.js'

export interface Census {
  /** Counts a job's change; `before` is undefined for a new one, `after` for one that leaves the store. */
  move(before: Job | undefined, after: Job | undefined): void
  openInAll(): number
  /** As `openInAll`, with a large job counted as the several that would fit into its place, and with unpaid invoices of closed ones. */
  weightInAll(): number
  of(customer: Pubkey): { readonly open: number; readonly unpaid: number }
}

/** Characters of a request that an open job may hold before it counts twice. */
const CHARACTERS_OF_ONE = 16_384

/** Characters that were gathered beside the body. */
const keptBeside = ({ gathered = [] }: Job): number =>
  gathered.reduce((sum, kept) => sum + ('content' in kept ? kept.content.length : 0), 0)

/**
 * `watchers` hear of each change, too: what counts by other measures. `mostGathered`: characters that a job counts for its inputs
 * while they are not there yet.
 */
export function createCensus(watchers: readonly Census['move'][] = [], mostGathered = 0): Census {
  function weightOf(job: Job): number {
    const inputs = job.state === 'gathering' ? mostGathered : keptBeside(job)
    return 1 + Math.floor((job.request.length + (job.call?.body?.length ?? 0) + inputs) / CHARACTERS_OF_ONE)
  }

  const customers = new Map<Pubkey, { open: number; unpaid: number }>()
  let open = 0
  let weight = 0

  function count(job: Job, step: 1 | -1): void {
    const [isOpenOne, isUnpaid] = [isOpen(job), isUnpaidInvoice(job)]
    // A job that was called off with its invoice out is closed, and costs what it cost before until the invoice lapses.
    if (!isOpenOne && !isUnpaid) return
    weight += step * weightOf(job)
    const own = customers.get(job.customer) ?? { open: 0, unpaid: 0 }
    if (isOpenOne) {
      open += step
      own.open += step
    }
    if (isUnpaid) own.unpaid += step
    if (own.open === 0 && own.unpaid === 0) customers.delete(job.customer)
    else customers.set(job.customer, own)
  }

  return {
    move(before, after) {
      if (before) count(before, -1)
      if (after) count(after, 1)
      for (const watch of watchers) watch(before, after)
    },
    openInAll: () => open,
    weightInAll: () => weight,
    of: (customer) => customers.get(customer) ?? { open: 0, unpaid: 0 },
  }
}
