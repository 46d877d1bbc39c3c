/** What has the provider answered so far, and what does it answer next? Each verified answer once, from whichever relay. */
import type { Filter } from '../core/event.js'
import { isMalformed, type Malformed, type Millis } from '../core/identifiers.js'
import { JOB_FEEDBACK_KIND } from '../nostr/kinds/job-feedback.js'
import type { RelayPool, Signer, Subscription } from '../ports.js'
import { openSealedAnswer, readAnswer, verifyAnswer, type Answer, type ExpectedAnswer } from './answer.js'

/** A relay that makes things up is heard of this often. */
const MOST_TOLD = 20

export interface AnswerSource {
  /** Stored answers, those that decide first: result, error, offer, the rest; within that by age. */
  stored(timeoutMs: Millis): Promise<Answer[]>
  /** Every answer not yet seen, stored or new, until closed. */
  listen(onAnswer: (answer: Answer) => void): Subscription
}

export function createAnswerSource(options: {
  readonly relayPool: RelayPool
  readonly relays: readonly string[]
  readonly expected: ExpectedAnswer
  /** Opens what is encrypted. */
  readonly signer: Pick<Signer, 'decrypt'>
  /** Called with the reason for the first events that are not believed. */
  readonly onDisbelieved: (reason: string) => void
}): AnswerSource {
  const { relayPool, relays, expected, signer, onDisbelieved } = options
  const { jobId, provider, resultKind } = expected
  const filter: Filter = { kinds: [JOB_FEEDBACK_KIND, resultKind], authors: [provider], '#e': [jobId] }
  // Verified ids only: a forged event that borrows an id must not keep the real one out.
  const seen = new Set<string>()
  let disbelieved = 0

  async function admit(value: unknown): Promise<Answer | null> {
    const event = verifyAnswer(value, expected)
    if (isMalformed(event)) return disbelieve(event)
    if (seen.has(event.id)) return null
    seen.add(event.id)
    const answer = readAnswer(await openSealedAnswer(event, signer))
    return isMalformed(answer) ? disbelieve(answer) : answer
  }

  function disbelieve({ malformed }: Malformed): null {
    if (++disbelieved <= MOST_TOLD) onDisbelieved(malformed)
    return null
  }

  return {
    async stored(timeoutMs) {
      const { events } = await relayPool.fetch(relays, filter, timeoutMs)
      const answers = (await Promise.all(events.map(admit))).filter((answer) => answer !== null)
      return answers.sort((a, b) => rankOf(a) - rankOf(b) || a.event.created_at - b.event.created_at)
    },
    listen(onAnswer) {
      let handled = Promise.resolve()
      return relayPool.subscribe({
        name: `answers-${jobId.slice(0, 8)}`,
        relays,
        // No `since`: all that a provider says about one job is little, and none of it may be missed.
        filters: () => [filter],
        known: (id) => seen.has(id),
        onEvent(event) {
          // One after the other: what was said first is heard first, however long it takes to open.
          const admitted = admit(event)
          handled = handled.then(async () => {
            const answer = await admitted
            if (answer !== null) onAnswer(answer)
          })
        },
      })
    },
  }
}

function rankOf(answer: Answer): number {
  if (answer.type === 'result') return 0
  if (answer.feedback.status === 'error') return 1
  return answer.feedback.status === 'payment-required' ? 2 : 3
}
