/** Is this subscription heard at this relay, and up to when? Sent anew on each connection; moves the saved cursor. */
import type { Filter } from '../core/event.js'
import { isMalformed, type Seconds } from '../core/identifiers.js'
import type { Clock, Logger, SubscriptionRequest } from '../ports.js'
import { createBackOff } from './back-off.js'
import { createPageCounter, startBackfill } from './relay-backfill.js'
import type { RelayCursors } from './relay-cursor.js'
import { claimedId, claimedTime, parseEventFrame } from './relay-frame.js'
import type { Relay } from './relay.js'

const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 60_000
/** A request that was heard for this long was a good one. */
const STEADY_MS = 60_000
/** A relay that rules the request out is asked again all the same: lists of members change. */
const RULED_OUT_RETRY_MS = 900_000
const RULED_OUT = /^(restricted|blocked):/
const REFUSES_FILTER = /^(restricted|blocked|invalid|unsupported)\b|\bfilters?\b/i
/** How often a clock that was set back is looked for: whoever asked from a time that is yet to come hears nothing until then. */
const CLOCK_LOOK_MS = 60_000
/** A relay that has not said EOSE by then is asked again. */
const EOSE_WITHIN_MS = 60_000

export interface RelaySubscription {
  readonly relay: Relay
  /** The relay has answered the request by EOSE and not ended it. */
  readonly listening: boolean
  /** As `listening`, and an event of ours that it is asked for would come back. */
  readonly echoing: boolean
  /** What it has asked for; empty where it is not listening. */
  readonly filters: readonly Filter[]
  /** Why it is not listening, where the relay said so. */
  readonly trouble: string | null
  /** Calls once when the event of that id, which matches `echo`, arrives. Returns the way to stop waiting. */
  awaitEcho(id: string, onHeard: () => void): () => void
  /** Asks anew on the same connection. */
  rebuild(): void
  close(): void
}

export interface RelaySubscriptionOptions {
  readonly request: SubscriptionRequest
  readonly relay: Relay
  readonly clock: Clock
  readonly log: Logger
  readonly random: () => number
  readonly cursors: RelayCursors
  readonly overlapSeconds: number
}

/** What one REQ has come to. */
interface Hearing {
  readonly filters: readonly Filter[]
  readonly since: Seconds | undefined
  readonly requestedAt: Seconds
  /** Whether `echo` was among the filters. */
  readonly echoes: boolean
  state: 'asking' | 'paging' | 'caughtUp'
  /** Answered while the relay did not know us yet: the cursor stays, lest it pass what is kept from strangers. */
  provisional: boolean
  readonly stop: (() => void)[]
  /** Asked as a stranger, of a relay that knows us by now. */
  isStale: () => boolean
}

