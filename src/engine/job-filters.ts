/** What is heard of jobs? The filters for jobs, for what calls them off, and for proofs of their payment (NIP-01). */
import type { Filter } from '../core/event.js'
import type { Millis, Pubkey, Seconds } from '../core/identifiers.js'
import { PAYMENT_PROOF_KIND } from '../nostr/kinds/payment-proof.js'
import { DELETION_KIND } from './cancellations.js'

const DAY_S = 86_400

/** Jobs of our kinds within their window, and payment proofs as far back as they can revive a job. */
export function buildJobFilters(want: {
  readonly self: Pubkey
  readonly kinds: readonly number[]
  readonly maxAgeSeconds: Seconds
  readonly reviveDays: number
  /** Saved cursor of the relay, less the overlap. */
  readonly since: Seconds | undefined
  readonly now: Millis
}): Filter[] {
  const { self, kinds, since = 0 } = want
  const now = Math.floor(want.now / 1000)
  const oldestJob = now - want.maxAgeSeconds
  // Those that came before their job are kept in memory only, so that the window of jobs is asked for again after a start.
  const deletion = { kinds: [DELETION_KIND], since: Math.max(now - DAY_S, Math.min(oldestJob, since || oldestJob)) }
  return [
    { kinds, '#p': [self], since: Math.max(oldestJob, since) },
    { kinds: [PAYMENT_PROOF_KIND], '#p': [self], since: Math.max(now - want.reviveDays * DAY_S, since) },
    // Many clients name the kind of what they delete, and not whom it was addressed to.
    { ...deletion, '#p': [self] },
    { ...deletion, '#k': kinds.map(String) },
  ]
}
