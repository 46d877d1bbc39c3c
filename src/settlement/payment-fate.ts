/** What has become of a payment whose outcome is unknown? What a look-up tells, and when its silence is proof. */
import type { Millis } from '../core/identifiers.js'
import type { Spending } from '../core/job.js'
import type { OutgoingState } from '../ports.js'

const FIRST_LOOK_MS = 500
export const LAST_LOOK_MS = 60_000
/** Beyond its expiry no node starts to pay an invoice; clocks differ. */
export const EXPIRY_GRACE_MS = 10 * 60_000
/** Two look-ups that agree must lie so far apart. */
const APART_MS = 60_000

export type PaymentFate =
  | Extract<OutgoingState, { state: 'settled' }>
  /** Nothing was sent, and certainly never will be. */
  | { readonly state: 'failed'; readonly why: string }
  /** Worth remembering. */
  | { readonly state: 'noted'; readonly sawPending: boolean; readonly notFoundSince: Millis | null }
  | { readonly state: 'open' }

/** `expiresAt`: of the invoice that was paid. */
export function fateOf(seen: OutgoingState, spending: Spending, when: { now: Millis; expiresAt: Millis }): PaymentFate {
  const { sawPending, notFoundSince } = spending
  switch (seen.state) {
    case 'settled':
      return seen
    case 'failed':
      return { state: 'failed', why: 'the payment has failed' }
    case 'pending':
      return sawPending ? { state: 'open' } : { state: 'noted', sawPending: true, notFoundSince: null }
    case 'not_found':
      // ORDER: not_found proves nothing while the payment may still start or be in flight: the invoice must be past its expiry by a
      // grace, no look-up may ever have said pending, and two look-ups apart in time must agree.
      if (sawPending) return { state: 'open' }
      if (notFoundSince === null) return { state: 'noted', sawPending, notFoundSince: when.now }
      if (when.now - notFoundSince < APART_MS || when.now <= when.expiresAt + EXPIRY_GRACE_MS) return { state: 'open' }
      return { state: 'failed', why: 'the payment was never begun' }
  }
}

/** Ever more seldom: a payment that does not end soon may take hours. */
export const nextLookAt = ({ at }: Pick<Spending, 'at'>, now: Millis): Millis =>
  now + Math.min(LAST_LOOK_MS, Math.max(FIRST_LOOK_MS, (now - at) / 4))
