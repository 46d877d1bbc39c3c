/** What time is it in a test? A clock that stands still until it is moved; then every timer runs in its order, at its time. */
import type { Millis } from '../../src/core/identifiers.js'
import type { Clock } from '../../src/ports.js'

export interface FakeClock extends Clock {
  /** Moves the time on, and lets everything happen that follows from it. */
  advance(ms: number): Promise<void>
  /** Timers that are armed. */
  timers(): number
}

/** Every promise that can be kept without a timer or the outside world has been kept. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

export function createFakeClock(start: Millis = 1_800_000_000_000): FakeClock {
  const timers = new Map<number, { readonly at: Millis; readonly run: () => void }>()
  let now = start
  let made = 0

  /** The earliest timer up to then; of two at one time the first made. */
  function next(until: Millis): number | undefined {
    let found: { id: number; at: Millis } | undefined
    for (const [id, { at }] of timers) if (at <= until && (!found || at < found.at)) found = { id, at }
    return found?.id
  }

  return {
    now: () => now,
    after(delayMs, run) {
      const id = (made += 1)
      timers.set(id, { at: now + Math.max(0, delayMs), run })
      return () => timers.delete(id)
    },
    async advance(ms) {
      const until = now + ms
      await settled()
      for (let id = next(until); id !== undefined; id = next(until)) {
        const timer = timers.get(id)
        timers.delete(id)
        now = Math.max(now, timer?.at ?? now)
        timer?.run()
        await settled()
      }
      now = until
    },
    timers: () => timers.size,
  }
}
