/** May another request be sent now? One budget per origin, whoever asks there; quiet while the origin asks for it. */
import type { Clock } from '../ports.js'

const LONGEST_QUIET_S = 3_600
const USUAL_QUIET_S = 5

export interface RequestBudget {
  /** Takes one request of the budget; false where it is used up, or the origin wants quiet. */
  take(): boolean
  /** Nothing more until then, by a Retry-After in seconds, or a few seconds without one. */
  quiet(retryAfter: string | undefined): void
  /** Milliseconds since 1970 before which nothing can be taken. */
  readonly quietUntil: number
}

export function createRequestBudget(requestsPerSecond: number, clock: Clock): RequestBudget {
  let tokens = 1
  let filledAt = clock.now()
  let quietUntil = 0
  return {
    get quietUntil() {
      return quietUntil
    },
    take() {
      const now = clock.now()
      tokens = Math.min(requestsPerSecond, tokens + ((now - filledAt) * requestsPerSecond) / 1000)
      filledAt = now
      if (now < quietUntil || tokens < 1) return false
      tokens -= 1
      return true
    },
    quiet(retryAfter) {
      const asked = Number(retryAfter ?? USUAL_QUIET_S)
      const seconds = Number.isFinite(asked) && asked > 0 ? Math.min(LONGEST_QUIET_S, asked) : USUAL_QUIET_S
      quietUntil = clock.now() + seconds * 1000
    },
  }
}
