/** How much do we stand for? Hold invoices that are out, and customers' money that is not spent yet. Counted as jobs change. */
import { rejection } from '../core/errors.js'
import { isOpen, type Job } from '../core/job.js'
import type { Exposure } from '../steps/context.js'
import { createHolds, type Holds } from './holds.js'

/** What one job counts for, under the name of its upstream. */
interface Share {
  readonly upstream: string
  readonly liabilityMsat: number
}

function shareOf(job: Job | undefined): Share | null {
  if (!job || !('offer' in job) || !job.offer?.purchase || job.offer.purchase.mode !== 'resell') return null
  const { upstream } = job.call
  const isLive = isOpen(job) && !(job.state === 'failing' && 'returned' in job)
  const isSpent = 'spent' in job && job.spent !== undefined
  const isOwed = job.state === 'failed' && !isSpent
  return { upstream, liabilityMsat: (isLive && !isSpent) || isOwed ? job.offer.amountMsat : 0 }
}

/** `watch` is to be told of every change of a job, as a census is. */
export function createExposure(spentInWindow: (upstream: string, windowMs: number) => number): Exposure & Holds {
  const holds = createHolds()
  const liability = new Map<string, number>()
  const add = (sums: Map<string, number>, name: string, amount: number): void => {
    const sum = (sums.get(name) ?? 0) + amount
    if (sum === 0) sums.delete(name)
    else sums.set(name, sum)
  }
  const count = (job: Job | undefined, sign: 1 | -1): void => {
    const share = shareOf(job)
    if (!share) return
    add(liability, share.upstream, sign * share.liabilityMsat)
  }
  return {
    ...holds,
    watch(before, after) {
      holds.watch(before, after)
      count(before, -1)
      count(after, 1)
    },
    objectionToResale({ name, terms }, _job, amountMsat, costMsat) {
      const { maxMsat, maxWindowMsat, maxLiabilityMsat, windowMs } = terms.resell
      if (costMsat > maxMsat)
        return rejection('price-exceeds-cap', `${costMsat} msat, resell.maxSats allows ${maxMsat}`)
      const open = liability.get(name) ?? 0
      if (open + amountMsat > maxLiabilityMsat) return rejection('at-capacity', 'resell.maxLiabilitySats is reached')
      // What is open will be spent, too.
      if (spentInWindow(name, windowMs) + open + costMsat > maxWindowMsat) {
        return rejection('at-capacity', 'resell.maxWindowSats is reached')
      }
      return null
    },
  }
}