export function createRelaySubscription(options: RelaySubscriptionOptions): RelaySubscription {
  const { request, relay, clock, log, random, cursors, overlapSeconds } = options
  const key = `${request.name} ${relay.url}`
  const names = { relay: relay.url, subscription: request.name }
  const backOff = createBackOff({ firstMs: FIRST_RETRY_MS, maxMs: LONGEST_RETRY_MS, random })
  const lookBack = Math.max(overlapSeconds, request.lookBackSeconds ?? 0)
  const awaited = new Map<string, () => void>()
  let hearing: Hearing | null = null
  let trouble: string | null = null
  /** False for good where the relay ends a request that asks for echoes. */
  let mayEcho = request.echo !== undefined
  let cancelRetry: (() => void) | null = null
  let cancelClockLook: () => void = () => undefined

  const seconds = (): Seconds => Math.floor(clock.now() / 1_000)

  /** `again`: for all that this one asked for, whatever the cursor says by now. */
  function ask(again?: Hearing) {
    silence()
    const requestedAt = seconds()
    const cursor = cursors.read(key)
    const resumed = cursor === undefined ? undefined : Math.max(0, Math.min(cursor, requestedAt) - lookBack)
    const since = again ? again.since : resumed
    const wanted = request.filters(since)
    if (wanted.length === 0) return
    const echoes = mayEcho
    const filters = echoes && request.echo ? [...wanted, { ...request.echo, limit: 1 }] : wanted
    const now: Hearing = {
      filters,
      since,
      requestedAt,
      echoes,
      state: 'asking',
      provisional: false,
      stop: [],
      isStale: () => false,
    }
    hearing = now
    const first = createPageCounter(Infinity)
    const sent = relay.request(filters, {
      onEvent: (frame) => {
        if (now.state === 'asking') first.note(frame)
        take(frame, now)
      },
      onEose: (hint) => {
        if (now.state !== 'asking') return
        now.state = 'paging'
        trouble = null
        if (relay.proof?.by !== 'echo') relay.noteProof('eose')
        now.stop.push(
          startBackfill({
            relay,
            filters,
            first: first.page,
            firstHint: hint,
            requestedAt,
            onEvent: (frame) => take(frame, now),
            onDone: () => catchUp(now),
            onClosed: (reason) => retry(now, reason),
          }),
        )
      },
      onClosed: (reason) => retry(now, reason),
    })
    if (!sent) return retry(now, 'not sent')
    now.stop.push(() => sent.close())
    now.isStale = () => sent.stale
    now.stop.push(clock.after(EOSE_WITHIN_MS, () => now.state === 'asking' && retry(now, 'no EOSE in time')))
  }

  function take(frame: string, { filters, state, provisional }: Hearing) {
    const id = claimedId(frame)
    const heard = awaited.get(id)
    if (heard) return heard()
    const moves = state === 'caughtUp' && !provisional
    if (request.known(id)) {
      if (moves) cursors.advance(key, claimedTime(frame))
      return
    }
    const event = parseEventFrame(frame, filters)
    if (event === null) return relay.countMalformed('an event that was not asked for')
    if (isMalformed(event)) return relay.countMalformed(event.malformed)
    // Not awaited: of an earlier probe, or of another daemon with our key.
    if (request.echo?.kinds?.includes(event.kind)) return
    try {
      request.onEvent(event, relay.url)
    } catch (error) {
      // One event that trips its listener must not cost the connection, nor the process.
      log.error({ ...names, event: event.id, error: String(error) }, 'event listener failed')
    }
    if (moves) cursors.advance(key, event.created_at)
  }

  function catchUp(now: Hearing) {
    if (now !== hearing) return
    now.state = 'caughtUp'
    // ORDER: only once all that was stored has been handed over. A crash before costs a repetition, a crash after an earlier
    // advance would cost what the relay had not yet sent.
    now.provisional = relay.authenticating
    if (!now.provisional) cursors.advance(key, now.requestedAt)
    now.stop.push(clock.after(STEADY_MS, () => backOff.reset()))
    log.debug(names, 'subscription caught up')
    watchClock(now)
    request.onCaughtUp?.(relay.url)
  }

  function watchClock(now: Hearing) {
    cancelClockLook = clock.after(CLOCK_LOOK_MS, () => {
      if (seconds() >= now.requestedAt) return watchClock(now)
      log.warn(names, 'the clock was set back, asked anew')
      ask()
    })
  }

  function retry(now: Hearing, reason: string) {
    if (now !== hearing) return
    // Not every relay takes a filter that is none of its business: the jobs are worth more than the echo.
    if (now.echoes && now.state === 'asking' && REFUSES_FILTER.test(reason)) mayEcho = false
    trouble = `${request.name}: ${reason}`
    silence()
    const delayMs = RULED_OUT.test(reason) && !now.echoes ? RULED_OUT_RETRY_MS * (0.5 + random() / 2) : backOff.next()
    log.info({ ...names, reason, retryInMs: Math.round(delayMs) }, 'subscription not heard')
    cancelRetry = clock.after(delayMs, () => ask())
  }

  function silence() {
    cancelRetry?.()
    cancelRetry = null
    cancelClockLook()
    for (const stop of hearing?.stop ?? []) stop()
    hearing = null
  }

  const leave = relay.join({
    onUp: () => ask(),
    onDown: () => {
      trouble = null
      silence()
    },
    onAuthenticated: () => {
      // What was refused for want of it, and waits for its next try, need not wait.
      if (cancelRetry) ask()
      else if (hearing?.isStale()) ask(hearing)
    },
    onAuthenticationRefused: () => {
      if (!hearing?.provisional) return
      hearing.provisional = false
      cursors.advance(key, hearing.requestedAt)
    },
  })
  return {
    relay,
    get listening() {
      return hearing !== null && hearing.state !== 'asking'
    },
    get echoing() {
      return hearing !== null && hearing.state !== 'asking' && hearing.echoes
    },
    get filters() {
      return hearing && hearing.state !== 'asking' ? hearing.filters : []
    },
    get trouble() {
      return trouble
    },
    awaitEcho: (id, onHeard) => {
      awaited.set(id, onHeard)
      return () => void awaited.delete(id)
    },
    rebuild: () => ask(),
    close: () => {
      leave()
      silence()
    },
  }
}
