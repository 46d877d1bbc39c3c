/** Do we serve at this moment? Says so at every beat, and says nothing while it is not true. */
import type { Millis, Seconds } from '../core/identifiers.js'
import { buildHeartbeat } from '../nostr/kinds/heartbeat.js'
import type { Clock, Logger, RelayPool, Signer } from '../ports.js'

/** A daemon that cannot serve looks so often whether it can again. */
const LOOK_AGAIN_MS = 30_000
/** Just after the start: relays are being connected. */
const FIRST_LOOK_MS = 2_000

export interface Heartbeat {
  start(): void
  stop(): void
}

export function createHeartbeat(wiring: {
  readonly identifier: string
  readonly periodMs: Millis
  readonly relays: readonly string[]
  readonly isServing: () => Promise<boolean>
  readonly nextTime: () => Seconds
  readonly signer: Signer
  readonly pool: RelayPool
  readonly clock: Clock
  readonly log: Logger
}): Heartbeat {
  const { periodMs, signer, pool, clock, log } = wiring
  let cancel: () => void = () => undefined
  let active = false
  let serving: boolean | null = null

  function beatIn(delayMs: Millis): void {
    cancel()
    if (active) cancel = clock.after(delayMs, () => void beat())
  }

  async function beat(): Promise<void> {
    const now = await wiring.isServing().catch(() => false)
    if (!active) return
    if (now !== serving) log.info({ serving: now }, 'heartbeat')
    serving = now
    if (!now) return beatIn(Math.min(LOOK_AGAIN_MS, periodMs))
    try {
      const createdAt = wiring.nextTime()
      // Two beats: one that is lost does not make us look dead.
      const expiration = createdAt + Math.ceil((2 * periodMs) / 1000)
      const event = await signer.sign(buildHeartbeat({ identifier: wiring.identifier, createdAt, expiration }))
      // Not tried again: the next one is newer.
      if (active) for (const relay of wiring.relays) void pool.publish(event, relay)
    } catch (error) {
      log.debug({ reason: error instanceof Error ? error.message : 'unknown' }, 'no heartbeat')
    }
    beatIn(periodMs)
  }

  return {
    start() {
      if (active) return
      active = true
      beatIn(FIRST_LOOK_MS)
    },
    stop() {
      active = false
      cancel()
    },
  }
}
