/** How much of an API's free tier may one key have? A tier is counted by address, and all customers share the bridge's. */
import { rejection } from '../core/errors.js'
import type { Millis, Pubkey } from '../core/identifiers.js'
import type { Job } from '../core/job.js'
import type { Clock, Policy } from '../ports.js'
import { createQuota } from './quota.js'
import { retryAfter } from './remedy.js'

const DAY_MS = 86_400_000

export interface FreeQuota {
  readonly policy: Policy
  move(before: Job | undefined, after: Job | undefined): void
}

/**
 * Whether a call is free is known only once it was made. So the tier of an upstream counts as open while its last answer to a call
 * without credit was free: only then is a key refused that has had its share. Once the API asks for payment, everybody may pay.
 * Counted per run.
 */
export function createFreeQuota(wiring: {
  readonly perDay: number
  /** Credit is what the customer paid for: an answer by it is not free. */
  readonly hasCredit: (customer: Pubkey, upstream: string) => boolean
  readonly clock: Clock
}): FreeQuota {
  const { perDay, hasCredit, clock } = wiring
  const quota = createQuota(perDay, DAY_MS)
  const open = new Set<string>()
  const keyOf = (customer: Pubkey, upstream: string): string => `${customer} ${upstream}`

  return {
    policy({ customer }, _seen, call) {
      const upstream = call?.upstream
      if (upstream === undefined || !open.has(upstream) || hasCredit(customer, upstream)) return null
      const wait: Millis = quota.waitMs(keyOf(customer, upstream), clock.now())
      return wait > 0 ? { ...rejection('free-quota-used'), remedy: retryAfter(wait) } : null
    },
    move(before, after) {
      if (before?.state !== 'quoting') return
      const { upstream } = before.call
      if (after?.state === 'invoicing') open.delete(upstream)
      if (after?.state !== 'publishing' || hasCredit(before.customer, upstream)) return
      open.add(upstream)
      quota.take(keyOf(before.customer, upstream), clock.now())
    },
  }
}
