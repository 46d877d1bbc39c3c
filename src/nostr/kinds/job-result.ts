/** Kind 6800: what did the API answer? (NIP-90 §Job result) */
import type { BlobPointer } from '../../core/blob.js'
import { tagValue, type EventTemplate, type NostrEvent } from '../../core/event.js'
import {
  isMalformed,
  malformed,
  parseEventId,
  type EventId,
  type Malformed,
  type Pubkey,
  type Seconds,
} from '../../core/identifiers.js'
import type { JobOutput } from '../../core/job.js'
import { parseMsat, type Msat } from '../../core/money.js'
import { hasPointer, parsePointer, pointerTags } from './blob.js'

export const RESULT_KIND_OFFSET = 1000

export interface ResultDraft {
  readonly jobId: EventId
  readonly jobKind: number
  readonly customer: Pubkey
  readonly relayHint: string
  /** The job request as signed, in JSON; null only where its copy would make the result too large. */
  readonly request: string | null
  /** The job's `i` and `t` tags; those that relays would refuse are left out. */
  readonly inputs: readonly (readonly string[])[]
  readonly amountMsat: Msat | null
  readonly output: JobOutput
  /** Where the output lies, if not in the event itself. */
  readonly pointer?: BlobPointer
  /** What the customer has left at the API. */
  readonly credit?: { readonly sats: number | null; readonly url: string | null }
  /** The credential with it, sealed to the customer who asked for it. */
  readonly credential?: string
  readonly createdAt: Seconds
}

/** Widespread relays index tags of one letter, and refuse events in which the value of one is longer, or that have more tags. */
const MOST_INDEXED_BYTES = 1_024
const MOST_INPUTS = 1_000

const isIndexable = ([name = '', value = '']: readonly string[]): boolean =>
  name.length !== 1 || new TextEncoder().encode(value).length <= MOST_INDEXED_BYTES

/** Kind = request + 1000; `content-type`, `http-status` and `encoding` are ours (PROTOCOL.md §Result). */
export function buildJobResult(draft: ResultDraft): EventTemplate {
  const { output, pointer } = draft
  const tags: (readonly string[])[] = [
    ...(draft.request === null ? [] : [['request', draft.request]]),
    ['e', draft.jobId, draft.relayHint],
    ...draft.inputs.filter(isIndexable).slice(0, MOST_INPUTS),
    ['p', draft.customer],
  ]
  if (draft.amountMsat !== null) tags.push(['amount', String(draft.amountMsat)])
  if (output.contentType !== null) tags.push(['content-type', output.contentType])
  tags.push(['http-status', String(output.httpStatus)])
  if (output.encoding === 'base64') tags.push(['encoding', 'base64'])
  if (pointer) tags.push(...pointerTags(pointer))
  tags.push(...creditTags(draft))
  const content = pointer ? '' : output.content
  return { kind: draft.jobKind + RESULT_KIND_OFFSET, created_at: draft.createdAt, tags, content }
}

/** `["credit", SATS, URL]`: SATS is empty where the API does not say how much is left, the URL missing where none is public. */
function creditTags({ credit, credential }: ResultDraft): string[][] {
  const { sats, url } = credit ?? { sats: null, url: null }
  const left = credit ? [['credit', sats === null ? '' : String(sats), ...(url === null ? [] : [url])]] : []
  return credential === undefined ? left : [...left, ['credential', credential]]
}

export interface JobResult {
  readonly id: EventId
  readonly provider: Pubkey
  readonly jobId: EventId
  readonly amountMsat: Msat | null
  readonly contentType: string | null
  readonly httpStatus: number | null
  readonly encoding: 'text' | 'base64'
  readonly encrypted: boolean
  /** Empty where a pointer leads to the output. */
  readonly content: string
  readonly pointer: BlobPointer | Malformed | null
}

/** Reads the result of any service provider. Expects a verified event. */
export function parseJobResult(event: NostrEvent): JobResult | Malformed {
  const jobId = parseEventId(tagValue(event, 'e'))
  if (isMalformed(jobId)) return malformed('a result names no job')
  const amount = tagValue(event, 'amount')
  const amountMsat = amount === undefined ? null : parseMsat(amount)
  if (isMalformed(amountMsat)) return amountMsat
  const httpStatus = Number(tagValue(event, 'http-status') ?? Number.NaN)
  return {
    id: event.id,
    provider: event.pubkey,
    jobId,
    amountMsat,
    contentType: tagValue(event, 'content-type') ?? null,
    httpStatus: Number.isInteger(httpStatus) ? httpStatus : null,
    encoding: tagValue(event, 'encoding') === 'base64' ? 'base64' : 'text',
    encrypted: event.tags.some(([name]) => name === 'encrypted'),
    content: event.content,
    pointer: hasPointer(event.tags) ? parsePointer(event.tags) : null,
  }
}
