/** What does a frame from a relay say? Events are routed and recognised by their text, before any JSON is parsed. */
import { getHex64, getInt, getSubscriptionId } from 'nostr-tools/fakejson'
import { matchFilters, type Filter as ToolFilter } from 'nostr-tools/filter'
import type { Event as ToolEvent } from 'nostr-tools/core'
import type { Filter, NostrEvent } from '../core/event.js'
import { isMalformed, malformed, type Malformed } from '../core/identifiers.js'
import { parseEvent } from './event.js'

/**
 * Characters of a frame that is read at all. A longer one is dropped, and its connection kept: a relay sends what it has stored on
 * every connection anew, so that one oversized event of a stranger would keep us from ever hearing the rest.
 */
const LONGEST_FRAME = 512 * 1_024

/** The subscription that an EVENT frame is for; null for every other frame. */
export const subscriptionOf = (frame: string): string | null => getSubscriptionId(frame)

/** The id that the event claims: good enough to drop what is known, never to trust what is not. */
export const claimedId = (frame: string): string => getHex64(frame, 'id')

/** The time that the event claims, or NaN. */
export const claimedTime = (frame: string): number => getInt(frame, 'created_at')

/** The event of an EVENT frame, its shape checked; null where it matches none of the filters. */
export function parseEventFrame(frame: string, filters: readonly Filter[]): NostrEvent | Malformed | null {
  const message = parseJson(frame)
  const event = parseEvent(Array.isArray(message) ? message[2] : undefined)
  if (isMalformed(event)) return event
  return matchFilters(filters as ToolFilter[], event as unknown as ToolEvent) ? event : null
}

/** NIP-67: whether more is stored than was sent; null where the relay does not say. */
export type EoseHint = 'finish' | 'more' | null

export type RelayMessage =
  | { readonly type: 'eose'; readonly subscription: string; readonly hint: EoseHint }
  | { readonly type: 'closed'; readonly subscription: string; readonly reason: string }
  | { readonly type: 'ok'; readonly id: string; readonly accepted: boolean; readonly reason: string }
  | { readonly type: 'notice'; readonly text: string }
  | { readonly type: 'auth'; readonly challenge: string }

/** Every frame but EVENT (NIP-01 §From relay to client, NIP-42). */
export function parseRelayMessage(frame: string): RelayMessage | Malformed {
  const message = parseJson(frame)
  if (!Array.isArray(message)) return malformed('a frame is a JSON array')
  const [label, first, second, third] = message as unknown[]
  if (typeof first !== 'string') return malformed('the second item of a frame is a text')
  switch (label) {
    case 'EOSE':
      return { type: 'eose', subscription: first, hint: second === 'finish' || second === 'more' ? second : null }
    case 'CLOSED':
      return { type: 'closed', subscription: first, reason: textOf(second) }
    case 'OK':
      if (typeof second !== 'boolean') return malformed('OK says true or false')
      return { type: 'ok', id: first, accepted: second, reason: textOf(third) }
    case 'NOTICE':
      return { type: 'notice', text: first }
    case 'AUTH':
      return { type: 'auth', challenge: first }
    default:
      return malformed('a frame of no known label')
  }
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

function parseJson(text: string): unknown {
  if (text.length > LONGEST_FRAME) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined // no JSON is no frame: the caller finds no array and says so
  }
}
