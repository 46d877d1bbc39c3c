/** Do the relays hold this event? One signed event, offered to each relay until that relay has decided. */
import type { NostrEvent } from '../core/event.js'
import type { Millis } from '../core/identifiers.js'
import type { Clock, PublishVerdict } from '../ports.js'

const FIRST_RETRY_MS: Millis = 1_000
const LONGEST_RETRY_MS: Millis = 30_000

export interface Publication {
  readonly event: NostrEvent
  readonly relays: readonly string[]
  readonly publish: (event: NostrEvent, relay: string) => Promise<PublishVerdict>
  readonly clock: Clock
  /** Ends the retries. */
  readonly signal: AbortSignal
  /** Each decision, and the first time that a relay could not decide. */
  readonly onVerdict: (relay: string, verdict: PublishVerdict) => void
}

/** Resolves when every relay has accepted or refused, or the signal came. Returns how many accepted. */
export async function publishUntilHeld(publication: Publication): Promise<number> {
  const decisions = await Promise.all(publication.relays.map((relay) => offerTo(relay, publication)))
  return decisions.filter((accepted) => accepted).length
}

async function offerTo(relay: string, { event, publish, clock, signal, onVerdict }: Publication): Promise<boolean> {
  for (let delay = FIRST_RETRY_MS; !signal.aborted; delay = Math.min(delay * 2, LONGEST_RETRY_MS)) {
    const verdict = await publish(event, relay)
    if (signal.aborted && verdict.type === 'later') return false
    if (verdict.type !== 'later' || delay === FIRST_RETRY_MS) onVerdict(relay, verdict)
    if (verdict.type === 'accepted') return true
    if (verdict.type === 'refused') return false
    await pause(delay, clock, signal)
  }
  return false
}

function pause(delayMs: Millis, clock: Clock, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      cancel()
      signal.removeEventListener('abort', wake)
      resolve()
    }
    const cancel = clock.after(delayMs, wake)
    signal.addEventListener('abort', wake)
    if (signal.aborted) wake()
  })
}
