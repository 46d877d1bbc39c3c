/** Where does an event for the provider go? To the customer's relays, and to those where the provider reads (NIP-65). */
import type { NostrEvent } from '../core/event.js'
import { isPublicHost } from '../core/hosts.js'
import { isMalformed, type Malformed, type Pubkey } from '../core/identifiers.js'
import { parseEvent, verifyEvent } from '../nostr/event.js'
import { parseRelayUrl } from '../nostr/relay-url.js'
import type { Clock, PublishVerdict, RelayPool } from '../ports.js'
import type { NdkSession } from './ndk-session.js'
import { publishUntilHeld } from './publish-until-held.js'

/** NIP-65. */
const RELAY_LIST_KIND = 10_002
const RELAY_LIST_MS = 2_000
/** A provider's relay list is a stranger's: only so many of its relays are taken. */
const MOST_READ_RELAYS = 5

export type VerdictListener = (relay: string, verdict: PublishVerdict) => void

export interface ProviderReach {
  /** Goes on until every relay has decided or the signal comes; returns how many hold the event. */
  publish(event: NostrEvent, onVerdict: VerdictListener): Promise<number>
}

export function createProviderReach(options: {
  readonly session: NdkSession
  readonly relayPool: RelayPool
  readonly provider: Pubkey
  readonly relays: readonly string[]
  readonly clock: Clock
  readonly signal: AbortSignal
}): ProviderReach {
  const { session, relayPool, provider, relays, clock, signal } = options
  /** One relay may be written in several ways. */
  const near = new Set(relays.map(parseRelayUrl))
  let lookup: Promise<string[]> | null = null

  async function findFurtherRelays(): Promise<string[]> {
    const filter = { kinds: [RELAY_LIST_KIND], authors: [provider] }
    const { events } = await relayPool.fetch(relays, filter, RELAY_LIST_MS)
    const lists = events.map((event) => parseEvent(event)).filter((event) => isListOf(provider, event))
    const [newest] = lists.sort((a, b) => b.created_at - a.created_at)
    if (newest === undefined) return []
    const named = session.readRelaysIn(newest).map(parseRelayUrl)
    const urls = named.filter((url): url is string => !isMalformed(url) && !near.has(url))
    const atHome = relays.some(isLocal)
    return [...new Set(urls)].filter((url) => atHome || !isLocal(url)).slice(0, MOST_READ_RELAYS)
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
      const further = Promise.race([(lookup ??= findFurtherRelays()), nothingAfter(signal)])
      const held = await Promise.all([hold(relays), further.then(hold)])
      return held[0] + held[1]
    },
  }
}

const isListOf = (author: Pubkey, event: NostrEvent | Malformed): event is NostrEvent =>
  !isMalformed(event) && event.kind === RELAY_LIST_KIND && event.pubkey === author && verifyEvent(event)

/** No relays, once the signal has come. */
const nothingAfter = (signal: AbortSignal): Promise<string[]> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve([])
    else signal.addEventListener('abort', () => resolve([]), { once: true })
  })

/** Loopback and private addresses: not to be visited because a stranger names them, unless the customer is at home there itself. */
export const isLocal = (url: string): boolean => !isPublicHost(new URL(url).hostname)
