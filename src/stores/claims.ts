/** Which job has or had this payment hash? Claimed with the first save that shows it, and never given to another job. */
import { TollbridgeError } from '../core/errors.js'
import type { EventId, PaymentHash } from '../core/identifiers.js'
import type { Job } from '../core/job.js'

/** Of the invoice that the customer pays, of the upstream's behind it where that is another, of the zap that paid, and of the refund. */
function hashesNow(job: Job | undefined): readonly PaymentHash[] {
  if (!job || !('offer' in job) || !job.offer) return []
  const { paymentHash, purchase } = job.offer
  if (!purchase) return [paymentHash]
  const zapped = 'payment' in job ? job.payment?.paymentHash : undefined
  const refunded = 'refund' in job ? job.refund?.paymentHash : undefined
  const all = [paymentHash, purchase.paymentHash, zapped, refunded]
  return [...new Set(all.filter((hash) => hash !== undefined && hash !== null))]
}

export interface Claims {
  has(hash: PaymentHash): boolean
  /** @throws TollbridgeError `hash-taken` where another job has or had it. */
  claim(job: Job): void
  /** After a save that failed: forgets what the job that is stored does not hold. */
  withdraw(failed: Job, stored: Job | undefined): void
  /** The hashes that the change gives up: somebody must remember them, for the job will not. */
  given(before: Job | undefined, after: Job): readonly PaymentHash[]
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
  for (const job of live) for (const hash of hashesNow(job)) owners.set(hash, job.id)

  return {
    has: (hash) => owners.has(hash) || archived(hash),
    claim(job) {
      const wanted = hashesNow(job).filter((hash) => owners.get(hash) !== job.id)
      if (wanted.some((hash) => owners.has(hash) || archived(hash))) {
        throw new TollbridgeError('hash-taken', `job ${job.id}: another job has or had the payment hash of this offer`)
      }
      for (const hash of wanted) owners.set(hash, job.id)
    },
    withdraw(failed, stored) {
      const kept = new Set([...hashesNow(stored), ...(former.get(failed.id) ?? [])])
      for (const hash of hashesNow(failed)) {
        if (!kept.has(hash) && owners.get(hash) === failed.id) owners.delete(hash)
      }
    },
    given(before, after) {
      const kept = hashesNow(after)
      return hashesNow(before).filter((hash) => !kept.includes(hash))
    },
    remember(hash, id) {
      owners.set(hash, id)
      const past = former.get(id) ?? []
      if (!past.includes(hash)) former.set(id, [...past, hash])
    },
    hashesOf: (job) => [...new Set([...(former.get(job.id) ?? []), ...hashesNow(job)])],
    drop(job) {
      for (const hash of new Set([...(former.get(job.id) ?? []), ...hashesNow(job)])) owners.delete(hash)
      former.delete(job.id)
    },
  }
}
