/** What is open of hold invoices? Slots by upstream, payments under way by payee, what comes near its end, and what was lost. */
import type { EventId } from '../core/identifiers.js'
import { isOpen, type Invoicing, type Job, type Tracking } from '../core/job.js'
import { lossOf } from '../core/ledger.js'
import type { Census } from './census.js'

export interface Losses {
  readonly count: number
  readonly msat: number
}

export interface Holds {
  /** Keeps one of so many places of its upstream for the job until it leaves its state; false where all are taken. Idempotent. */
  takeSlot(job: Invoicing, most: number): boolean
  /** Payments of held money to this node that were announced, and whose fate is unknown. */
  underWayTo(payee: string): number
  /** The fate of its payment is unknown, and the hold nears its end: until that is over, nothing more is held for its upstream. */
  endanger(job: Tracking): void
  isHalted(upstream: string): boolean
  /** Of all jobs that are kept, and a job with a loss is kept for good. */
  losses(): Losses
  readonly watch: Census['move']
}

interface Share {
  readonly slots: number
  readonly underWay: number
}

/** A slot is taken from the offer until the hold is taken or given back. */
function shareOf(job: Job): Share {
  const purchase = 'offer' in job ? job.offer?.purchase : undefined
  if (purchase?.mode !== 'wrap') return { slots: 0, underWay: 0 }
  const isReturned = 'returned' in job && job.returned
  const isTaken = 'hold' in job && job.hold?.taken === true
  // Called off with its invoice out, it may yet be held.
  const isOut = isOpen(job) || (job.state === 'cancelled' && !('lapsed' in job))
  const isUnderWay = job.state === 'tracking' || (job.state === 'paying' && job.spending.attempt !== null)
  return {
    slots: isOut && !isReturned && !isTaken ? 1 : 0,
    underWay: isUnderWay ? 1 : 0,
  }
}

export function createHolds(): Holds {
  const slots = new Map<string, number>()
  const reserved = new Map<EventId, string>()
  const underWay = new Map<string, number>()
  const endangered = new Map<EventId, string>()
  const lost = { count: 0, msat: 0 }

  const add = (sums: Map<string, number>, name: string, amount: number): void => {
    const sum = (sums.get(name) ?? 0) + amount
    if (sum === 0) sums.delete(name)
    else sums.set(name, sum)
  }
  function count(job: Job, sign: 1 | -1): void {
    const purchase = 'offer' in job ? job.offer?.purchase : undefined
    if (!purchase || !job.call) return
    const share = shareOf(job)
    if (share.slots > 0) add(slots, job.call.upstream, sign)
    if (share.underWay > 0) add(underWay, purchase.payee, sign)
    const loss = lossOf(job)
    if (!loss) return
    lost.count += sign
    lost.msat += sign * loss.amountMsat
  }

  return {
    watch(before, after) {
      if (before) count(before, -1)
      if (after) count(after, 1)
      if (before?.state === 'invoicing' && after?.state !== 'invoicing') reserved.delete(before.id)
      if (before?.state === 'tracking' && after?.state !== 'tracking') endangered.delete(before.id)
    },
    takeSlot({ id, call: { upstream } }, most) {
      if (reserved.has(id)) return true
      // Those that are being made are open in a moment.
      const inMaking = [...reserved.values()].filter((name) => name === upstream).length
      if ((slots.get(upstream) ?? 0) + inMaking >= most) return false
      reserved.set(id, upstream)
      return true
    },
    underWayTo: (payee) => underWay.get(payee) ?? 0,
    endanger: (job) => void endangered.set(job.id, job.call.upstream),
    isHalted: (upstream) => [...endangered.values()].includes(upstream),
    losses: () => ({ ...lost }),
  }
}
