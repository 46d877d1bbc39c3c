/** What has this customer asked for and paid? One small 0600 file per fact of a job, created whole and never shared. */
import { join } from 'node:path'
import { TollbridgeError } from '../core/errors.js'
import type { NostrEvent } from '../core/event.js'
import type { EventId, Millis, PaymentHash, Preimage, Pubkey } from '../core/identifiers.js'
import type { Msat } from '../core/money.js'
import { createFact, readFact, writeFact } from '../system/fact-file.js'
import { readIfThere, writePrivate } from '../system/private-file.js'

/** The job as signed, so that a second run needs its id only. */
export interface SavedJob {
  readonly event: NostrEvent
  readonly provider: Pubkey
  /** Where its answers are read. */
  readonly relays: readonly string[]
}

/** The one invoice that may ever be paid for a job. */
export interface PinnedOffer {
  readonly jobId: EventId
  readonly provider: Pubkey
  readonly bolt11: string
  readonly paymentHash: PaymentHash
  readonly amountMsat: Msat
  readonly at: Millis
}

/** Saved after the wallet has answered. The preimage is kept for the payment proof of a later run. */
export type SavedOutcome =
  | { readonly type: 'paid'; readonly preimage: Preimage; readonly feesMsat: Msat | null; readonly at: Millis }
  | { readonly type: 'refused'; readonly reason: string; readonly at: Millis }
  | { readonly type: 'unknown'; readonly reason: string; readonly at: Millis }

/** One try to pay. Without an outcome: the process that made it is still at it, or died. */
export interface PaymentAttempt {
  readonly number: number
  readonly intent: PinnedOffer
  readonly outcome: SavedOutcome | null
}

export interface PaymentJournal {
  saveJob(job: SavedJob): Promise<void>
  job(id: EventId): Promise<SavedJob | null>
  /** The first offer of a job stays the only one, for every process: the pinned one is returned, which may be another's. */
  pinOffer(offer: PinnedOffer): Promise<PinnedOffer>
  offer(id: EventId): Promise<PinnedOffer | null>
  /** The latest try, or null. */
  lastAttempt(id: EventId): Promise<PaymentAttempt | null>
  /** Durable before it resolves. False where another process has made this try: whoever gets false only looks. */
  claimAttempt(attempt: { number: number; intent: PinnedOffer }): Promise<boolean>
  /** Once paid is paid: a later and lesser outcome is not saved over it. */
  saveOutcome(attempt: PaymentAttempt, outcome: SavedOutcome): Promise<void>
  /** Keeps a credential that was handed over; returns the path. */
  saveCredential(id: EventId, credential: string): Promise<string>
  credential(id: EventId): Promise<string | null>
}

/** Files: ID.job.json, ID.offer.json, ID.payment-N.json, ID.credential.json. */
export function createPaymentJournal(directory: string): PaymentJournal {
  const path = (id: EventId, fact: string): string => join(directory, `${id}.${fact}.json`)
  const attemptFile = (id: EventId, number: number): string => path(id, `payment-${number}`)

  /** Null past the last one. */
  async function readAttempt(id: EventId, number: number): Promise<PaymentAttempt | null> {
    const file = attemptFile(id, number)
    const attempt = await readFact<PaymentAttempt>(file)
    if (attempt !== null || (await readIfThere(attemptFile(id, number + 1))) === null) return attempt
    // A gap: looked at again, for another process may have been quick.
    const filled = await readFact<PaymentAttempt>(file)
    if (filled !== null) return filled
    throw new TollbridgeError('store-corrupt', `${file} is missing, and a later one is there: restore it`)
  }

  return {
    saveJob: (job) => writeFact(path(job.event.id, 'job'), job),
    job: (id) => readFact<SavedJob>(path(id, 'job')),
    async pinOffer(offer) {
      const file = path(offer.jobId, 'offer')
      if ((await createFact(file, offer)) === 'created') return offer
      return (await readFact<PinnedOffer>(file)) ?? offer
    },
    offer: (id) => readFact<PinnedOffer>(path(id, 'offer')),
    async lastAttempt(id) {
      let last: PaymentAttempt | null = null
      for (let number = 1; ; number += 1) {
        const attempt = await readAttempt(id, number)
        if (attempt === null) return last
        last = attempt
      }
    },
    async claimAttempt({ number, intent }) {
      const attempt: PaymentAttempt = { number, intent, outcome: null }
      return (await createFact(attemptFile(intent.jobId, number), attempt)) === 'created'
    },
    async saveOutcome(attempt, outcome) {
      const file = attemptFile(attempt.intent.jobId, attempt.number)
      const saved = await readFact<PaymentAttempt>(file)
      if (saved?.outcome?.type === 'paid') return
      await writeFact(file, { ...attempt, outcome })
    },
    async saveCredential(id, credential) {
      await writePrivate(path(id, 'credential'), `${credential}\n`)
      return path(id, 'credential')
    },
    credential: (id) => readIfThere(path(id, 'credential')),
  }
}
