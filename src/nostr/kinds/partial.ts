/** How does a piece of an unfinished answer read? Kind 7000 with status `partial` (NIP-90 §Job feedback), numbered. */
import type { EventTemplate } from '../../core/event.js'
import type { Seconds } from '../../core/identifiers.js'
import { aboutTags, JOB_FEEDBACK_KIND, type AboutJob } from './job-feedback.js'

export interface PartialDraft extends AboutJob {
  /** From 1; the piece follows that of the number before. */
  readonly seq: number
  /** Which call of the API it is of: with another, the pieces begin anew. */
  readonly attempt: number
  /** Relays need not keep what the result repeats (NIP-40). */
  readonly expiresAt: Seconds
  readonly content: string
}

export const buildPartial = (draft: PartialDraft): EventTemplate => ({
  kind: JOB_FEEDBACK_KIND,
  created_at: draft.createdAt,
  tags: [
    ...aboutTags(draft),
    ['status', 'partial'],
    ['seq', String(draft.seq)],
    ['attempt', String(draft.attempt)],
    ['expiration', String(draft.expiresAt)],
  ],
  content: draft.content,
})
