/** How large may an event be, and its tags? What relays of the world allow by default, so that a test meets it here first. */
import type { NostrEvent } from '../../core/event.js'

export interface EventLimits {
  /** Of one event, serialised. */
  readonly maxEventBytes: number
  /** Of one event. Default: any number. */
  readonly maxTags?: number
  /** Of the value of a tag whose name is one letter, and which is indexed for it. Default: any. */
  readonly maxIndexedTagBytes?: number
}

/** The defaults of strfry; its frames may have 131,072 bytes, which is all that it says of itself. */
export const STRFRY_LIMITS: EventLimits & { readonly maxMessageBytes: number } = {
  maxEventBytes: 65_536,
  maxMessageBytes: 131_072,
  maxTags: 2_000,
  maxIndexedTagBytes: 1_024,
}

/** The reason of a refusal, or null. */
export function objectionToSize(event: NostrEvent, json: string, limits: EventLimits): string | null {
  const { maxEventBytes, maxTags = Infinity, maxIndexedTagBytes = Infinity } = limits
  if (Buffer.byteLength(json) > maxEventBytes) return 'invalid: event too large'
  if (event.tags.length > maxTags) return 'invalid: too many tags'
  const isTooLong = ([name = '', value = '']: readonly string[]) =>
    name.length === 1 && Buffer.byteLength(value) > maxIndexedTagBytes
  return event.tags.some(isTooLong) ? 'invalid: tag val too large' : null
}
