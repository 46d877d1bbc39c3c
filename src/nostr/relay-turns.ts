/** How many look-ups are under way at this relay at once? Relays refuse a connection more than some twenty; the others wait in line. */
import type { Relay } from './relay.js'

/** Of the twenty that are common, some are for what is listened to. */
const MOST_AT_ONCE = 15

interface Line {
  taken: number
  readonly waiting: Set<() => void>
}

const lines = new WeakMap<Relay, Line>()

export interface Turn {
  /** Runs at once, or when there is a place. */
  begin(): void
  /** Gives the place on, or leaves the line. Idempotent. */
  leave(): void
}

export function createTurn(relay: Relay, run: () => void): Turn {
  const line = lines.get(relay) ?? { taken: 0, waiting: new Set() }
  lines.set(relay, line)
  let isIn = false
  let hasLeft = false

  function passOn(): void {
    const [next] = line.waiting
    if (!next) return void (line.taken -= 1)
    line.waiting.delete(next)
    // Not from here: where the connection is gone each of them ends at once, one within the other.
    queueMicrotask(next)
  }

  /** With a place that is ours. */
  function enter(): void {
    if (hasLeft) return passOn()
    isIn = true
    run()
  }

  return {
    begin() {
      if (line.taken >= MOST_AT_ONCE) return void line.waiting.add(enter)
      line.taken += 1
      enter()
    },
    leave() {
      if (hasLeft) return
      hasLeft = true
      if (isIn) passOn()
      else line.waiting.delete(enter)
    },
  }
}
