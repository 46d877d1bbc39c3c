/** Kind 7000: how does the job stand? (NIP-90 §Job feedback) */
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
import { parseMsat, type Msat } from '../../core/money.js'

export const JOB_FEEDBACK_KIND = 7000

export interface AboutJob {
  readonly jobId: EventId
  readonly customer: Pubkey
  /** A relay where the job can be found. */
  readonly relayHint: string
  readonly createdAt: Seconds
}

export const aboutTags = ({ jobId, customer, relayHint }: AboutJob): string[][] => [
  ['e', jobId, relayHint],
  ['p', customer],
]

/** `payment-required` with the amount decoded from the invoice; expires with it (NIP-40). */
export function buildPaymentRequired(
  about: AboutJob & { readonly amountMsat: Msat; readonly bolt11: string; readonly expiresAt: Seconds },
): EventTemplate {
  const tags = [
    ...aboutTags(about),
    ['status', 'payment-required'],
    ['amount', String(about.amountMsat), about.bolt11],
    ['expiration', String(about.expiresAt)],
  ]
  return { kind: JOB_FEEDBACK_KIND, created_at: about.createdAt, tags, content: '' }
}

/** The payment was seen and the work is under way. `note`: something that changes nothing about it, as code and sentence. */
export function buildProcessing(
  about: AboutJob,
  note: readonly [code: string, sentence: string] | [] = [],
): EventTemplate {
  const tags = [...aboutTags(about), ['status', 'processing', ...note]]
  return { kind: JOB_FEEDBACK_KIND, created_at: about.createdAt, tags, content: '' }
}

export interface ErrorFeedback extends AboutJob {
  /** One of the documented codes. */
  readonly code: string
  /** One sentence for people. */
  readonly message: string
  readonly httpStatus: number | null
  /** A further tag that says what would help. */
  readonly remedy?: readonly string[]
  /** A credential sealed to the customer (NIP-44), or empty. */
  readonly sealed: string
}

/** `["status", "error", code, sentence]`: the third element is the machine's, the fourth is for people. */
export function buildErrorFeedback(error: ErrorFeedback): EventTemplate {
  const tags = [...aboutTags(error), ['status', 'error', error.code, error.message]]
  if (error.httpStatus !== null) tags.push(['http-status', String(error.httpStatus)])
  if (error.remedy) tags.push([...error.remedy])
  if (error.sealed !== '') tags.push(['encrypted'])
  return { kind: JOB_FEEDBACK_KIND, created_at: error.createdAt, tags, content: error.sealed }
}

export interface JobFeedback {
  readonly provider: Pubkey
  readonly jobId: EventId
  readonly createdAt: Seconds
  /** As NIP-90 spells it; `payment_required` of some clients is read as `payment-required`. */
  readonly status: string
  /** The third and fourth elements of the status tag. */
  readonly detail: string | null
  readonly message: string | null
  readonly amountMsat: Msat | null
  readonly bolt11: string | null
  readonly encrypted: boolean
  readonly content: string
  /** Of a `partial`: its number, and which call of the API it is of. Null where it bears none. */
  readonly seq?: number | null
  readonly attempt?: number | null
}

/** Reads feedback of any service provider. Expects a verified event. */
export function parseJobFeedback(event: NostrEvent): JobFeedback | Malformed {
  const jobId = parseEventId(tagValue(event, 'e'))
  const [, status, detail, message] = event.tags.find(([name]) => name === 'status') ?? []
  if (isMalformed(jobId)) return malformed('feedback names no job')
  if (status === undefined) return malformed('feedback has no status')
  const [, amount, bolt11] = event.tags.find(([name]) => name === 'amount') ?? []
  const amountMsat = amount === undefined ? null : parseMsat(amount)
  if (isMalformed(amountMsat)) return amountMsat
  return {
    provider: event.pubkey,
    jobId,
    createdAt: event.created_at,
    status: status.replaceAll('_', '-'),
    detail: detail ?? null,
    message: message ?? null,
    amountMsat,
    bolt11: bolt11 ?? null,
    encrypted: event.tags.some(([name]) => name === 'encrypted'),
    content: event.content,
    seq: countOf(tagValue(event, 'seq')),
    attempt: countOf(tagValue(event, 'attempt')),
  }
}

const countOf = (text: string | undefined): number | null =>
  text !== undefined && /^[0-9]{1,9}$/.test(text) ? Number(text) : null
