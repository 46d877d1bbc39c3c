/** Does the domain of our name still name us? Looked up at the start, and again while nobody could say; never in the way. */
import type { Pubkey } from '../core/identifiers.js'
import { verifyNip05 } from '../nostr/nip05.js'
import type { Clock, Logger, WebClient } from '../ports.js'

const AGAIN_MS = 60 * 60_000

export interface NameCheck {
  /** As last looked up; null before that. */
  readonly verdict: { readonly address: string; readonly named: boolean; readonly reason: string | null } | null
  stop(): void
}

export function checkName(wiring: {
  readonly address: string
  readonly pubkey: Pubkey
  /** Where we read: customers who find us by our name find these relays with it. */
  readonly relays: readonly string[]
  readonly web: WebClient
  readonly clock: Clock
  readonly log: Logger
}): NameCheck {
  const { address, pubkey, relays, web, clock, log } = wiring
  let verdict: NameCheck['verdict'] = null
  let cancel: () => void = () => undefined
  let stopped = false

  async function look(): Promise<void> {
    const found = await verifyNip05(web, address, pubkey)
    if (stopped) return
    const isElsewhere =
      found.type === 'named' && found.relays.length > 0 && !relays.some((url) => found.relays.includes(url))
    const reason =
      found.type !== 'named' ? found.reason : isElsewhere ? 'it names none of the relays that we read' : null
    const isNews = verdict?.reason !== reason
    verdict = { address, named: found.type === 'named', reason }
    if (reason !== null && isNews) log.warn({ address, reason }, 'the internet name is not as it should be')
    if (found.type === 'unreachable') cancel = clock.after(AGAIN_MS, () => void look())
  }

  void look()
  return {
    get verdict() {
      return verdict
    },
    stop() {
      stopped = true
      cancel()
    },
  }
}
