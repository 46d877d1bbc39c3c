/** How is a job paid at most once? The intent is saved first, exclusively; what is uncertain is looked up, never repeated. */
import type { EventId, PaymentHash, Preimage, Pubkey } from '../core/identifiers.js'
import type { Msat } from '../core/money.js'
import { isPreimageOf } from '../l402/credential.js'
import type { Clock, PaymentOutcome, Wallet } from '../ports.js'
import type { PayableOffer } from './offer.js'
import type { PaymentAttempt, PaymentJournal, SavedOutcome } from './payment-journal.js'
import type { PaymentStanding } from './story.js'

export type PaymentNews =
  | { readonly type: 'paid'; readonly preimage: Preimage; readonly feesMsat: Msat | null }
  /** The wallet said so itself: nothing was sent and nothing will be. */
  | { readonly type: 'refused'; readonly reason: string }
  /** May have been sent, by us or by another process on this job. */
  | { readonly type: 'unknown'; readonly reason: string }
  /** A look-up found that the payment has failed. Not a licence to pay again: another process may be about to. */
  | { readonly type: 'failed' }

export interface PayOnceTools {
  readonly wallet: Wallet
  readonly journal: PaymentJournal
  readonly clock: Clock
}

/** Expects the job's pinned offer. Spends at most once per job, whatever process calls it, unless the wallet refused before. */
export async function payOnce(
  { wallet, journal, clock }: PayOnceTools,
  offer: PayableOffer & { readonly provider: Pubkey; readonly pinnedBefore?: boolean },
  onPaying: () => void,
): Promise<PaymentNews> {
  const { jobId, provider, bolt11, paymentHash, amountMsat } = offer
  const last = await journal.lastAttempt(jobId)
  if (last !== null && last.outcome?.type !== 'refused') return newsOf(last)
  const intent = { jobId, provider, bolt11, paymentHash, amountMsat, at: clock.now() }
  const number = (last?.number ?? 0) + 1
  // ORDER: the intent before the payment. A crash between them costs a payment that never starts, which a look-up tells; the
  // other way round it would cost a second payment. Of several processes one creates the file; the others only look.
  if (!(await journal.claimAttempt({ number, intent }))) {
    return { type: 'unknown', reason: 'another run is paying this job' }
  }
  // An earlier run took this invoice, and no file tells of a payment: it was never made, or that file is lost. The wallet knows.
  if (offer.pinnedBefore && last === null) {
    const seen = await wallet.lookupPayment(paymentHash).catch(() => null)
    if (seen?.state === 'settled' || seen?.state === 'pending') return lookUpPayment({ wallet, journal, clock }, jobId)
  }
  onPaying()
  const outcome = provenOutcome(await wallet.payInvoice(bolt11, paymentHash), paymentHash)
  await journal.saveOutcome({ number, intent, outcome: null }, { ...outcome, at: clock.now() })
  return outcome
}

/** Asks the wallet what became of an attempt. Never pays. */
export async function lookUpPayment(
  { wallet, journal, clock }: Omit<PayOnceTools, 'wallet'> & { readonly wallet: Wallet | null },
  jobId: EventId,
): Promise<PaymentNews> {
  const attempt = await journal.lastAttempt(jobId)
  if (attempt === null) return { type: 'unknown', reason: 'no payment was started' }
  if (attempt.outcome?.type === 'paid') return newsOf(attempt)
  if (wallet === null) return { type: 'unknown', reason: 'there is no wallet to ask' }
  const hash = attempt.intent.paymentHash
  const seen = await wallet.lookupPayment(hash).catch(() => null)
  if (seen === null) return { type: 'unknown', reason: 'the wallet did not answer the look-up' }
  switch (seen.state) {
    case 'settled': {
      if (!isPreimageOf(seen.preimage, hash)) return { type: 'unknown', reason: 'the wallet showed a wrong preimage' }
      const { preimage, feesMsat } = seen
      const outcome: SavedOutcome = { type: 'paid', preimage, feesMsat, at: clock.now() }
      await journal.saveOutcome(attempt, outcome)
      return { type: 'paid', preimage, feesMsat }
    }
    case 'failed':
      return { type: 'failed' }
    case 'pending':
      return { type: 'unknown', reason: 'the payment is under way' }
    case 'not_found':
      return { type: 'unknown', reason: 'the wallet knows of no such payment' }
  }
}

function newsOf({ outcome }: PaymentAttempt): PaymentNews {
  if (outcome === null) return { type: 'unknown', reason: 'a payment was started and its outcome was not saved' }
  if (outcome.type === 'paid') return { type: 'paid', preimage: outcome.preimage, feesMsat: outcome.feesMsat }
  return { type: outcome.type, reason: outcome.reason }
}

/** A payment counts as paid with its preimage only. */
function provenOutcome(outcome: PaymentOutcome, hash: PaymentHash): PaymentOutcome {
  if (outcome.type !== 'paid' || isPreimageOf(outcome.preimage, hash)) return outcome
  return { type: 'unknown', reason: 'the wallet showed a wrong preimage' }
}

/** How the payment stands by what is on disk. */
export function paymentStandingOf(attempt: PaymentAttempt | null): PaymentStanding {
  if (attempt === null) return 'none'
  return attempt.outcome === null ? 'intended' : attempt.outcome.type
}
