/** How much of customers' money may be with us, and how much may we spend? Caps on resale, counted as jobs change and kept over restarts. */
import { rejection, type Rejection } from '../core/errors.js'
import type { EventId, Millis } from '../core/identifiers.js'
import { createOneAtATime } from '../core/one-at-a-time.js'
import { isOpen, type Job, type Paying, type Refunding } from '../core/job.js'
import type { Msat } from '../core/money.js'
import type { Upstream } from '../core/route.js'
import type { Clock } from '../ports.js'
import type { Census } from './census.js'

/** Millisatoshi that payments to each upstream were begun for, by the hour since 1970. */
export type SpendingRecord = Record<string, Record<string, number>>

export interface SpendingMemory {
  /** Durable when resolved. */
  write(record: SpendingRecord): Promise<void>
}

export interface Resale {
  /** Why not so much more may be taken in; null where it may, and is kept for the job until it leaves its state. */
  objectionToResale(upstream: Upstream, job: Pick<Job, 'id'>, amountMsat: Msat, costMsat: Msat): Rejection | null
  /**
   * Counts the payment, durably, before it is begun; why it may not be begun, otherwise. Idempotent for a job while it pays.
   * @throws where it cannot be written.
   */
  spend(job: Paying, upstream: Upstream | undefined): Promise<Rejection | null>
  /** As `spend`, for the fees of a refund, of which a share of the window may be spent: false where it has to wait. */
  spendOnRefund(job: Refunding, upstream: Upstream | undefined): Promise<boolean>
  readonly watch: Census['move']
}

const HOUR_MS: Millis = 3_600_000
/** The longest window that can be set. */
const LONGEST_HOURS = 721
/**
 * Of the window. The whole amount goes back, and its fees are ours: whoever stands in with an upstream that cannot be paid, and is himself
 * the last hop, would earn them with each job.
 */
const REFUND_FEES_SHARE = 10
/** In the record, beside the upstream's own: no upstream is named so. */
const refundsOf = (upstream: string): string => `refunds:${upstream}`

const resold = (job: Job) => {
  const offer = 'offer' in job ? job.offer : undefined
  return offer?.purchase?.mode === 'resell' ? { ...offer, purchase: offer.purchase } : null
}
const costOf = ({ purchase }: Paying['offer']): number => purchase.amountMsat + purchase.maxFeeMsat

/** The invoice may be paid, or was: until the money is spent or given back it is the customer's. */
function isLiable(job: Job): boolean {
  if (!resold(job) || ('spent' in job && job.spent !== undefined)) return false
  if (isOpen(job)) return !('returned' in job && job.returned)
  return job.state === 'failed' || (job.state === 'cancelled' && !('lapsed' in job))
}

/** Of `isLiable`, what may yet be spent on the upstream. */
const isPlanned = ({ state }: Job): boolean =>
  state === 'offering' || state === 'awaiting' || state === 'cancelled' || state === 'paying'

