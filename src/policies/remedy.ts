/** What would help whoever is refused? The tag that goes with the code (PROTOCOL.md §Errors). */
import type { Millis } from '../core/identifiers.js'

/** Whole seconds, rounded up: who waits so long does not come too early. */
export const retryAfter = (waitMs: Millis): readonly string[] => ['retry-after', String(Math.ceil(waitMs / 1000))]

export const workWanted = (bits: number): readonly string[] => ['pow', String(bits)]
