/** How many invoices has this key caused of late, and not paid? Each costs the upstream work, also where it expires unseen. */
import { rejection } from '../core/errors.js'
import type { EventId, Millis, Pubkey } from '../core/identifiers.js'
import { isPaid, type Job } from '../core/job.js'
import type { Clock, Policy } from '../ports.js'
import { retryAfter } from './remedy.js'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
/** Unpaid invoices that are remembered in all; the customers who were quiet longest are forgotten first. */
const MOST_KEPT = 100_000

export interface UnpaidQuota {
  readonly policy: Policy
  /** A job changed; `before` is undefined for one that was stored already when we started, or is new. */
  move(before: Job | undefined, after: Job | undefined): void
}

/**
 * Null stands for no limit. Rebuilt at start from the jobs that the store still holds: an expired offer stays there for days, so a
 * restart forgives little more than what was refused after its invoice was made.
 */
export function createUnpaidQuota(
  { perHour, perDay }: { readonly perHour: number | null; readonly perDay: number | null },
  clock: Clock,
): UnpaidQuota {
  const unpaid = new Map<Pubkey, Map<EventId, Millis>>()
  let kept = 0

  function note(customer: Pubkey, id: EventId, at: Millis): void {
    const own = unpaid.get(customer) ?? new Map<EventId, Millis>()
    if (own.has(id)) return
    own.set(id, at)
    kept += 1
    unpaid.delete(customer)
    unpaid.set(customer, own) // the most recent last, so that the first is the one to forget
    while (kept > MOST_KEPT) {
      const quietest = unpaid.entries().next()
      if (quietest.done) break
      kept -= quietest.value[1].size
      unpaid.delete(quietest.value[0])
    }
  }

  function strike(customer: Pubkey, ids: Iterable<EventId>): void {
    const own = unpaid.get(customer)
    if (!own) return
    for (const id of ids) if (own.delete(id)) kept -= 1
    if (own.size === 0) unpaid.delete(customer)
  }

  /** Times of the last day, in their order. */
  function timesOf(customer: Pubkey, now: Millis): Millis[] {
    const own = unpaid.get(customer)
    if (!own) return []
    strike(
      customer,
      [...own].filter(([, at]) => at <= now - DAY_MS).map(([id]) => id),
    )
    return [...own.values()].sort((a, b) => a - b)
  }

  /** When the limit would let another through. */
  function waitMs(times: readonly Millis[], most: number | null, periodMs: Millis, now: Millis): Millis {
    const decisive = most === null ? undefined : times.at(-most)
    return decisive === undefined ? 0 : Math.max(0, decisive + periodMs - now)
  }

  return {
    policy({ customer }) {
      const now = clock.now()
      const times = timesOf(customer, now)
      const wait = Math.max(waitMs(times, perHour, HOUR_MS, now), waitMs(times, perDay, DAY_MS, now))
      return wait > 0 ? { ...rejection('unpaid-quota-used'), remedy: retryAfter(wait) } : null
    },
    move(before, after) {
      if (before?.state === 'quoting' && after?.state !== 'quoting' && after?.state !== 'invoicing') {
        return strike(before.customer, [before.id]) // no invoice was made
      }
      if (!after) return
      if (isPaid(after)) return strike(after.customer, [after.id])
      if (before) return
      if ('offer' in after && after.offer) note(after.customer, after.id, after.offer.offeredAt)
      // Counted before it is asked for: of many that arrive together none slips past.
      if (after.state === 'quoting' || after.state === 'invoicing') note(after.customer, after.id, after.updatedAt)
    },
  }
}
