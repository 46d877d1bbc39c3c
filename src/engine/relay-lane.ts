/** When is what sent to this one relay? As fast as it takes it, and where it does not, less and less: a dead relay costs nothing. */
import type { Millis } from '../core/identifiers.js'
import type { Clock, PublishVerdict, RelayPool } from '../ports.js'

const FIRST_RETRY_MS = 1_000
/** A relay that asks for patience gets more of it. */
const FIRST_RATE_LIMIT_MS = 3_000
const MAX_RETRY_MS = 10 * 60_000
const MOST_IN_FLIGHT = 256
/** What is new is tried at once even where the relay did not answer a moment ago, but not more than this. */
const MOST_TRIALS = 8

/** One event on its way to the relay. */
export interface Sending {
  /** JSON; null once it is not to be sent any more. */
  readonly event: () => string | null
  /** Afterwards it is given up. */
  readonly until: Millis
  readonly onDeferred: (reason: string) => void
  readonly onEnd: (verdict: Exclude<PublishVerdict, { type: 'later' }> | 'dropped') => void
}

export interface RelayLane {
  send(sending: Sending): void
  /** Nothing more is sent or told. */
  stop(): void
}

export function createRelayLane(wiring: {
  readonly relay: string
  readonly relays: Pick<RelayPool, 'publish'>
  readonly clock: Clock
  readonly random: () => number
  /** Nothing waits here, and nothing is known that would matter later. */
  readonly onIdle: () => void
}): RelayLane {
  const { relay, relays, clock, random } = wiring
  /** What waits for the relay, in order. */
  const queue = new Set<Sending>()
  /** What the relay itself has put off, while it takes others: each waits by itself. */
  const putOff = new Map<Sending, () => void>()
  const delays = new WeakMap<Sending, Millis>()
  let inFlight = 0
  /** How many may be in flight: one after a failure, and with each success twice as many. */
  let width = MOST_IN_FLIGHT
  let delayMs: Millis = 0
  let cancelPause: (() => void) | null = null
  let isRateLimited = false
  let stopped = false

  function pump(): void {
    while (!cancelPause && inFlight < width) {
      const [next] = queue
      if (!next) break
      queue.delete(next)
      void attempt(next)
    }
    if (!cancelPause && inFlight + queue.size + putOff.size === 0) wiring.onIdle()
  }

  async function attempt(sending: Sending): Promise<void> {
    const event = sending.event()
    if (event === null) return sending.onEnd('dropped')
    if (clock.now() > sending.until) return giveUp(sending)
    inFlight += 1
    const verdict = await relays.publish(event, relay)
    inFlight -= 1
    if (stopped) return
    if (verdict.type === 'later') {
      sending.onDeferred(verdict.reason)
      defer(sending, verdict.cause)
    } else {
      recover()
      sending.onEnd(verdict)
    }
    pump()
  }

  /** The relay speaks, and takes or rules out what it is sent. */
  function recover(): void {
    // What was on its way when it asked for patience says nothing of what comes next.
    if (cancelPause && isRateLimited) return
    width = Math.min(MOST_IN_FLIGHT, width * 2)
    if (width >= MOST_TRIALS) delayMs = 0
    isRateLimited = false
    cancelPause?.()
    cancelPause = null
  }

  function defer(sending: Sending, cause: 'rateLimited' | 'said' | undefined): void {
    if (cause === 'said') return putOffAlone(sending)
    queue.add(sending)
    if (cause === 'rateLimited') isRateLimited = true
    // Of many that were in flight together each tells of the same failure.
    if (cancelPause) return
    delayMs = delayMs === 0 ? (isRateLimited ? FIRST_RATE_LIMIT_MS : FIRST_RETRY_MS) : longer(delayMs)
    width = 1
    cancelPause = clock.after(jittered(delayMs), () => {
      cancelPause = null
      dropOutdated()
      pump()
    })
  }

  function putOffAlone(sending: Sending): void {
    const before = delays.get(sending)
    const delay = before === undefined ? FIRST_RETRY_MS : longer(before)
    delays.set(sending, delay)
    const cancel = clock.after(jittered(delay), () => {
      putOff.delete(sending)
      queue.add(sending)
      pump()
    })
    putOff.set(sending, cancel)
  }

  const longer = (delay: Millis): Millis => Math.min(MAX_RETRY_MS, delay * 2)
  const jittered = (delay: Millis): Millis => delay * (0.75 + random() / 2)

  function dropOutdated(): void {
    const now = clock.now()
    for (const sending of [...queue]) {
      if (now <= sending.until && sending.event() !== null) continue
      queue.delete(sending)
      if (sending.event() === null) sending.onEnd('dropped')
      else giveUp(sending)
    }
  }

  const giveUp = (sending: Sending): void =>
    sending.onEnd({ type: 'refused', reason: 'no answer in time', tooLarge: false })

  return {
    send(sending) {
      if (stopped) return
      if (cancelPause && !isRateLimited && inFlight < MOST_TRIALS) return void attempt(sending)
      queue.add(sending)
      pump()
    },
    stop() {
      stopped = true
      cancelPause?.()
      for (const cancel of putOff.values()) cancel()
      putOff.clear()
      queue.clear()
    },
  }
}
