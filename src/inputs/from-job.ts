/** `i` of type job: what did the earlier job come to? Its result is waited for; of ours in the store, of others at the relays. */
import { openedRequest } from '../core/arrival.js'
import { rejection } from '../core/errors.js'
import { tagValue, type NostrEvent, type Rumor } from '../core/event.js'
import { isMalformed, parseEventId, type EventId, type Millis } from '../core/identifiers.js'
import { isOpen, type Job } from '../core/job.js'
import type { JobInput } from '../core/job-input.js'
import { verifyEvent } from '../nostr/event.js'
import { JOB_FEEDBACK_KIND, parseJobFeedback } from '../nostr/kinds/job-feedback.js'
import { RESULT_KIND_OFFSET } from '../nostr/kinds/job-result.js'
import { admissibleRelays, type ReplyRelayRules } from '../policies/reply-relays.js'
import type { JobStore, RelayPool } from '../ports.js'
import { hintsOf, type EventLookUp } from './from-event.js'
import { unavailable, wait, type Asker, type Found, type InputSource } from './input-source.js'
import type { Results } from './results.js'

export function createJobSource(wiring: {
  readonly store: Pick<JobStore, 'get' | 'has' | 'findArchived'>
  readonly relays: Pick<RelayPool, 'fetch'>
  readonly lookUp: EventLookUp
  readonly results: Results
  readonly readRelays: readonly string[]
  readonly rules: ReplyRelayRules
  readonly lookMs: Millis
  /** Jobs in a row that may wait for one another. */
  readonly maxDepth: number
}): InputSource {
  const { store, relays, lookUp, results, readRelays, rules, lookMs, maxDepth } = wiring

  async function ours(id: EventId): Promise<Job | undefined> {
    return store.get(id) ?? (store.has(id) ? store.findArchived(id) : undefined)
  }

  async function fromOurs(job: Job, asker: Asker): Promise<Found> {
    // Whatever was said in private stays between us and its author.
    const isPrivate = job.channel !== undefined || job.outbox.some(isSealed)
    if (isPrivate && job.customer !== asker.customer) return unavailable('the result of somebody else')
    if (job.state === 'completed') return results.ofOurs(job, asker)
    if (!isOpen(job)) return unavailable(`the earlier job is ${job.state}`)
    return { type: 'wait', reason: `the earlier job is ${job.state}`, soon: true }
  }

  async function fromOthers(request: NostrEvent, input: JobInput, asker: Asker): Promise<Found> {
    const authors = request.tags.flatMap(([name, value]) => (name === 'p' && value !== undefined ? [value] : []))
    if (authors.length === 0) return unavailable('the earlier job names no service provider')
    const named = request.tags.filter(([name]) => name === 'relays').flatMap((tag) => tag.slice(1))
    const where = [
      ...new Set([...admissibleRelays([...hintsOf(input), ...named], { ...rules, max: 4 }), ...readRelays]),
    ]
    const kind = request.kind + RESULT_KIND_OFFSET
    const filter = { kinds: [kind, JOB_FEEDBACK_KIND], authors: authors.slice(0, 20), '#e': [request.id], limit: 50 }
    const { events } = await relays.fetch(where, filter, lookMs)
    const answers = events
      .filter((event) => authors.includes(event.pubkey) && tagValue(event, 'e') === request.id && verifyEvent(event))
      .sort((a, b) => a.created_at - b.created_at)
    const result = answers.find((event) => event.kind === kind)
    if (result) return results.ofOthers(result, asker)
    return answers.some(isFailure) ? unavailable('the earlier job failed') : wait('no result of the earlier job yet')
  }

  /** Whether more jobs than allowed wait for one another. Asked only where there is anything to wait for. */
  async function isTooDeep(first: Rumor): Promise<boolean> {
    let level: readonly Rumor[] = [first]
    for (let depth = 1; depth <= maxDepth; depth += 1) {
      const named = new Map(level.flatMap(waitedFor))
      if (named.size === 0) return false
      // As wide as that no chain is honest.
      if (depth === maxDepth || named.size > 16) return true
      level = (await Promise.all([...named].map(([id, hints]) => pendingRequest(id, hints)))).flatMap(
        (found) => found ?? [],
      )
    }
    return false
  }

  /** The request of a job that has not ended yet, as far as we can tell. */
  async function pendingRequest(id: EventId, hints: readonly string[]): Promise<Rumor | null> {
    const job = await ours(id)
    if (job) return isOpen(job) ? openedRequest(job) : null
    return lookUp.find(id, hints)
  }

  return async (input, asker) => {
    const id = parseEventId(input.data)
    if (isMalformed(id)) return { type: 'refused', rejection: rejection('input-invalid', id.malformed) }
    const job = await ours(id)
    const request = job ? null : await lookUp.find(id, hintsOf(input))
    if (!job && !request) return wait('no relay has the earlier job')
    const found = job ? await fromOurs(job, asker) : await fromOthers(request as NostrEvent, input, asker)
    if (found.type !== 'wait' || (job && !isOpen(job))) return found
    const isDeep = await isTooDeep(job ? openedRequest(job) : (request as NostrEvent))
    return isDeep ? { type: 'refused', rejection: rejection('input-invalid', 'too many jobs in a row') } : found
  }
}

const isSealed = ({ event }: { readonly event: string | null }): boolean =>
  event !== null && (JSON.parse(event) as NostrEvent).tags.some(([name]) => name === 'encrypted')

const waitedFor = ({ tags }: Rumor): [EventId, string[]][] =>
  tags.flatMap(([name, data, type, relay]): [EventId, string[]][] => {
    const id = name === 'i' && type === 'job' ? parseEventId(data) : null
    return id === null || isMalformed(id) ? [] : [[id, relay ? [relay] : []]]
  })

function isFailure(event: NostrEvent): boolean {
  const feedback = event.kind === JOB_FEEDBACK_KIND ? parseJobFeedback(event) : null
  return feedback !== null && !isMalformed(feedback) && feedback.status === 'error'
}
