/** What do other agents say to each other? The `v: 1` messages that were in use before ours (PROTOCOL.md §Other agents' messages). */
import type { Rumor } from '../../core/event.js'
import { isMalformed, malformed, type Malformed, type Millis, type Pubkey } from '../../core/identifiers.js'
import { assertNever } from '../../core/errors.js'
import { MESSAGE_KIND, parseJsonObject, type DispatchMessage } from './dispatch.js'

export type FieldMode = 'think' | 'build'

/** A message is stale after this long, by its own time, and may be dated ahead by this much. */
export const FIELD_MAX_AGE_MS: Millis = 4 * 3_600_000
export const FIELD_MAX_AHEAD_MS: Millis = 2 * 60_000

/** What a provider or a hirer says about a request. */
export type AnswerMessage = Exclude<DispatchMessage, { type: 'dispatch-request' | 'dispatch-proof' }>

const MAX_ID = 128
const MAX_PROMPT = 131_072
/** A task that another agent hands out; no price and no deadline are part of it. */
export interface FieldTask {
  readonly mode: FieldMode
  readonly id: string
  /** Its own time; the rumor's where that cannot be read. */
  readonly at: Millis
  readonly prompt: string
}

/** The type of a message of version 1, in this dialect or in ours; null for what is none. */
export function fieldTypeOf(rumor: Rumor): string | null {
  const value = rumor.kind === MESSAGE_KIND ? parseJsonObject(rumor.content) : malformed('not a message')
  return !isMalformed(value) && value.v === 1 && typeof value.type === 'string' ? value.type : null
}

/** Reads a task. What is said about a task (its cancellation aside) and what is no message at all are malformed. */
export function parseFieldTask(rumor: Rumor): FieldTask | Malformed {
  const value = rumor.kind === MESSAGE_KIND ? parseJsonObject(rumor.content) : malformed('not a message')
  if (isMalformed(value)) return value
  const { v, type, id, ts, prompt } = value
  if (v !== 1) return malformed('a message has the version 1')
  if (type !== 'dispatch-think' && type !== 'dispatch-build') return malformed('a message that is no task')
  if (typeof id !== 'string' || id === '' || id.length > MAX_ID) return malformed('a task has an id')
  if (typeof prompt !== 'string' || prompt === '' || prompt.length > MAX_PROMPT) return malformed('a task has a prompt')
  const at = typeof ts === 'string' ? Date.parse(ts) : Number.NaN
  if (Number.isNaN(at)) return malformed('a task has a time')
  return { mode: type === 'dispatch-think' ? 'think' : 'build', id, at, prompt }
}

/**
 * Ours in their words. Their dialect has no price: an acceptance is an acknowledgement, and an invoice a question that only paying
 * answers; the fields of ours stand beside, for whoever reads them.
 */
export const serialiseFieldAnswer = (message: AnswerMessage, about: { self: Pubkey; mode: FieldMode }): string =>
  JSON.stringify({ v: 1, ...fieldsOf(message, about) })

function fieldsOf(message: AnswerMessage, { self, mode }: { self: Pubkey; mode: FieldMode }): Record<string, unknown> {
  const { re, ts } = message
  switch (message.type) {
    case 'dispatch-accept': {
      const { priceMsat, exact, delivers } = message
      const note = `Accepted: ${delivers} for ${exact ? '' : 'at most '}${priceMsat} msat; an invoice follows where it is to be paid.`
      return { type: 'dispatch-ack', re, ts, note, price_msat: priceMsat, exact }
    }
    case 'dispatch-invoice': {
      const { bolt11, amountMsat, expires } = message
      const question = `The task costs ${amountMsat} msat. Pay this Lightning invoice before ${expires} to have it done: ${bolt11}`
      return { type: 'dispatch-query', re, ts, question, respond_to: self, bolt11, amount_msat: amountMsat, expires }
    }
    case 'dispatch-counter':
    case 'dispatch-refuse':
      return {
        type: 'dispatch-refuse',
        re,
        ts,
        reason: message.reason,
        ...('code' in message ? { code: message.code } : {}),
      }
    case 'dispatch-failure': {
      const { code, error, credential } = message
      return { type: 'dispatch-failure', re, ts, error, code, ...(credential === null ? {} : { credential }) }
    }
    case 'dispatch-status':
      return {
        type: 'dispatch-status',
        re,
        ts,
        status: message.status,
        ...(message.note ? { note: message.note } : {}),
      }
    case 'dispatch-result':
      return { type: 'dispatch-result', re, ts, mode, plan: message.output, tags: message.tags }
    case 'dispatch-ack':
    case 'dispatch-cancel':
      return { type: message.type, re, ts, note: message.note ?? undefined }
    default:
      return assertNever(message)
  }
}
