/** What do agents say to each other? The messages of dispatch, JSON in the content of a kind-14 rumor (PROTOCOL.md §Dispatch). */
import type { EventTemplate, Rumor } from '../../core/event.js'
import {
  isMalformed,
  malformed,
  parsePreimage,
  type EventId,
  type Malformed,
  type Preimage,
  type Pubkey,
  type Seconds,
} from '../../core/identifiers.js'
import { parseMsat, type Msat } from '../../core/money.js'

/** NIP-17 §Kind 14: a private message. */
export const MESSAGE_KIND = 14

const MAX_ID = 128
const MAX_TEXT = 65_536
const MAX_INPUTS = 32

/** Every message: `id` is chosen by the hirer; an answer names it by `re`. `ts` is ISO 8601. */
interface Answer {
  readonly re: string
  readonly ts: string
}

/** Names a task, its inputs, a ceiling for the price and a deadline. */
export interface DispatchRequest {
  readonly type: 'dispatch-request'
  readonly id: string
  readonly ts: string
  /** The name of a capability of the provider's announcement. */
  readonly task: string
  /** As the `param` tags of a job. */
  readonly params: Readonly<Record<string, string>>
  /** As the `i` tags of a job: data, type, relay, marker. */
  readonly inputs: readonly (readonly string[])[]
  readonly maxMsat: Msat
  readonly deadline: Seconds
  /** The request whose counter-offer this one takes up. */
  readonly re: string | null
}

export type DispatchMessage =
  | DispatchRequest
  | (Answer & {
      readonly type: 'dispatch-accept'
      readonly priceMsat: Msat
      readonly exact: boolean
      readonly delivers: string
    })
  | (Answer & { readonly type: 'dispatch-counter'; readonly priceMsat: Msat; readonly reason: string })
  | (Answer & { readonly type: 'dispatch-refuse'; readonly code: string | null; readonly reason: string })
  | (Answer & {
      readonly type: 'dispatch-invoice'
      readonly bolt11: string
      readonly amountMsat: Msat
      readonly expires: string
    })
  | (Answer & {
      readonly type: 'dispatch-status'
      readonly status: string
      /** A sentence, or a piece of the answer while it arrives; then `tags` holds its place. */
      readonly note?: string
      readonly tags?: readonly (readonly string[])[]
    })
  | (Answer & {
      readonly type: 'dispatch-result'
      /** As the content of a kind-6800 result, and its tags that describe it. */
      readonly output: string
      readonly tags: readonly (readonly string[])[]
    })
  | (Answer & {
      readonly type: 'dispatch-failure'
      readonly code: string | null
      readonly error: string
      /** The credential of a job that was paid and not served (PROTOCOL.md §When a paid job fails), as an object. */
      readonly credential: Readonly<Record<string, unknown>> | null
    })
  /** What paying has taught the hirer: its sha256 is the payment hash, which is the whole proof. */
  | (Answer & { readonly type: 'dispatch-proof'; readonly preimage: Preimage })
  | (Answer & { readonly type: 'dispatch-ack'; readonly note: string | null })
  | (Answer & { readonly type: 'dispatch-cancel'; readonly note: string | null })

/** How a field is called on the wire, where that differs. */
const WIRE_NAMES: Readonly<Record<string, string>> = {
  maxMsat: 'max_msat',
  priceMsat: 'price_msat',
  amountMsat: 'amount_msat',
}

/** The rumor that carries a message. `about` is the request's own rumor, for whoever threads by events. */
export function buildDispatch(draft: {
  readonly message: DispatchMessage
  readonly to: Pubkey
  readonly about: EventId | null
  readonly createdAt: Seconds
}): EventTemplate {
  const tags = [['p', draft.to], ...(draft.about === null ? [] : [['e', draft.about]])]
  return { kind: MESSAGE_KIND, created_at: draft.createdAt, tags, content: serialiseDispatch(draft.message) }
}

export function serialiseDispatch(message: DispatchMessage): string {
  const fields = Object.entries(message)
    .filter(([, value]) => value !== null)
    .map(([name, value]): [string, unknown] => [
      WIRE_NAMES[name] ?? name,
      name === 'deadline' ? new Date((value as Seconds) * 1000).toISOString() : value,
    ])
  return JSON.stringify({ v: 1, ...Object.fromEntries(fields) })
}

/** Reads a message of ours. Another dialect's, a conversation between people, and nonsense are all malformed. */
export function parseDispatch(rumor: Rumor): DispatchMessage | Malformed {
  const value = rumor.kind === MESSAGE_KIND ? parseJsonObject(rumor.content) : malformed('not a message')
  if (isMalformed(value)) return value
  if (value.v !== 1) return malformed('a dispatch message has the version 1')
  return value.type === 'dispatch-request' ? parseRequest(value) : parseAnswer(value)
}

