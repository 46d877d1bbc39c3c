/** Where does an event for the provider go? To the customer's relays, and to those where the provider reads (NIP-65). */
import type { NostrEvent } from '../core/event.js'
import type { Pubkey } from '../core/identifiers.js'
import type { Clock, PublishVerdict } from '../ports.js'
import type { NdkSession } from './ndk-session.js'
import { publishUntilHeld } from './publish-until-held.js'

/** A provider's relay list is a stranger's: only so many of its relays are taken. */
const MOST_READ_RELAYS = 5

export type VerdictListener = (relay: string, verdict: PublishVerdict) => void

export interface ProviderReach {
  /** Goes on until every relay has decided or the signal comes; returns how many hold the event. */
  publish(event: NostrEvent, onVerdict: VerdictListener): Promise<number>
}

export function createProviderReach(options: {
  readonly session: NdkSession
  readonly provider: Pubkey
  readonly relays: readonly string[]
  readonly clock: Clock
  readonly signal: AbortSignal
}): ProviderReach {
  const { session, provider, relays, clock, signal } = options
  let lookup: Promise<string[]> | null = null

  async function findFurtherRelays(): Promise<string[]> {
    const named = await session.readRelaysOf(provider, relays)
    const atHome = relays.some(isLocal)
    return named.filter((url) => !relays.includes(url) && (atHome || !isLocal(url))).slice(0, MOST_READ_RELAYS)
  }

  return {
    async publish(event, onVerdict) {
      const hold = (at: readonly string[]): Promise<number> =>
        publishUntilHeld({
          event,
          relays: at,
          publish: (what, relay) => session.publish(what, relay),
          clock,
          signal,
          onVerdict,
        })
      // The customer's own relays do not wait for the look-up.
      const held = await Promise.all([hold(relays), (lookup ??= findFurtherRelays()).then(hold)])
      return held[0] + held[1]
    },
  }
}

/** Loopback and private addresses: not to be visited because a stranger names them, unless the customer is at home there itself. */
export function isLocal(url: string): boolean {
  const { hostname } = new URL(url)
  if (hostname === 'localhost' || hostname.endsWith('.localhost') || hostname.endsWith('.local')) return true
  if (/^\[(::1?\]|::ffff:|f[cd]|fe[89ab])/.test(hostname)) return true
  return /^(0|10|127)\.|^192\.168\.|^169\.254\.|^172\.(1[6-9]|2\d|3[01])\./.test(hostname)
}
