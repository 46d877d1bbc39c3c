/** Is the process itself alive? What a watchdog hangs on: the disk takes a write, and the pool tends its connections. Never a network. */
import type { Millis } from '../core/identifiers.js'
import type { Clock, JobStore, RelayPool } from '../ports.js'

/** The pool looks after its connections every ten seconds. */
const TENDED_WITHIN_MS = 60_000
const CURSOR = 'watchdog'

export interface Pulse {
  /** Resolves with what is wrong, or null. Never rejects; what hangs does not resolve. */
  readonly feel: () => Promise<string | null>
}

export function createPulse(wiring: {
  readonly store: Pick<JobStore, 'putCursor' | 'flush' | 'acceptsJobs'>
  readonly relays: Pick<RelayPool, 'tendedAt'>
  readonly clock: Clock
}): Pulse {
  const { store, relays, clock } = wiring
  let last: Millis = 0

  return {
    async feel() {
      const now = clock.now()
      const tendedAt = relays.tendedAt()
      if (tendedAt !== null && now - tendedAt > TENDED_WITHIN_MS) return 'the relay supervisor does not tick'
      // A full disk is known and said: starting again would not free it.
      if (!store.acceptsJobs()) return null
      // Never twice the same: what has not changed is not written.
      last = Math.max(last + 1, Math.floor(now / 1000))
      store.putCursor(CURSOR, last)
      try {
        await store.flush()
      } catch (error) {
        return `the store does not write: ${error instanceof Error ? error.name : 'unknown'}`
      }
      return null
    },
  }
}
