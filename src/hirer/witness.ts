/** What was paid that the ledger should know of? The payments bear witness where it was lost, or an older copy put back. */
import { readdir } from 'node:fs/promises'
import { isMalformed, parseEventId, type EventId, type Millis } from '../core/identifiers.js'
import type { PaymentJournal } from '../customer/payment-journal.js'
import { feeAllowance } from './fees.js'
import type { HireJournal } from './hire-journal.js'

export interface Testimony {
  readonly id: EventId
  /** With the fees, or with what was kept for them where nobody tells. */
  readonly msat: number
  /** `reserved`: it may have been paid. */
  readonly state: 'reserved' | 'spent'
  readonly at: Millis
}

/** Payments since then of hires that are not `known`. Of a ledger that was never touched there is none. */
export type Witness = (known: (id: EventId) => boolean, since: Millis) => Promise<readonly Testimony[]>

const FIRST_ATTEMPT = '.payment-1.json'

export function createWitness(directory: string, payments: PaymentJournal, journal: HireJournal): Witness {
  /** Looked at in this run: nothing was paid, it is too long ago, or it is no hire. */
  const dismissed = new Set<EventId>()

  async function testify(id: EventId, since: Millis): Promise<Testimony | null> {
    const hire = await journal.hire(id)
    const attempt = hire && (await payments.lastAttempt(id))
    if (!hire || !attempt) return null
    const { intent, outcome } = attempt
    // One that died before its wallet spoke may be about to reserve: it is left to the ledger.
    if (outcome === null || outcome.type === 'refused' || outcome.at <= since) return null
    const allowed = feeAllowance(intent.amountMsat, hire.maxFeeMsat)
    if (outcome.type === 'paid') {
      return { id, msat: intent.amountMsat + (outcome.feesMsat ?? allowed), state: 'spent', at: outcome.at }
    }
    const closed = (await journal.closed()).find((each) => each.id === id)
    if (closed && !closed.paid) return null
    return { id, msat: intent.amountMsat + allowed, state: closed ? 'spent' : 'reserved', at: outcome.at }
  }

  return async (known, since) => {
    const found: Testimony[] = []
    for (const id of await idsIn(directory)) {
      if (known(id) || dismissed.has(id)) continue
      const testimony = await testify(id, since)
      if (testimony) found.push(testimony)
      else if (await journal.isClosed(id)) dismissed.add(id)
    }
    return found
  }
}

async function idsIn(directory: string): Promise<EventId[]> {
  const names = await readdir(directory).catch(() => [])
  const ids = names.filter((name) => name.endsWith(FIRST_ATTEMPT)).map((name) => parseEventId(name.split('.')[0]))
  return ids.filter((id): id is EventId => !isMalformed(id))
}