export function createResale(wiring: {
  readonly record: SpendingRecord
  readonly memory: SpendingMemory
  readonly clock: Clock
}): Resale {
  const { record, memory, clock } = wiring
  const liability = new Map<string, number>()
  const planned = new Map<string, number>()
  /** Objected to nothing, and not yet offered: of jobs that ask together none slips past. */
  const reserved = new Map<EventId, { readonly upstream: string; readonly amount: number; readonly cost: number }>()
  /** Counted in the record, by the hour, while their fate is open. */
  const begun = new Map<EventId, number>()
  const refundsBegun = new Map<EventId, number>()
  const writing = createOneAtATime()
  let queued: Promise<void> | null = null
  /** Those that ask while a write is under way share the next. */
  const persist = (): Promise<void> =>
    (queued ??= writing(() => {
      queued = null
      return memory.write(record)
    }))

  const add = (sums: Map<string, number>, name: string, amount: number): void => {
    sums.set(name, (sums.get(name) ?? 0) + amount)
  }
  function count(job: Job, sign: 1 | -1): void {
    const offer = resold(job)
    if (!offer || !job.call || !isLiable(job)) return
    add(liability, job.call.upstream, sign * offer.amountMsat)
    if (isPlanned(job) && !begun.has(job.id)) add(planned, job.call.upstream, sign * costOf(offer))
  }

  const hourOf = (at: Millis): number => Math.floor(at / HOUR_MS)
  function book(upstream: string, hour: number, msat: number): void {
    const hours = (record[upstream] ??= {})
    hours[hour] = Math.max(0, (hours[hour] ?? 0) + msat)
    const oldest = hourOf(clock.now()) - LONGEST_HOURS
    for (const known of Object.keys(hours)) if (Number(known) < oldest || hours[known] === 0) delete hours[known]
  }
  /** Whole hours: one that began before the window counts in full. */
  function spentIn(upstream: string, windowMs: Millis): number {
    const oldest = hourOf(clock.now() - windowMs)
    const hours = Object.entries(record[upstream] ?? {})
    return hours.reduce((sum, [hour, msat]) => (Number(hour) >= oldest ? sum + msat : sum), 0)
  }

  /** What was counted and not spent: all of it where nothing was sent, and never will be; or fees that were not needed. */
  function giveBack(before: Job, after: Job | undefined): void {
    const hour = begun.get(before.id)
    const offer = resold(before)
    if (hour === undefined || !offer || !before.call || !after) return
    const { maxFeeMsat } = offer.purchase
    const fees = 'spent' in after ? (after.spent?.feesMsat ?? maxFeeMsat) : maxFeeMsat
    const unspent = after.state === 'refunding' ? costOf(offer) : maxFeeMsat - fees
    if (unspent > 0) book(before.call.upstream, hour, -unspent)
  }

  /** Once a refund is sent, or the try given up, what it did not cost is free again. */
  function endRefund(before: Job, after: Job | undefined): void {
    const hour = refundsBegun.get(before.id)
    if (hour === undefined || before.state !== 'refunding' || before.refund.spending === null) return
    const refund = after && 'refund' in after ? after.refund : undefined
    if (refund?.spending && !refund.spent) return
    refundsBegun.delete(before.id)
    const { maxFeeMsat } = before.offer.purchase
    const fees = refund?.spent ? (refund.spent.feesMsat ?? maxFeeMsat) : 0
    if (maxFeeMsat > fees) book(refundsOf(before.call.upstream), hour, fees - maxFeeMsat)
  }

  return {
    watch(before, after) {
      if (before) count(before, -1)
      if (before) endRefund(before, after)
      if (before && after?.state !== before.state) {
        reserved.delete(before.id)
        giveBack(before, after)
        if (after?.state !== 'tracking') begun.delete(before.id)
      }
      if (after) count(after, 1)
    },
    objectionToResale({ name, terms }, { id }, amountMsat, costMsat) {
      const { maxMsat, maxWindowMsat, maxLiabilityMsat, windowMs } = terms.resell
      reserved.delete(id)
      if (costMsat > maxMsat) return rejection('price-exceeds-cap', `${costMsat} msat, above resell.maxSats`)
      const others = [...reserved.values()].filter(({ upstream }) => upstream === name)
      const taken = others.reduce((sum, { amount }) => sum + amount, liability.get(name) ?? 0)
      if (taken + amountMsat > maxLiabilityMsat) return rejection('at-capacity', 'resell.maxLiabilitySats is reached')
      const bound = others.reduce((sum, { cost }) => sum + cost, planned.get(name) ?? 0)
      if (spentIn(name, windowMs) + bound + costMsat > maxWindowMsat) {
        return rejection('at-capacity', 'resell.maxWindowSats is reached')
      }
      reserved.set(id, { upstream: name, amount: amountMsat, cost: costMsat })
      return null
    },
    async spend(job, upstream) {
      if (begun.has(job.id)) return null
      if (!upstream) return rejection('upstream-unpayable', 'the upstream is no longer configured')
      const { maxWindowMsat, windowMs } = upstream.terms.resell
      const cost = costOf(job.offer)
      if (spentIn(upstream.name, windowMs) + cost > maxWindowMsat) {
        return rejection('upstream-unpayable', 'resell.maxWindowSats is reached')
      }
      const hour = hourOf(clock.now())
      // ORDER: counted at once, so that of many that pay together none slips past; and on disk before the payment is begun.
      add(planned, upstream.name, -cost)
      begun.set(job.id, hour)
      book(upstream.name, hour, cost)
      try {
        await persist()
      } catch (error) {
        begun.delete(job.id)
        add(planned, upstream.name, cost)
        book(upstream.name, hour, -cost)
        throw error
      }
      return null
    },
    async spendOnRefund({ id, offer, call }, upstream) {
      if (refundsBegun.has(id) || !upstream) return true
      const { maxWindowMsat, windowMs } = upstream.terms.resell
      const { maxFeeMsat } = offer.purchase
      const name = refundsOf(call.upstream)
      const spent = spentIn(name, windowMs)
      if (spent > 0 && (spent + maxFeeMsat) * REFUND_FEES_SHARE > maxWindowMsat) return false
      const hour = hourOf(clock.now())
      refundsBegun.set(id, hour)
      book(name, hour, maxFeeMsat)
      try {
        await persist()
      } catch (error) {
        refundsBegun.delete(id)
        book(name, hour, 0 - maxFeeMsat)
        throw error
      }
      return true
    },
  }
}
