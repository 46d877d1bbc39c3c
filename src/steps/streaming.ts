/** What does the customer see of an answer that is still coming? Pieces of its text, at most one a second, as best we can. */
import { isRejection } from '../core/errors.js'
import type { Millis } from '../core/identifiers.js'
import type { Fetching, Quoting } from '../core/job.js'
import { buildPartial } from '../nostr/kinds/partial.js'
import type { UpstreamOutcome, UpstreamRequest } from '../ports.js'
import type { Place } from './calling.js'
import type { StepContext } from './context.js'
import { aboutJob, answerJob } from './delivery.js'

const PERIOD_MS: Millis = 1_000
/** Characters of one piece. Escaped, encrypted and wrapped it still fits into an event. */
const MOST_CHARACTERS = 4_096
/** An upstream that is further ahead of the pieces needs none: the result is near. */
const MOST_WAITING = 65_536
/** Relays count what we publish in an hour, and the result must be among it. */
const MOST_PIECES = 600
const LIFETIME_S = 3_600

/** Calls the upstream; where the route says so, the text of its answer is passed on while it arrives. */
export async function callUpstream(
  context: StepContext,
  job: Quoting | Fetching,
  { binding, route }: Place,
  request: UpstreamRequest,
): Promise<UpstreamOutcome> {
  if (route.stream !== true) return binding.client.send(request)
  const pieces = createPieces(context, job)
  try {
    return await binding.client.send({ ...request, onBytes: (piece) => pieces.take(piece) })
  } finally {
    pieces.end()
  }
}

/** Nothing depends on the pieces: none is saved or sent twice, and at the first that fails they end. */
function createPieces(context: StepContext, job: Quoting | Fetching) {
  const { clock, log } = context
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let waiting = ''
  let seq = 0
  let sentAt: Millis = -Infinity
  let ended = false
  let cancel: (() => void) | null = null

  function end(): void {
    ended = true
    cancel?.()
    waiting = ''
  }

  function schedule(): void {
    if (ended || waiting === '' || cancel !== null) return
    cancel = clock.after(Math.max(0, sentAt + PERIOD_MS - clock.now()), () => {
      send().catch((error: unknown) => {
        log.warn({ job: job.id, reason: error instanceof Error ? error.name : 'unknown' }, 'partial not said')
        end()
      })
    })
  }

  async function send(): Promise<void> {
    const content = headOf(waiting)
    waiting = waiting.slice(content.length)
    sentAt = clock.now()
    seq += 1
    const about = aboutJob(context, job)
    const notAfter = about.createdAt + LIFETIME_S
    const template = buildPartial({ ...about, seq, attempt: job.calls.tries, expiresAt: notAfter, content })
    const delivery = await answerJob(context, job, template, { purpose: 'processing', notAfter })
    if (ended) return
    if (isRejection(delivery) || delivery.event === null || seq >= MOST_PIECES) return end()
    for (const relay of Object.keys(delivery.relays)) void context.relays.publish(delivery.event, relay)
    cancel = null
    schedule()
  }

  return {
    take(piece: Uint8Array): void {
      if (ended) return
      try {
        waiting += decoder.decode(piece, { stream: true })
      } catch {
        return end() // not text: it comes with the result
      }
      if (waiting.length > MOST_WAITING) return end()
      schedule()
    },
    end,
  }
}

/** The first characters, none cut in two. */
function headOf(text: string): string {
  const last = text.charCodeAt(MOST_CHARACTERS - 1)
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? MOST_CHARACTERS - 1 : MOST_CHARACTERS)
}
