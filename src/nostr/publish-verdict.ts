/** What does a relay's OK mean for an event that is to be delivered? (NIP-01 §From relay to client) */
import type { PublishVerdict } from '../ports.js'

const LONGEST_REASON = 300

const PREFIX = /^([a-z-]{1,32}):/

/** Words of a reason that speak of the event's size, and of nothing that a quota could be meant by. */
const SPEAKS_OF_SIZE = /\b(too (large|big|long)|size|(max|maximum|limit)\b.*\b(length|bytes|[km]i?b))\b/i

const TOO_LARGE = /\btoo (large|big|long)\b/i

/** An id has no more bits. */
const MOST_BITS = 256

/** `cause` only where the relay itself has answered. */
export const publishLater = (reason: string, cause?: 'rateLimited' | 'said'): PublishVerdict => ({
  type: 'later',
  reason: shorten(reason),
  ...(cause ? { cause } : {}),
})

/** `rate-limited`, `error`, `auth-required` and unknown prefixes may pass in time; what a relay rules out does not. */
export function parsePublishVerdict(accepted: boolean, reason: string): PublishVerdict {
  const prefix = PREFIX.exec(reason)?.[1]
  if (accepted || prefix === 'duplicate') return { type: 'accepted' }
  switch (prefix) {
    case 'invalid':
      return refuse(reason, SPEAKS_OF_SIZE.test(reason) || /\bmax/i.test(reason))
    case 'blocked':
    case 'restricted':
    case 'mute':
      return refuse(reason, SPEAKS_OF_SIZE.test(reason))
    case 'pow':
      return { type: 'refused', reason: shorten(reason), tooLarge: false, pow: wantedBits(reason) }
    case 'rate-limited':
      return publishLater(reason, 'rateLimited')
    case 'auth-required':
      return publishLater(reason, 'said')
    default:
      // An event does not shrink by waiting, whatever the prefix.
      return TOO_LARGE.test(reason) ? refuse(reason, true) : publishLater(reason, 'said')
  }
}

const refuse = (reason: string, tooLarge: boolean): PublishVerdict => ({
  type: 'refused',
  reason: shorten(reason),
  tooLarge,
})

/** Relays say what they want and what they got, in either order; they want more than they got. Null where no number is said. */
function wantedBits(reason: string): number | null {
  const numbers = [...reason.matchAll(/\b\d{1,3}\b/g)].map(([digits]) => Number(digits))
  const bits = numbers.filter((number) => number <= MOST_BITS)
  return bits.length > 0 ? Math.max(...bits) : null
}

const shorten = (reason: string): string => reason.slice(0, LONGEST_REASON)
