/** What can a place where inputs come from answer? */
import type { Rejection } from '../core/errors.js'
import { rejection } from '../core/errors.js'
import type { EventId, Pubkey } from '../core/identifiers.js'
import type { InputValue, JobInput } from '../core/job-input.js'

/** For whom it is looked for: nobody is given what was not meant for them. */
export interface Asker {
  readonly id: EventId
  readonly customer: Pubkey
  /** Bytes of content that there is still room for. */
  readonly room: number
}

export type Found =
  | { readonly type: 'found'; readonly value: InputValue }
  /** Not there yet. `soon`: it is our own work, and looking costs nothing. */
  | { readonly type: 'wait'; readonly reason: string; readonly soon?: true }
  | { readonly type: 'refused'; readonly rejection: Rejection }

/** Never throws for what the network does. */
export type InputSource = (input: JobInput, asker: Asker) => Promise<Found>

export const unavailable = (detail: string): Found => ({
  type: 'refused',
  rejection: rejection('input-unavailable', detail),
})
export const wait = (reason: string): Found => ({ type: 'wait', reason })

export const TOO_LARGE: Found = { type: 'refused', rejection: rejection('input-too-large') }

/** RFC 9110 field values: it may become a header of the call. */
const CONTENT_TYPE = /^[\x21-\x7e][\x20-\x7e]{0,254}$/

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Bytes as a value: text where they are valid UTF-8. */
export function foundBytes(bytes: Uint8Array, contentType: string | null, { room }: Asker): Found {
  if (bytes.length > room) return TOO_LARGE
  const type = contentType !== null && CONTENT_TYPE.test(contentType) ? contentType : null
  try {
    return { type: 'found', value: { content: utf8.decode(bytes), encoding: 'text', contentType: type } }
  } catch {
    const content = Buffer.from(bytes).toString('base64')
    return { type: 'found', value: { content, encoding: 'base64', contentType: type } }
  }
}

export const foundText = (text: string, contentType: string | null, asker: Asker): Found =>
  foundBytes(Buffer.from(text), contentType, asker)

/** Bytes that a value holds. */
export const sizeOf = ({ content, encoding }: InputValue): number =>
  Buffer.byteLength(content, encoding === 'text' ? 'utf8' : 'base64')
