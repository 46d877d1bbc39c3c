/** How did our own hires of a provider end? What this hirer saw itself weighs more than what anybody says. */
import type { Pubkey } from '../core/identifiers.js'
import type { ClosedHire, HireJournal } from './hire-journal.js'

export interface PastHires {
  /** Ended with a result. */
  readonly done: number
  /** Refused, or failed before anything was paid. */
  readonly failed: number
  /** Paid, and no result came. */
  readonly paidAndNotServed: number
}

export const NO_PAST: PastHires = { done: 0, failed: 0, paidAndNotServed: 0 }

export async function readPast(journal: HireJournal): Promise<ReadonlyMap<Pubkey, PastHires>> {
  const past = new Map<Pubkey, PastHires>()
  for (const closed of await journal.closed()) {
    past.set(closed.provider, count(past.get(closed.provider) ?? NO_PAST, closed))
  }
  return past
}

function count(past: PastHires, { outcome, paid }: ClosedHire): PastHires {
  if (outcome === 'done') return { ...past, done: past.done + 1 }
  if (paid) return { ...past, paidAndNotServed: past.paidAndNotServed + 1 }
  // What our own rules or wallet refused says nothing about the provider.
  return outcome === 'failed' ? { ...past, failed: past.failed + 1 } : past
}