type Fields = Readonly<Record<string, unknown>>

export function parseJsonObject(text: string): Fields | Malformed {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields
  } catch {
    // told below
  }
  return malformed('the content is a JSON object')
}

const isText = (value: unknown, longest = MAX_TEXT): value is string =>
  typeof value === 'string' && value.length > 0 && value.length <= longest

const textOf = (value: unknown): string | null => (isText(value) ? value : null)

const isTagList = (value: unknown, most: number): value is string[][] =>
  Array.isArray(value) &&
  value.length <= most &&
  value.every((tag) => Array.isArray(tag) && tag.every((item: unknown) => typeof item === 'string'))

function parseRequest(value: Fields): DispatchRequest | Malformed {
  const { id, ts, task, params = {}, inputs = [], deadline } = value
  if (!isText(id, MAX_ID)) return malformed('a request has an id')
  if (!isText(ts, 64)) return malformed('a request has a time')
  if (!isText(task, 256)) return malformed('a request names a task')
  if (typeof params !== 'object' || params === null || !Object.values(params).every((item) => typeof item === 'string'))
    return malformed('params are texts by name')
  if (!isTagList(inputs, MAX_INPUTS)) return malformed('inputs are lists of texts')
  const maxMsat = parseMsat(value.max_msat)
  if (isMalformed(maxMsat)) return malformed('a request has a ceiling: max_msat')
  const until = typeof deadline === 'string' ? Math.floor(Date.parse(deadline) / 1000) : Number.NaN
  if (!Number.isSafeInteger(until)) return malformed('a request has a deadline')
  const re = isText(value.re, MAX_ID) ? value.re : null
  return {
    type: 'dispatch-request',
    id,
    ts,
    task,
    params: params as Record<string, string>,
    inputs,
    maxMsat,
    deadline: until,
    re,
  }
}

function notesOf({ note, tags }: Fields): { note?: string; tags?: readonly (readonly string[])[] } {
  return { ...(isText(note) ? { note } : {}), ...(isTagList(tags, 10) ? { tags } : {}) }
}

function parseAnswer(value: Fields): DispatchMessage | Malformed {
  const { re, type } = value
  if (!isText(re, MAX_ID)) return malformed('an answer names its request')
  const about = { re, ts: isText(value.ts, 64) ? value.ts : '' }
  const msat = (field: string) => parseMsat(value[field])
  switch (type) {
    case 'dispatch-accept': {
      const priceMsat = msat('price_msat')
      if (isMalformed(priceMsat)) return priceMsat
      return { type, ...about, priceMsat, exact: value.exact === true, delivers: textOf(value.delivers) ?? '' }
    }
    case 'dispatch-counter': {
      const priceMsat = msat('price_msat')
      return isMalformed(priceMsat) ? priceMsat : { type, ...about, priceMsat, reason: textOf(value.reason) ?? '' }
    }
    case 'dispatch-refuse':
      return { type, ...about, code: textOf(value.code), reason: textOf(value.reason) ?? '' }
    case 'dispatch-invoice': {
      const amountMsat = msat('amount_msat')
      if (isMalformed(amountMsat)) return amountMsat
      if (!isText(value.bolt11)) return malformed('an invoice holds a bolt11')
      return { type, ...about, bolt11: value.bolt11, amountMsat, expires: textOf(value.expires) ?? '' }
    }
    case 'dispatch-status':
      return { type, ...about, status: textOf(value.status) ?? '', ...notesOf(value) }
    case 'dispatch-result': {
      const { output, tags = [] } = value
      if (typeof output !== 'string') return malformed('a result holds an output')
      if (!isTagList(tags, 200)) return malformed('the tags of a result are lists of texts')
      return { type, ...about, output, tags }
    }
    case 'dispatch-failure': {
      const { credential } = value
      const kept = typeof credential === 'object' && credential !== null ? (credential as Fields) : null
      return { type, ...about, code: textOf(value.code), error: textOf(value.error) ?? '', credential: kept }
    }
    case 'dispatch-proof': {
      const preimage = parsePreimage(value.preimage)
      return isMalformed(preimage) ? preimage : { type, ...about, preimage }
    }
    case 'dispatch-ack':
    case 'dispatch-cancel':
      return { type, ...about, note: textOf(value.note) }
    default:
      return malformed('not a message of dispatch')
  }
}
