/** How soon may this key have another? Token buckets; a key that was quiet costs no memory for long. */
import type { Millis } from '../core/identifiers.js'

const KEPT_KEYS = 20_000
/** Tokens are fractions: what is left of one by rounding is no wait. */
const ROUNDING_MS = 1e-3

export interface Quota {
  /** 0 where one is left, else the time until there is one again. Takes nothing. */
  waitMs(key: string, now: Millis): Millis
  take(key: string, now: Millis): void
}

/** So many in a period, all of them at once if need be, and again as they come back one by one. */
export function createQuota(most: number, periodMs: Millis): Quota {
  const buckets = new Map<string, { tokens: number; at: Millis }>()
  const tokensOf = (key: string, now: Millis): number => {
    const bucket = buckets.get(key)
    if (!bucket) return most
    return Math.min(most, bucket.tokens + (Math.max(0, now - bucket.at) * most) / periodMs)
  }
  return {
    waitMs(key, now) {
      const tokens = tokensOf(key, now)
      const waitMs = ((1 - tokens) * periodMs) / most
      return waitMs < ROUNDING_MS ? 0 : Math.ceil(waitMs - ROUNDING_MS)
    },
    take(key, now) {
      const tokens = tokensOf(key, now) - 1
      // A clock that was set back gives nothing.
      const at = Math.max(now, buckets.get(key)?.at ?? now)
      buckets.delete(key)
      buckets.set(key, { tokens, at }) // the most recent last, so that the first is the one to forget
      const oldest = buckets.keys().next()
      if (buckets.size > KEPT_KEYS && !oldest.done) buckets.delete(oldest.value)
    },
  }
}
