/** Kind 5800: what does the customer ask for? (NIP-90 §Job request) */
import { tagValue, type EventTemplate, type Rumor } from '../../core/event.js'
import { isMalformed, malformed, type Malformed, type Pubkey, type Seconds } from '../../core/identifiers.js'
import type { JobInput, JobRequest } from '../../core/job-request.js'
import { parseMsat, type Msat } from '../../core/money.js'
import { provenWork } from '../work.js'

export const JOB_REQUEST_KIND = 5800

const MAX_TAGS = 200
const MAX_RELAYS = 20

/** Why a job cannot be read, as the code that the customer is told. */
export interface UnreadableJob extends Malformed {
  readonly code: 'invalid-request' | 'invalid-bid'
}

const unreadable = (code: UnreadableJob['code'], reason: string): UnreadableJob => ({ ...malformed(reason), code })

/** Reads a job of one of our kinds, whose author is proven. Tolerant of unknown tags, strict about those that carry money. */
export function parseJobRequest(event: Rumor): JobRequest | UnreadableJob {
  if (event.tags.length > MAX_TAGS) return unreadable('invalid-request', `a job has at most ${MAX_TAGS} tags`)
  // A bid without a value is no bid that could be kept to: it must not read as none.
  const bid = event.tags.find(([name]) => name === 'bid')
  const bidMsat = bid === undefined ? null : parseMsat(bid[1])
  if (isMalformed(bidMsat)) return unreadable('invalid-bid', bidMsat.malformed)
  const params = paramsOf(event)
  const refundTo = params.get('refund')
  params.delete('refund')
  return {
    id: event.id,
    kind: event.kind,
    customer: event.pubkey,
    createdAt: event.created_at,
    params,
    inputs: event.tags.filter(([name]) => name === 'i').map(inputOf),
    topics: event.tags.flatMap(([name, topic]) => (name === 't' && topic ? [topic] : [])),
    content: event.content,
    output: tagValue(event, 'output') ?? null,
    bidMsat,
    relays: relaysOf(event),
    encrypted: event.tags.some(([name]) => name === 'encrypted'),
    proofPromised: params.get('settlement') === 'proof',
    ...(refundTo === undefined ? {} : { refundTo }),
    workBits: provenWork(event),
  }
}

function paramsOf(event: Rumor): Map<string, string> {
  const params = new Map<string, string>()
  for (const [name, key, value] of event.tags) {
    if (name !== 'param' || key === undefined || value === undefined || params.has(key)) continue
    params.set(key, value)
  }
  return params
}

const inputOf = ([, data = '', type = 'text', relay = '', marker = '']: readonly string[]): JobInput => ({
  data,
  type: type || 'text',
  relay: relay || null,
  marker: marker || null,
  value: (type || 'text') === 'text' ? { content: data, encoding: 'text', contentType: null } : null,
})

/** Both one `relays` tag with many values and several tags with one are in use. */
function relaysOf(event: Rumor): string[] {
  const named = event.tags.filter(([name]) => name === 'relays').flatMap((tag) => tag.slice(1))
  return [...new Set(named)].slice(0, MAX_RELAYS)
}

export interface JobRequestDraft {
  readonly provider: Pubkey
  readonly params: Readonly<Record<string, string>>
  readonly bidMsat: Msat | null
  readonly relays: readonly string[]
  /** NIP-40: after this time nobody should start the job. */
  readonly expiresAt: Seconds | null
  readonly createdAt: Seconds
}

/** The customer's side. `params` become `["param", name, value]` tags in their order. */
export function buildJobRequest(draft: JobRequestDraft): EventTemplate {
  const tags: string[][] = [['p', draft.provider]]
  for (const [name, value] of Object.entries(draft.params)) tags.push(['param', name, value])
  if (draft.bidMsat !== null) tags.push(['bid', String(draft.bidMsat)])
  if (draft.relays.length > 0) tags.push(['relays', ...draft.relays])
  if (draft.expiresAt !== null) tags.push(['expiration', String(draft.expiresAt)])
  return { kind: JOB_REQUEST_KIND, created_at: draft.createdAt, tags, content: '' }
}
