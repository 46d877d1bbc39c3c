/** Who calls which job off? Deletions (kind 5, NIP-09) by the job's own author, also those that come before their job. */
import { rejection } from '../core/errors.js'
import type { NostrEvent } from '../core/event.js'
import { isMalformed, parseEventId, type EventId, type Millis, type Pubkey } from '../core/identifiers.js'
import { isOpen } from '../core/job.js'
import { verifyEvent } from '../nostr/event.js'
import type { Clock, JobStore, Logger, Policy } from '../ports.js'
import type { CancelOutcome } from './calling-off.js'
import type { Drive } from './drive.js'
import { createRecentIds } from './recent-ids.js'

export const DELETION_KIND = 5

/** Jobs that one deletion may name. */
export const MAX_NAMED = 50
/** Deletions that wait for their job; of more the oldest are forgotten. */
const MAX_REMEMBERED = 20_000

export interface Cancellations {
  /** A deletion as a relay sent it; its shape is known, nothing else. False where it turned out to be forged. */
  receive(event: NostrEvent): boolean
  /** The word of an author who is proven, on one job. */
  callOff(jobId: EventId, author: Pubkey): CancelOutcome
  /** True for an id that needs no second look. */
  knows(id: string): boolean
  /** Refuses a job whose author called it off before it came. */
  readonly policy: Policy
}

export function createCancellations(wiring: {
  readonly drive: Pick<Drive, 'current' | 'cancel'>
  readonly store: Pick<JobStore, 'has'>
  /** How old a job may be when it is taken: a deletion that is older waits for none. */
  readonly maxAgeMs: Millis
  readonly clock: Clock
  readonly log: Logger
}): Cancellations {
  const { drive, store, clock, log } = wiring
  /** Verified deletions of this run. */
  const seen = createRecentIds(100_000)
  const remembered = createRecentIds(MAX_REMEMBERED)
  const wordOf = (id: string, author: string): string => `${id} ${author}`

  /** By what is known already: only where a verified deletion would change something. */
  function concerns(id: EventId, { pubkey, created_at }: NostrEvent): boolean {
    const job = drive.current(id)
    if (job) return job.customer === pubkey && isOpen(job)
    return !store.has(id) && clock.now() - created_at * 1000 <= wiring.maxAgeMs
  }

  function callOff(id: EventId, author: Pubkey): CancelOutcome {
    const outcome = drive.cancel(id, author)
    if (outcome === 'unknown') remembered.add(wordOf(id, author))
    log.info({ job: id, outcome }, 'called off')
    return outcome
  }

  return {
    callOff,
    receive(event) {
      if (seen.has(event.id)) return true
      const named = event.tags.filter(([name]) => name === 'e').slice(0, MAX_NAMED)
      const ids = new Set(named.map(([, id]) => parseEventId(id)).filter((id): id is EventId => !isMalformed(id)))
      const concerned = [...ids].filter((id) => concerns(id, event))
      // A signature is looked at last, and never for a deletion that could not call anything off.
      if (concerned.length === 0) return true
      if (!verifyEvent(event)) return false
      // Only now: a forged copy must not keep the real event out.
      seen.add(event.id)
      for (const id of concerned) callOff(id, event.pubkey)
      return true
    },
    knows: (id) => seen.has(id),
    policy: ({ id, customer }) => (remembered.has(wordOf(id, customer)) ? rejection('cancelled') : null),
  }
}
