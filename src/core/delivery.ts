/** How does a signed event stand with its relays? */
import type { Delivery } from './job.js'

export type Standing =
  /** Enough relays among those where the customer reads have accepted. */
  | 'delivered'
  | 'pending'
  /** No relay holds it and none is left to answer; one where the customer reads asks for proof of work. */
  | 'unworked'
  /** No further relay can accept it, and at least one said that it is too large. */
  | 'tooLarge'
  /** Every relay has refused for good, or there is none. */
  | 'refused'

export const TOO_LARGE = 'refused: too large'

const UNWORKED = 'refused: pow'

/** As `refused: pow 20 (reason)`; the number is left out where the relay names none. */
export const unworkedVerdict = (bits: number | null, reason: string): `refused: ${string}` =>
  `${UNWORKED}${bits === null ? '' : ` ${bits}`} (${reason})`

/** The bits of work that the relay asks for: null where it asks without a number, undefined where it does not ask. */
export function workWanted(verdict: string | undefined): number | null | undefined {
  if (!verdict?.startsWith(UNWORKED)) return undefined
  const digits = /^ (\d+)/.exec(verdict.slice(UNWORKED.length))?.[1]
  return digits === undefined ? null : Number(digits)
}

export function standingOf(delivery: Delivery, quorum: number): Standing {
  if (delivery.counted.length === 0) return 'refused'
  const verdicts = delivery.counted.map((relay) => delivery.relays[relay])
  const accepted = verdicts.filter((verdict) => verdict === 'accepted').length
  if (accepted >= Math.min(quorum, delivery.counted.length)) return 'delivered'
  if (verdicts.includes('pending')) return 'pending'
  // Fewer than were asked for, and no more will come: it is public all the same.
  if (accepted > 0) return 'delivered'
  if (verdicts.some((verdict) => workWanted(verdict) !== undefined)) {
    const others = Object.values(delivery.relays)
    // Two offers are one: they show the same invoice. A second result beside the first would be worse than none: a relay that holds it
    // forbids another, and one that may is heard first, rather than that its customer goes without.
    if (delivery.purpose === 'offer' || others.every((verdict) => verdict.startsWith('refused'))) return 'unworked'
    if (others.includes('pending')) return 'pending'
  }
  return verdicts.some((verdict) => verdict?.startsWith(TOO_LARGE)) ? 'tooLarge' : 'refused'
}

/** True when no relay is left that has not spoken, or nothing is left to send. */
export const isSettledDelivery = (delivery: Delivery): boolean =>
  delivery.event === null || !Object.values(delivery.relays).includes('pending')
