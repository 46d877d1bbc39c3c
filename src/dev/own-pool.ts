/** How does a part of the embedded world reach its relay? By a relay pool of its own, which says and saves nothing. */
import { createRelayPool } from '../nostr/relay-pool.js'
import type { Logger, RelayPool } from '../ports.js'
import { systemClock } from '../system/system-clock.js'

const quiet = (): void => undefined
const QUIET: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }

/** To be stopped by whoever asked for it. */
export function createOwnPool(): RelayPool {
  const cursors = new Map<string, number>()
  const saved = {
    cursor: (key: string) => cursors.get(key),
    putCursor: (key: string, seconds: number) => void cursors.set(key, seconds),
  }
  return createRelayPool({ clock: systemClock, log: QUIET, cursors: saved })
}
