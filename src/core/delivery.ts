/** How does a signed event stand with its relays? */
import type { Delivery } from './job.js'

export type Standing =
  /** Enough relays among those where the customer reads have accepted. */
  | 'delivered'
  | 'pending'
  /** No further relay can accept it, and at least one said that it is too large. */
  | 'tooLarge'
  /** Every relay has refused for good. */
  | 'refused'

export const TOO_LARGE = 'refused: too large'

export function standingOf(delivery: Delivery, quorum: number): Standing {
  const verdicts = delivery.counted.map((relay) => delivery.relays[relay])
  const accepted = verdicts.filter((verdict) => verdict === 'accepted').length
  if (accepted >= Math.min(quorum, delivery.counted.length)) return 'delivered'
  if (verdicts.includes('pending')) return 'pending'
  // Fewer than were asked for, and no more will come: it is public all the same.
  if (accepted > 0) return 'delivered'
  return verdicts.some((verdict) => verdict?.startsWith(TOO_LARGE)) ? 'tooLarge' : 'refused'
}

/** True when no relay is left that has not spoken, or nothing is left to send. */
export const isSettledDelivery = (delivery: Delivery): boolean =>
  delivery.event === null || !Object.values(delivery.relays).includes('pending')
