/** Which invoices of Core Lightning were paid since? Its list of changes, read from the newest back: one call where nothing is new. */
import type { Millis } from '../core/identifiers.js'
import type { IncomingPage } from '../ports.js'
import { listOf, resultOf, type ClnCall } from './cln-client.js'
import { settledEntry, type ClnEntry } from './cln-invoices.js'
import { parseTime, parseWhole } from './json.js'

const PAGE_SIZE = 100
/** How far back the newest payment is looked for, in pages. */
const SEARCHED_PAGES = 20
const COMMAND = 'listinvoices'

export interface ClnSweep {
  /** Newest first. @throws TollbridgeError where the node does not answer or answers nonsense. */
  page(since: Millis, cursor: string | null): Promise<IncomingPage>
  /** The number of the newest payment that is found, 0 where there is none. @throws as above. */
  newestPayIndex(): Promise<number>
}

export function createClnSweep(call: ClnCall): ClnSweep {
  let known = 0

  /** Changes from that number on, oldest first. An invoice is listed under its last change only. */
  const changes = async (start: number, limit: number): Promise<ClnEntry[]> =>
    listOf(resultOf(await call(COMMAND, { index: 'updated', start, limit }), COMMAND), 'invoices')

  /** The number of the first change from there on; null where there is none. */
  const firstFrom = async (start: number): Promise<number | null> => {
    const [entry] = await changes(start, 1)
    return entry ? Math.max(start, indexOf(entry) ?? 0) : null
  }

  /** The number of the last change; 0 where there is none. In ever longer steps, then in halves. */
  async function top(): Promise<number> {
    // A node that was set up anew counts from the beginning.
    let low = (known > 0 ? await firstFrom(known) : null) ?? (await firstFrom(1))
    if (low === null) return (known = 0)
    let step = 1
    let high = low + step
    for (let next = await firstFrom(high); next !== null; next = await firstFrom(high)) {
      low = next
      step *= 2
      high = low + step
    }
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      const next = await firstFrom(middle)
      if (next === null) high = middle
      else low = Math.min(next, high - 1)
    }
    return (known = low)
  }

  /** Changes up to that number, newest first. */
  const pageBelow = async (bound: number): Promise<ClnEntry[]> => {
    const entries = await changes(Math.max(1, bound - PAGE_SIZE + 1), PAGE_SIZE)
    return entries
      .filter((entry) => (indexOf(entry) ?? Infinity) <= bound)
      .sort((a, b) => (indexOf(b) ?? 0) - (indexOf(a) ?? 0))
  }

  return {
    async page(since, cursor) {
      const bound = cursor === null ? await top() : Number(cursor)
      if (!Number.isSafeInteger(bound) || bound < 1) return { settled: [], cursor: null }
      const entries = await pageBelow(bound)
      const paid = entries.filter(({ status }) => status === 'paid')
      // Changes are in the order of time: below one that was paid before, there is nothing that was paid since.
      const isOlder = (entry: ClnEntry): boolean => (parseTime(entry['paid_at']) ?? Infinity) + 999 < since
      const next = bound - PAGE_SIZE
      return {
        settled: paid.filter((entry) => !isOlder(entry)).flatMap((entry) => settledEntry(entry) ?? []),
        cursor: next < 1 || paid.some(isOlder) ? null : String(next),
      }
    },
    async newestPayIndex() {
      let bound = await top()
      for (let page = 0; page < SEARCHED_PAGES && bound >= 1; page++, bound -= PAGE_SIZE) {
        const indexes = (await pageBelow(bound)).map((entry) => parseWhole(entry['pay_index']) ?? 0)
        const newest = Math.max(0, ...indexes)
        if (newest > 0) return newest
      }
      return 0
    },
  }
}

const indexOf = (entry: ClnEntry): number | null => parseWhole(entry['updated_index'])
