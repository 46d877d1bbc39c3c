/** How often? Token buckets, per key and in all; a key that was quiet costs no memory for long. */
import type { Millis } from '../core/identifiers.js'

const KEPT_KEYS = 10_000

interface Bucket {
  tokens: number
  at: Millis
}

export interface RateLimit {
  /** Takes one token of the key and one of the whole; false, and takes none, when either is out. */
  take(key: string, now: Millis): boolean
  /** Whether `take` would be false. Takes nothing. */
  isOut(key: string, now: Millis): boolean
}

/** Both rates are per minute, and as large a burst is allowed. */
export function createRateLimit(perKey: number, inAll: number): RateLimit {
  const buckets = new Map<string, Bucket>()
  const whole: Bucket = { tokens: inAll, at: 0 }
  const refill = (bucket: Bucket, perMinute: number, now: Millis): Bucket => {
    bucket.tokens = Math.min(perMinute, bucket.tokens + (Math.max(0, now - bucket.at) * perMinute) / 60_000)
    bucket.at = now
    return bucket
  }
  return {
    isOut(key, now) {
      const own = buckets.get(key)
      return refill(whole, inAll, now).tokens < 1 || (own ? refill(own, perKey, now).tokens : perKey) < 1
    },
    take(key, now) {
      const own = refill(buckets.get(key) ?? { tokens: perKey, at: now }, perKey, now)
      refill(whole, inAll, now)
      buckets.delete(key)
      buckets.set(key, own) // the most recent last, so that the first is the one to forget
      const oldest = buckets.keys().next()
      if (buckets.size > KEPT_KEYS && !oldest.done) buckets.delete(oldest.value)
      if (own.tokens < 1 || whole.tokens < 1) return false
      own.tokens -= 1
      whole.tokens -= 1
      return true
    },
  }
}
