/** Which job has or had this payment hash? Claimed with the first save that shows it, and never given to another job. */
import { TollbridgeError } from '../core/errors.js'
import type { EventId, PaymentHash } from '../core/identifiers.js'
import type { Job } from '../core/job.js'

const hashOf = (job: Job | undefined): PaymentHash | undefined =>
  job && 'offer' in job ? job.offer?.paymentHash : undefined

export interface Claims {
  has(hash: PaymentHash): boolean
  /** @throws TollbridgeError `hash-taken` where another job has or had it. */
  claim(job: Job): void
  /** After a save that failed: forgets what the job that is stored does not hold. */
  withdraw(failed: Job, stored: Job | undefined): void
  /** The hash that the change gives up: somebody must remember it, for the job will not. */
  given(before: Job | undefined, after: Job): PaymentHash | undefined
  remember(hash: PaymentHash, id: EventId): void
  /** Every hash that the job ever had. */
  hashesOf(job: Job): PaymentHash[]
  /** The job is in the archive, and its hashes with it. */
  drop(job: Job): void
}

/** `archived` says whether a job in the archive had the hash. */
export function createClaims(live: Iterable<Job>, archived: (hash: PaymentHash) => boolean): Claims {
  const owners = new Map<PaymentHash, EventId>()
  /** Hashes that live jobs had once: few, where an offer was given up. */
  const former = new Map<EventId, PaymentHash[]>()
  for (const job of live) {
    const hash = hashOf(job)
    if (hash !== undefined) owners.set(hash, job.id)
  }

  const hashesOf = (job: Job): PaymentHash[] => {
    const past = former.get(job.id) ?? []
    const hash = hashOf(job)
    return hash === undefined || past.includes(hash) ? [...past] : [...past, hash]
  }

  return {
    has: (hash) => owners.has(hash) || archived(hash),
    claim(job) {
      const hash = hashOf(job)
      if (hash === undefined) return
      const owner = owners.get(hash)
      if (owner === job.id) return
      if (owner !== undefined || archived(hash)) {
        throw new TollbridgeError('hash-taken', `job ${job.id}: another job has or had the payment hash of this offer`)
      }
      owners.set(hash, job.id)
    },
    withdraw(failed, stored) {
      const hash = hashOf(failed)
      if (hash === undefined || hashOf(stored) === hash || former.get(failed.id)?.includes(hash)) return
      if (owners.get(hash) === failed.id) owners.delete(hash)
    },
    given(before, after) {
      const hash = hashOf(before)
      return hash === hashOf(after) ? undefined : hash
    },
    remember(hash, id) {
      owners.set(hash, id)
      const past = former.get(id) ?? []
      if (!past.includes(hash)) former.set(id, [...past, hash])
    },
    hashesOf,
    drop(job) {
      for (const hash of hashesOf(job)) owners.delete(hash)
      former.delete(job.id)
    },
  }
}
