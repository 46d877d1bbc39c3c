/** What time is it, really? The clock of this machine; its timers keep no process alive. */
import type { Clock } from '../ports.js'

/** Longer delays than Node counts would run out at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(delayMs, LONGEST_DELAY_MS))
    timer.unref()
    return () => clearTimeout(timer)
  },
}
