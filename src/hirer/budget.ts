/** How much may still be spent? Reserved before it is paid, for all processes of one state directory, in a ledger that outlives them. */
import { join } from 'node:path'
import { randomUUID } from 'node:crypto'
import { TollbridgeError } from '../core/errors.js'
import type { EventId, Millis } from '../core/identifiers.js'
import type { Msat } from '../core/money.js'
import { createOneAtATime } from '../core/one-at-a-time.js'
import { readFact, writeFact } from '../system/fact-file.js'
import type { Clock } from '../ports.js'
import { acquireLease } from '../stores/lease.js'
import type { Witness } from './witness.js'

export interface BudgetLimit {
  readonly msat: Msat
  readonly windowMs: Millis
}

/** What a payment may cost at most, in its two parts. */
export interface Cost {
  readonly amountMsat: Msat
  readonly feesMsat: Msat
}

interface Entry {
  /** Including fees: those that it may have, then those that it had. */
  readonly msat: number
  /** `reserved`: may have been paid. It counts however old it is. */
  readonly state: 'reserved' | 'spent'
  readonly at: Millis
}

export interface Budget {
  /**
   * The amount, and what is kept for its fees. False where the limit would be passed; then nothing is reserved. Idempotent for a hire
   * that has a reservation.
   */
  reserve(id: EventId, cost: Cost, limit: BudgetLimit | null): Promise<boolean>
  /**
   * It was paid: counts from now for one window, with its true fees; where they are not known, with all that was kept for them.
   * Idempotent.
   */
  settle(id: EventId, amountMsat: Msat, feesMsat: Msat | null): Promise<void>
  /** It was definitely not paid, and will not be. */
  release(id: EventId): Promise<void>
  /** What counts against a limit now. */
  committed(windowMs: Millis): Promise<number>
  isReserved(id: EventId): Promise<boolean>
  /** Reserved or spent: it was paid, or may have been. */
  isKnown(id: EventId): Promise<boolean>
}

/** The longest window there is: older payments are forgotten. */
export const LONGEST_WINDOW_MS: Millis = 31 * 24 * 3_600_000

const isEntry = (entry: Entry): boolean =>
  Number.isSafeInteger(entry?.msat) &&
  entry.msat >= 0 &&
  Number.isSafeInteger(entry.at) &&
  ['reserved', 'spent'].includes(entry.state)

/** `witness` tells what the ledger itself should know: it counts whoever has touched the file. */
export function createBudget(directory: string, clock: Clock, witness: Witness = async () => []): Budget {
  const file = join(directory, 'budget.json')
  const lock = join(directory, 'budget.lease')
  const oneAtATime = createOneAtATime()

  async function read(): Promise<Map<string, Entry>> {
    const entries = new Map(Object.entries((await readFact<Record<string, Entry>>(file)) ?? {}))
    for (const [id, entry] of entries) {
      // Never taken for "nothing was spent".
      if (!isEntry(entry))
        throw new TollbridgeError('store-corrupt', `${file} is damaged, restore it: ${id} is no entry`)
    }
    return entries
  }

  /** One at a time, in this process and among all. A holder that was killed is not waited for. */
  function alone<T>(work: (entries: Map<string, Entry>) => Promise<T>): Promise<T> {
    return oneAtATime(async () => {
      const lease = await acquireLease(lock, { run: randomUUID(), briefly: true })
      try {
        return await work(await read())
      } finally {
        await lease.release()
      }
    })
  }

  async function write(entries: Map<string, Entry>): Promise<void> {
    const oldest = clock.now() - LONGEST_WINDOW_MS
    const kept = [...entries].filter(([, { state, at }]) => state === 'reserved' || at > oldest)
    await writeFact(file, Object.fromEntries(kept))
  }

  async function sum(entries: Map<string, Entry>, windowMs: Millis): Promise<number> {
    const forgotten = await witness((id) => entries.has(id), clock.now() - LONGEST_WINDOW_MS)
    return [...entries.values(), ...forgotten]
      .filter(({ state, at }) => state === 'reserved' || at > clock.now() - windowMs)
      .reduce((total, { msat }) => total + msat, 0)
  }

  return {
    reserve: (id, { amountMsat, feesMsat }, limit) =>
      alone(async (entries) => {
        if (entries.has(id)) return true
        const msat = amountMsat + feesMsat
        if (limit !== null && (await sum(entries, limit.windowMs)) + msat > limit.msat) return false
        // ORDER: on disk before the wallet is asked: a crash after the payment must not make the money look unspent.
        await write(entries.set(id, { msat, state: 'reserved', at: clock.now() }))
        return true
      }),
    settle: (id, amountMsat, feesMsat) =>
      alone(async (entries) => {
        const entry = entries.get(id)
        if (entry?.state === 'spent') return
        const msat = feesMsat === null ? Math.max(entry?.msat ?? 0, amountMsat) : amountMsat + feesMsat
        await write(entries.set(id, { msat, state: 'spent', at: clock.now() }))
      }),
    release: (id) =>
      alone(async (entries) => {
        if (entries.get(id)?.state !== 'reserved') return
        entries.delete(id)
        await write(entries)
      }),
    committed: async (windowMs) => sum(await read(), windowMs),
    isKnown: async (id) => (await read()).has(id),
    isReserved: async (id) => (await read()).get(id)?.state === 'reserved',
  }
}
