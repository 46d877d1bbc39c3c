/** How many jobs whose invoice has lapsed may wait for a late payment? The oldest make room: asking and never paying costs nothing. */
import type { EventId } from '../core/identifiers.js'
import type { Late } from '../core/job.js'
import { createRecentIds } from './recent-ids.js'

/** What they may hold of requests in all, in characters. */
const MAX_CHARACTERS = 64 * 1_024 * 1_024

export interface LateJobs {
  /** Whether the job may wait on. A job that has made room may not, and is archived as if its time were over. */
  keep(job: Late): boolean
  /** The job waits no more. */
  leave(id: EventId): void
}

export function createLateJobs(options: {
  readonly max: number
  readonly maxCharacters?: number
  /** This job has made room, and is to be looked at. */
  readonly onEvicted: (id: EventId) => void
}): LateJobs {
  const { max, maxCharacters = MAX_CHARACTERS, onEvicted } = options
  const kept = new Map<EventId, number>()
  const evicted = createRecentIds(20_000)
  let characters = 0

  function leave(id: EventId): void {
    characters -= kept.get(id) ?? 0
    kept.delete(id)
  }

  return {
    leave,
    keep({ id, request, call }) {
      if (evicted.has(id)) return false
      if (kept.has(id)) return true
      const own = request.length + (call.body?.length ?? 0)
      kept.set(id, own)
      characters += own
      while (kept.size > max || (characters > maxCharacters && kept.size > 1)) {
        const oldest = kept.keys().next()
        if (oldest.done) break
        leave(oldest.value)
        evicted.add(oldest.value)
        onEvicted(oldest.value)
      }
      return true
    },
  }
}
