/** Kind 11998: do we serve at this moment? Said again and again, and no longer true where it is not said (draft of NIP-90). */
import type { EventTemplate } from '../../core/event.js'
import type { Seconds } from '../../core/identifiers.js'

export const HEARTBEAT_KIND = 11_998

export interface Heartbeat {
  /** The `d` tag of the announcement that it stands for. */
  readonly identifier: string
  readonly createdAt: Seconds
  /** When relays may drop it, and nobody should believe it any more (NIP-40). */
  readonly expiration: Seconds
}

export function buildHeartbeat({ identifier, createdAt, expiration }: Heartbeat): EventTemplate {
  const tags = [
    ['d', identifier],
    ['expiration', String(expiration)],
  ]
  return { kind: HEARTBEAT_KIND, created_at: createdAt, tags, content: '' }
}
