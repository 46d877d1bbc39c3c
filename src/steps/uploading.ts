/** Where does an answer go that no event holds? Into a blob, tried again for as long as that can work: it was paid for. */
import type { BlobPointer } from '../core/blob.js'
import { rejection } from '../core/errors.js'
import type { Millis } from '../core/identifiers.js'
import type { JobOutput, Publishing } from '../core/job.js'
import type { Fact } from '../core/transition.js'
import { pauseUntil, type Pause, type StepContext } from './context.js'

const MAX_RETRY_MS: Millis = 10 * 60_000
const FREE_PATIENCE_MS: Millis = 30 * 60_000

interface Failures {
  readonly count: number
  readonly retryAt: Millis
}

/** In memory only: after a start the servers are simply asked again. */
const failuresOf = new WeakMap<Publishing, Failures>()

/** Repeating it is harmless: each upload is another blob, of another key. */
export async function uploading(
  context: StepContext,
  job: Publishing,
  output: JobOutput,
): Promise<{ readonly type: 'stored'; readonly pointer: BlobPointer } | Extract<Fact, { type: 'refused' }> | Pause> {
  const { blobs, clock, log, settings } = context
  const { count, retryAt } = failuresOf.get(job) ?? { count: 0, retryAt: 0 }
  if (clock.now() < retryAt) return pauseUntil(retryAt)
  const content = Buffer.from(output.content, output.encoding === 'base64' ? 'base64' : 'utf8')
  // Settings change, and an operator can put them right.
  const most = blobs?.maxBytes ?? 0
  if (content.length > most) return refuse('result-too-large', `${content.length} bytes, and blobs may have ${most}`)
  const outcome = blobs ? await blobs.put(content, output.contentType) : ({ type: 'failed', reason: 'none' } as const)
  if (outcome.type === 'stored') return outcome
  const patienceMs = job.payment ? settings.patienceMs : FREE_PATIENCE_MS
  const next = clock.now() + Math.min(MAX_RETRY_MS, settings.retryMs * 2 ** Math.min(count, 20))
  log.warn({ job: job.id, failures: count + 1, reason: outcome.reason }, 'blob not stored')
  if (clock.now() - job.updatedAt > patienceMs)
    return refuse('undeliverable', `no blob server keeps it: ${outcome.reason}`)
  failuresOf.set(job, { count: count + 1, retryAt: next })
  return pauseUntil(next)
}

const refuse = (...[code, detail]: Parameters<typeof rejection>): Extract<Fact, { type: 'refused' }> => ({
  type: 'refused',
  rejection: rejection(code, detail),
})
