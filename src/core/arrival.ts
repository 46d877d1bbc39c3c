/** How did a job arrive, and so how do its answers travel? Always the way it came: nobody reads what was not meant for them. */
import type { Rumor } from './event.js'
import type { Rejection } from './errors.js'
import type { Millis } from './identifiers.js'
import type { Delivery, Job, Quoting } from './job.js'

export type EncryptionScheme = 'nip44' | 'nip04'

/** How a job came that was not sent in the open. */
export type Channel =
  /** NIP-90 §Encrypted params: the tags were in the content. Answers are encrypted by the same scheme. */
  | { readonly type: 'encrypted'; readonly scheme: EncryptionScheme; readonly tags: readonly (readonly string[])[] }
  /** The whole job came in a gift wrap (NIP-59). Answers go in gift wraps, to the inbox relays of its author. */
  | { readonly type: 'wrapped' }
  /** A request of another agent in a gift-wrapped message (PROTOCOL.md §Dispatch). Answers are messages of the same dialect. */
  | { readonly type: 'dispatch'; readonly dialect: 'tollbridge' | 'v1'; readonly requestId: string }

const IN_GIFT_WRAPS: Readonly<Record<Channel['type'], boolean>> = { encrypted: false, wrapped: true, dispatch: true }

/** Whether it came in a gift wrap. So do its answers then: each signed by a key used once, for the inbox of its author alone. */
export const isWrapped = ({ channel }: Pick<Job, 'channel'>): boolean =>
  channel !== undefined && IN_GIFT_WRAPS[channel.type]

/** A job whose author is proven, opened where it was sealed. */
export interface Arrival {
  /** As the job reads: tags that were encrypted are in place. */
  readonly rumor: Rumor
  /** As it came, in JSON: what the `request` tag of the result repeats. */
  readonly json: string
  /** Null for a job that was sent in the open. */
  readonly channel: Channel | null
  readonly heardOn: string
  /** How old it may be, where that is another age than that of jobs in the open. */
  readonly window?: { readonly maxAgeMs: Millis; readonly maxAheadMs: Millis }
  /** Signs what its author is told before the work begins, to be saved with the job; or refuses on the terms. */
  readonly accept?: (facts: Omit<Quoting, 'state' | 'call' | 'calls'>) => Promise<Delivery | Rejection>
}

/** The job request as it reads, whatever way it came. Expects a job whose request is still kept. */
export function openedRequest({ request, channel }: Pick<Job, 'request' | 'channel'>): Rumor {
  const rumor = JSON.parse(request) as Rumor
  return channel?.type === 'encrypted' ? withOpenedTags(rumor, channel.tags) : rumor
}

/** What was encrypted stands after what was not, and the ciphertext is gone: that much of it was content. */
export function withOpenedTags(rumor: Rumor, tags: readonly (readonly string[])[]): Rumor {
  const { id, pubkey, kind, created_at } = rumor
  return { id, pubkey, kind, created_at, tags: [...rumor.tags, ...tags], content: '' }
}
