/** What does a Nostr event look like? (NIP-01 §Events and signatures) */
import type { EventId, Pubkey, Seconds } from './identifiers.js'

export interface EventTemplate {
  readonly kind: number
  readonly created_at: Seconds
  readonly tags: readonly (readonly string[])[]
  readonly content: string
}

/** An event without a signature: its author is known by other means, such as the seal around it (NIP-59). */
export interface Rumor extends EventTemplate {
  readonly id: EventId
  readonly pubkey: Pubkey
}

/** A signed event. One that came from outside is trusted only after `verifyEvent`. */
export interface NostrEvent extends Rumor {
  readonly sig: string
}

/** A NIP-01 filter with the tag filters that we use. */
export interface Filter {
  readonly ids?: readonly string[]
  readonly authors?: readonly string[]
  readonly kinds?: readonly number[]
  readonly since?: Seconds
  readonly until?: Seconds
  readonly limit?: number
  readonly [tag: `#${string}`]: readonly string[] | undefined
}

/** The value of the first tag of that name, or undefined. */
export const tagValue = (event: Pick<EventTemplate, 'tags'>, name: string): string | undefined =>
  event.tags.find((tag) => tag[0] === name)?.[1]
