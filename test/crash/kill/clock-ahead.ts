/** What if more time has passed than the test can wait for? The daemon's clock, so far ahead of the real one. */
import type { Clock } from '../../../src/ports.js'

/** In milliseconds, in the environment of the process. */
export const CLOCK_AHEAD = 'CRASH_CLOCK_AHEAD'

export function setClockAhead(clock: Clock, environment: NodeJS.ProcessEnv): void {
  const aheadMs = Number(environment[CLOCK_AHEAD] ?? 0)
  if (aheadMs === 0) return
  const now = clock.now.bind(clock)
  Object.assign(clock, { now: () => now() + aheadMs })
}
