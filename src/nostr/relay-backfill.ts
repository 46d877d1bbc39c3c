/**
 * Did the relay hold back stored events? Relays answer a REQ with their newest few hundred and then say EOSE, so after a busy outage
 * the rest is asked for page by page, each page ending where the one before it began (NIP-01 `until`).
 */
import type { Filter } from '../core/event.js'
import type { Seconds } from '../core/identifiers.js'
import { claimedTime, type EoseHint } from './relay-frame.js'
import type { RelayRequest } from './relay-requests.js'
import type { Relay } from './relay.js'

/** No relay is known to stop below this many: a shorter page was the last. */
const SHORT_PAGE = 10
/** A relay that goes on for longer makes them up. */
const MAX_PAGES = 1_000

export interface Page {
  readonly count: number
  /** The lowest time that an event of the page claims. */
  readonly oldest: Seconds
}

export interface PageCounter {
  note(frame: string): void
  readonly page: Page
}

/** Events after `until` do not count: a relay that ignores it would be paged for ever. */
export function createPageCounter(until: Seconds): PageCounter {
  let count = 0
  let oldest = Infinity
  return {
    note: (frame) => {
      const time = claimedTime(frame)
      if (!(time <= until)) return
      count += 1
      if (time < oldest) oldest = time
    },
    get page() {
      return { count, oldest }
    },
  }
}

/** Where the relay says whether it has more (NIP-67), that decides; of a page without any event nothing can follow. */
const isLast = ({ count }: Page, hint: EoseHint): boolean =>
  hint === null ? count < SHORT_PAGE : hint === 'finish' || count === 0

export interface BackfillOptions {
  readonly relay: Relay
  readonly filters: readonly Filter[]
  /** The page that the REQ itself brought, and when it was sent. */
  readonly first: Page
  readonly firstHint: EoseHint
  readonly requestedAt: Seconds
  readonly onEvent: (frame: string) => void
  readonly onDone: () => void
  readonly onClosed: (reason: string) => void
}

/** Calls `onDone` (at once where one page was all) or `onClosed`, once; neither when the connection is lost. Returns the way to stop. */
export function startBackfill(options: BackfillOptions): () => void {
  const { relay, filters, first, firstHint, requestedAt, onEvent, onDone, onClosed } = options
  // The caller of a bounded filter wants no more than that.
  const open = filters.filter(({ limit, until }) => limit === undefined && until === undefined)
  let current: RelayRequest | null = null
  let pages = 0

  function next(until: Seconds) {
    const filter = open[0]
    if (!filter || pages >= MAX_PAGES) return onDone()
    pages += 1
    const counter = createPageCounter(until)
    current = relay.request([{ ...filter, until }], {
      onEvent: (frame) => {
        counter.note(frame)
        onEvent(frame)
      },
      onEose: (hint) => {
        current?.close()
        turn(until, counter.page, hint)
      },
      onClosed,
    })
    if (!current) onClosed('not sent')
  }

  function turn(until: Seconds, page: Page, hint: EoseHint) {
    const { oldest } = page
    if (!isLast(page, hint) && oldest > 0) return next(Math.min(oldest, until - 1))
    open.shift()
    next(requestedAt)
  }

  if (isLast(first, firstHint)) open.length = 0
  // With several filters the oldest event does not say which of them was cut short: each is paged from its beginning.
  next(open.length === 1 ? Math.min(first.oldest, requestedAt) : requestedAt)
  return () => current?.close()
}
