/** Is this event worth a signature check? Each costs more than all the rest, and forging costs nothing. */
import type { NostrEvent } from '../core/event.js'
import { provenWork } from '../nostr/work.js'
import { createQuota } from '../policies/quota.js'
import type { RateLimit } from '../policies/rate.js'
import { glance, type WaysIn } from '../policies/ways.js'
import type { Clock, Logger } from '../ports.js'

export interface Screen {
  /**
   * Why an event is not looked at: `ignored` comes from a relay that sends forgeries; `refusedSilently` would be refused even if it
   * is what it claims to be, and no refusal could be said.
   */
  dismiss(event: NostrEvent, relay: string): 'ignored' | 'refusedSilently' | null
  /** Has an event of that relay looked at, unless it sends forgeries; `look` says whether it was genuine, as far as that was asked. */
  guard(relay: string, look: () => boolean | Promise<boolean>): void
  /** The relay sent a forged event. */
  forged(relay: string): void
}

/** Forged events of one relay in a minute after which it is ignored, until some of them have been forgotten. */
const MOST_FORGED = 60

export function createScreen(wiring: {
  readonly ways: WaysIn
  /** The rate of the intake, which is only looked at: a claim must not use up what another key is owed. */
  readonly refusals: RateLimit
  readonly clock: Clock
  readonly log: Logger
}): Screen {
  const { ways, refusals, clock, log } = wiring
  const isOpen = ways.any.length === 0 && ways.deny.size === 0
  const forgeries = createQuota(MOST_FORGED, 60_000)
  const forgedBy = new Map<string, number>()

  const isIgnored = (relay: string): boolean => forgedBy.has(relay) && forgeries.waitMs(relay, clock.now()) > 0

  return {
    dismiss(event, relay) {
      const now = clock.now()
      if (isIgnored(relay)) return 'ignored'
      if (isOpen) return null
      const seen = glance(ways, { customer: event.pubkey, workBits: provenWork(event) })
      return seen !== null && seen !== 'ask' && refusals.isOut(event.pubkey, now) ? 'refusedSilently' : null
    },
    guard(relay, look) {
      if (isIgnored(relay)) return
      const genuine = look()
      if (genuine === false) forged(relay)
      else if (genuine !== true) void genuine.then((isGenuine) => isGenuine || forged(relay))
    },
    forged,
  }

  function forged(relay: string): void {
    const times = (forgedBy.get(relay) ?? 0) + 1
    forgedBy.set(relay, times)
    forgeries.take(relay, clock.now())
    if (/^60*$/.test(String(times)) && times >= MOST_FORGED)
      log.warn({ relay, forged: times }, 'relay sends forged events')
  }
}
