/** How much do we stand for? Hold invoices that are out, and customers' money that is not spent yet. Counted as jobs change. */
import { rejection } from '../core/errors.js'
import { isOpen, type Job } from '../core/job.js'
import type { Exposure } from '../steps/context.js'
import type { Census } from './census.js'

/** What one job counts for, under the name of its upstream. */
interface Share {
  readonly upstream: string
  readonly holds: number
  readonly liabilityMsat: number
}

/** A hold slot is taken from the offer until the hold is taken or given back. */
function shareOf(job: Job | undefined): Share | null {
  if (!job || !('offer' in job) || !job.offer?.purchase) return null
  const { purchase } = job.offer
  const { upstream } = job.call
  const isLive = isOpen(job) && !(job.state === 'failing' && 'returned' in job)
  if (purchase.mode === 'wrap') {
    const isHeld = isLive && !('hold' in job && job.hold?.taken)
    return { upstream, holds: isHeld ? 1 : 0, liabilityMsat: 0 }
  }
  const isSpent = 'spent' in job && job.spent !== undefined
  const isOwed = job.state === 'failed' && !isSpent
  return { upstream, holds: 0, liabilityMsat: (isLive && !isSpent) || isOwed ? job.offer.amountMsat : 0 }
}

/** `watch` is to be told of every change of a job, as a census is. */
export function createExposure(spentInWindow: (upstream: string, windowMs: number) => number): Exposure & {
  readonly watch: Census['move']
} {
  const holds = new Map<string, number>()
  const liability = new Map<string, number>()
  const add = (sums: Map<string, number>, name: string, amount: number): void => {
    const sum = (sums.get(name) ?? 0) + amount
    if (sum === 0) sums.delete(name)
    else sums.set(name, sum)
  }
  const count = (job: Job | undefined, sign: 1 | -1): void => {
    const share = shareOf(job)
    if (!share) return
    add(holds, share.upstream, sign * share.holds)
    add(liability, share.upstream, sign * share.liabilityMsat)
  }
  return {
    watch(before, after) {
      count(before, -1)
      count(after, 1)
    },
    holdsOf: (upstream) => holds.get(upstream) ?? 0,
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
