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
/** How often a clock that was set back is looked for: whoever asked from a time that is yet to come hears nothing until then. */
const CLOCK_LOOK_MS = 60_000
/** A relay that has not said EOSE by then is asked again. */
const EOSE_WITHIN_MS = 60_000

export interface RelaySubscription {
  readonly relay: Relay
  /** The relay has answered the request by EOSE and not ended it. */
  readonly listening: boolean
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
  readonly requestedAt: Seconds
  state: 'asking' | 'paging' | 'caughtUp'
  readonly stop: (() => void)[]
}

export function createRelaySubscription(options: RelaySubscriptionOptions): RelaySubscription {
  const { request, relay, clock, log, random, cursors, overlapSeconds } = options
  const key = `${request.name} ${relay.url}`
  const names = { relay: relay.url, subscription: request.name }
  const backOff = createBackOff({ firstMs: FIRST_RETRY_MS, maxMs: LONGEST_RETRY_MS, random })
  let hearing: Hearing | null = null
  let cancelRetry: () => void = () => undefined
  let cancelClockLook: () => void = () => undefined

  const seconds = (): Seconds => Math.floor(clock.now() / 1_000)

  function ask() {
    silence()
    const requestedAt = seconds()
    const cursor = cursors.read(key)
    const since = cursor === undefined ? undefined : Math.max(0, Math.min(cursor, requestedAt) - overlapSeconds)
    const filters = request.filters(since)
    if (filters.length === 0) return
    const now: Hearing = { filters, requestedAt, state: 'asking', stop: [] }
    hearing = now
    const first = createPageCounter(Infinity)
    const sent = relay.request(filters, {
      onEvent: (frame) => {
        if (now.state === 'asking') first.note(frame)
        take(frame, now)
      },
      onEose: () => {
        if (now.state !== 'asking') return
        now.state = 'paging'
        now.stop.push(
          startBackfill({
            relay,
            filters,
            first: first.page,
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
    now.stop.push(clock.after(EOSE_WITHIN_MS, () => now.state === 'asking' && retry(now, 'no EOSE in time')))
  }

  function take(frame: string, { filters, state }: Hearing) {
    if (request.known(claimedId(frame))) {
      if (state === 'caughtUp') cursors.advance(key, claimedTime(frame))
      return
    }
    const event = parseEventFrame(frame, filters)
    if (event === null) return relay.countMalformed('an event that was not asked for')
    if (isMalformed(event)) return relay.countMalformed(event.malformed)
    try {
      request.onEvent(event, relay.url)
    } catch (error) {
      // One event that trips its listener must not cost the connection, nor the process.
      log.error({ ...names, event: event.id, error: String(error) }, 'event listener failed')
    }
    if (state === 'caughtUp') cursors.advance(key, event.created_at)
  }

  function catchUp(now: Hearing) {
    if (now !== hearing) return
    now.state = 'caughtUp'
    // ORDER: only once all that was stored has been handed over. A crash before costs a repetition, a crash after an earlier
    // advance would cost what the relay had not yet sent.
    cursors.advance(key, now.requestedAt)
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
    silence()
    const delayMs = backOff.next()
    log.info({ ...names, reason, retryInMs: Math.round(delayMs) }, 'subscription not heard')
    cancelRetry = clock.after(delayMs, ask)
  }

  function silence() {
    cancelRetry()
    cancelClockLook()
    for (const stop of hearing?.stop ?? []) stop()
    hearing = null
  }

  const leave = relay.join({ onUp: ask, onDown: silence })
  return {
    relay,
    get listening() {
      return hearing !== null && hearing.state !== 'asking'
    },
    close: () => {
      leave()
      silence()
    },
  }
}
