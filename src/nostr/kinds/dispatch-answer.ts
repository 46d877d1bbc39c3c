/** How does an answer to a job read in a conversation between agents? A pure mapping from kinds 7000 and 6800 (PROTOCOL.md §Dispatch). */
import type { Channel } from '../../core/arrival.js'
import type { EventTemplate } from '../../core/event.js'
import { isMalformed, type Pubkey, type Seconds } from '../../core/identifiers.js'
import type { Job } from '../../core/job.js'
import { parseMsat, type Msat } from '../../core/money.js'
import { MESSAGE_KIND, parseJsonObject, serialiseDispatch } from './dispatch.js'
import { serialiseFieldAnswer, type AnswerMessage, type FieldMode } from './field-dispatch.js'
import { JOB_FEEDBACK_KIND } from './job-feedback.js'

type DispatchChannel = Extract<Channel, { type: 'dispatch' }>

/** Tags of a result that describe its output; the others say whose it is, which the message says itself. */
const ABOUT_JOB = new Set(['e', 'p', 'request', 'i', 't', 'encrypted', 'expiration'])

export interface DispatchAnswerDraft {
  readonly self: Pubkey
  readonly job: Pick<Job, 'id' | 'customer' | 'outbox' | 'request'>
  readonly channel: DispatchChannel
  /** Feedback or result, as it would be published. */
  readonly template: EventTemplate
  /** The plaintext of the credential that is handed over, where the job was paid and not served. */
  readonly credential: string | null
}

/** The rumor's template. Nobody was answered with `accept` yet where a refusal is still a refusal, and not a failure. */
export function buildDispatchAnswer({ self, job, channel, template, credential }: DispatchAnswerDraft): EventTemplate {
  const accepted = job.outbox.some(({ purpose }) => purpose === 'accept')
  const message = messageOf(template, { re: channel.requestId, accepted, credential })
  return messageTo(job, template.created_at, serialise(message, { self, job, channel }))
}

/** `about` is the request's own rumor, for whoever threads by events. */
export const messageTo = (
  { id, customer }: Pick<Job, 'id' | 'customer'>,
  createdAt: Seconds,
  content: string,
): EventTemplate => ({
  kind: MESSAGE_KIND,
  created_at: createdAt,
  tags: [
    ['p', customer],
    ['e', id],
  ],
  content,
})

/** What the job was asked as; kept with it as a tag. */
export const MODE_TAG = 'dispatch'

function modeOf(request: string): FieldMode {
  const { tags } = (request === '' ? {} : JSON.parse(request)) as { tags?: readonly (readonly string[])[] }
  return tags?.some(([name, mode]) => name === MODE_TAG && mode === 'build') ? 'build' : 'think'
}

function messageOf(
  { kind, created_at, tags, content }: EventTemplate,
  { re, accepted, credential }: { re: string; accepted: boolean; credential: string | null },
): AnswerMessage {
  const ts = isoOf(created_at)
  const find = (name: string): readonly string[] => tags.find(([first]) => first === name) ?? []
  if (kind !== JOB_FEEDBACK_KIND) {
    const about = tags.filter(([name = '']) => !ABOUT_JOB.has(name)).map((tag) => [...tag])
    return { type: 'dispatch-result', re, ts, output: content, tags: about }
  }
  const [, status = '', code = '', sentence = ''] = find('status')
  const [, amount, bolt11] = find('amount')
  const amountMsat = parseMsat(amount)
  if (status === 'payment-required' && bolt11 !== undefined && !isMalformed(amountMsat)) {
    return { type: 'dispatch-invoice', re, ts, bolt11, amountMsat, expires: isoOf(Number(find('expiration')[1])) }
  }
  if (status !== 'error') {
    const [note] = [content, sentence || code].filter((text) => text !== '')
    const pieces = tags.filter(([name]) => name === 'seq' || name === 'attempt').map((tag) => [...tag])
    return {
      type: 'dispatch-status',
      re,
      ts,
      status,
      ...(note === undefined ? {} : { note }),
      ...(pieces.length > 0 ? { tags: pieces } : {}),
    }
  }
  if (accepted) return { type: 'dispatch-failure', re, ts, code, error: sentence, credential: objectOf(credential) }
  if (isMalformed(amountMsat)) return { type: 'dispatch-refuse', re, ts, code, reason: sentence }
  return { type: 'dispatch-counter', re, ts, priceMsat: amountMsat, reason: sentence }
}

export const isoOf = (seconds: Seconds): string =>
  Number.isSafeInteger(seconds) ? new Date(seconds * 1000).toISOString() : ''

function objectOf(json: string | null): Readonly<Record<string, unknown>> | null {
  const value = json === null ? null : parseJsonObject(json)
  return isMalformed(value) ? null : value
}

type Dialogue = Pick<DispatchAnswerDraft, 'self' | 'channel'> & { readonly job: Pick<Job, 'request'> }

const serialise = (message: AnswerMessage, { self, job, channel }: Dialogue): string =>
  channel.dialect === 'tollbridge'
    ? serialiseDispatch(message)
    : serialiseFieldAnswer(message, { self, mode: modeOf(job.request) })

/** What the hirer may be told before the work begins: the price, exact or at most, and what it buys. */
export interface Acceptance {
  readonly re: string
  readonly createdAt: Seconds
  readonly priceMsat: Msat
  readonly exact: boolean
  readonly delivers: string
}

export function buildAcceptance(
  dialogue: Dialogue & { readonly job: Pick<Job, 'id' | 'customer' | 'request'> },
  { re, createdAt, priceMsat, exact, delivers }: Acceptance,
): EventTemplate {
  const message = { type: 'dispatch-accept', re, ts: isoOf(createdAt), priceMsat, exact, delivers } as const
  return messageTo(dialogue.job, createdAt, serialise(message, dialogue))
}
