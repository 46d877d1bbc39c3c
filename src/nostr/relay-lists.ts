/** Where does this customer read, and where does it take gift wraps? Lists of relays, looked up many at a time and kept for hours. */
import type { NostrEvent } from '../core/event.js'
import { isMalformed, type Malformed, type Millis, type Pubkey, type Seconds } from '../core/identifiers.js'
import { admissibleRelays, type ReplyRelayRules } from '../policies/reply-relays.js'
import type { Clock, RelayLists, RelayPool } from '../ports.js'
import { verifyEvent } from './event.js'
import { INBOX_LIST_KIND, parseInboxList, parseRelayList, RELAY_LIST_KIND, type RelayList } from './kinds/relay-list.js'

const HIT_MS = 6 * 3_600_000
const MISS_MS = 10 * 60_000
/** No relay answered: it is asked again soon. */
const FAILED_MS = 30_000
/** Nobody waits longer for a list. */
const WAIT_MS = 1_500
/** What is asked within this time goes out in one REQ. */
const GATHER_MS = 10
const MOST_AUTHORS = 100
const MOST_REQUESTS = 4
const MOST_WAITING = 2_000
const MOST_KEPT = 20_000

export interface CachedRelayLists extends RelayLists {
  /** Starts a look-up where one is due, and returns at once: the lists are there when they are needed. */
  expect(pubkey: Pubkey): void
  stop(): void
}

/** The newest list of a kind that was seen, and what of it may be used. */
interface Found {
  readonly created_at: Seconds
  readonly id: string
  readonly relays: readonly string[]
}

interface Lists {
  readonly read: Found | null
  readonly inbox: Found | null
  readonly freshUntil: Millis
}

const NONE: Lists = { read: null, inbox: null, freshUntil: 0 }

export function createRelayLists(options: {
  readonly relays: Pick<RelayPool, 'fetch'>
  /** Where lists are looked for. */
  readonly sources: readonly string[]
  readonly rules: ReplyRelayRules
  readonly clock: Clock
}): CachedRelayLists {
  const { relays, sources, rules, clock } = options
  const kept = new Map<Pubkey, Lists>()
  /** Those who are being asked after, and who waits for each. */
  const asked = new Map<Pubkey, ((lists: Lists) => void)[]>()
  const waiting: Pubkey[] = []
  let requests = 0
  let cancelGathering: (() => void) | null = null
  let stopped = false

  const isFresh = (lists: Lists): boolean => lists.freshUntil > clock.now()
  const isFound = ({ read, inbox }: Lists): boolean => read !== null || inbox !== null

  function listsOf(pubkey: Pubkey): Lists | Promise<Lists> {
    const known = kept.get(pubkey)
    if (known && (isFresh(known) || isFound(known))) {
      // What was found once serves until there is something newer.
      if (!isFresh(known)) ask(pubkey)
      return known
    }
    return ask(pubkey) ? answerFor(pubkey) : NONE
  }

  function answerFor(pubkey: Pubkey): Promise<Lists> {
    return new Promise((resolve) => {
      const cancel = clock.after(WAIT_MS, () => resolve(kept.get(pubkey) ?? NONE))
      asked.get(pubkey)?.push((lists) => {
        cancel()
        resolve(lists)
      })
    })
  }

  /** False where nobody is asked after any more: there is a flood of strangers. */
  function ask(pubkey: Pubkey): boolean {
    if (asked.has(pubkey)) return true
    if (stopped || waiting.length >= MOST_WAITING) return false
    asked.set(pubkey, [])
    waiting.push(pubkey)
    cancelGathering ??= clock.after(GATHER_MS, sendOut)
    return true
  }

  function sendOut(): void {
    cancelGathering = null
    while (requests < MOST_REQUESTS && waiting.length > 0) void request(waiting.splice(0, MOST_AUTHORS))
  }

  async function request(authors: readonly Pubkey[]): Promise<void> {
    requests += 1
    const filter = { kinds: [RELAY_LIST_KIND, INBOX_LIST_KIND], authors }
    const { events, answered } = await relays
      .fetch(sources, filter, WAIT_MS - GATHER_MS)
      .catch(() => ({ events: [], answered: 0 }))
    requests -= 1
    if (stopped) return
    const byAuthor = new Map<string, NostrEvent[]>(authors.map((author) => [author, []]))
    for (const event of events) byAuthor.get(event.pubkey)?.push(event)
    for (const author of authors) conclude(author, byAuthor.get(author) ?? [], answered > 0)
    sendOut()
  }

  function conclude(author: Pubkey, events: readonly NostrEvent[], answered: boolean): void {
    const before = kept.get(author) ?? NONE
    const read = newestOf(events, RELAY_LIST_KIND, before.read, (event) => parseRelayList(event))
    const inbox = newestOf(events, INBOX_LIST_KIND, before.inbox, (event) => parseInboxList(event))
    const lasts = !answered ? FAILED_MS : read || inbox ? HIT_MS : MISS_MS
    const lists = { read, inbox, freshUntil: clock.now() + lasts }
    keep(author, lists)
    const waiters = asked.get(author) ?? []
    asked.delete(author)
    for (const tell of waiters) tell(lists)
  }

  /** The newest that is genuine; of two of one second the one with the lower id (NIP-01 §Kinds). */
  function newestOf(
    events: readonly NostrEvent[],
    kind: number,
    known: Found | null,
    parse: (event: NostrEvent) => RelayList | readonly string[] | Malformed,
  ): Found | null {
    const ofKind = events.filter((event) => event.kind === kind)
    for (const event of ofKind.sort((a, b) => (isNewer(a, b) ? -1 : 1))) {
      if (known && !isNewer(event, known)) return known
      if (!verifyEvent(event)) continue
      const list = parse(event)
      if (isMalformed(list)) continue
      const relays = admissibleRelays('read' in list ? list.read : list, rules)
      return { created_at: event.created_at, id: event.id, relays }
    }
    return known
  }

  function keep(author: Pubkey, lists: Lists): void {
    kept.delete(author)
    kept.set(author, lists)
    const [oldest] = kept.keys()
    if (kept.size > MOST_KEPT && oldest !== undefined) kept.delete(oldest)
  }

  return {
    readRelays: async (pubkey) => (await listsOf(pubkey)).read?.relays ?? [],
    inboxRelays: async (pubkey) => (await listsOf(pubkey)).inbox?.relays ?? [],
    expect(pubkey) {
      const known = kept.get(pubkey)
      if (!known || !isFresh(known)) ask(pubkey)
    },
    stop() {
      stopped = true
      cancelGathering?.()
      for (const [pubkey, waiters] of asked) for (const tell of waiters) tell(kept.get(pubkey) ?? NONE)
      asked.clear()
      waiting.length = 0
    },
  }
}

const isNewer = (a: Pick<Found, 'created_at' | 'id'>, b: Pick<Found, 'created_at' | 'id'>): boolean =>
  a.created_at === b.created_at ? a.id < b.id : a.created_at > b.created_at
