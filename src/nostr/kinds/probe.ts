/** Kind 27402, our own: an event to ourselves that is there to come back (PROTOCOL.md §The probe). */
import type { EventTemplate, Filter } from '../../core/event.js'
import type { Pubkey, Seconds } from '../../core/identifiers.js'

/** An ephemeral kind: relays pass it on and store it not (NIP-01 §Kinds). */
export const PROBE_KIND = 27_402

export const buildProbe = (self: Pubkey, createdAt: Seconds): EventTemplate => ({
  kind: PROBE_KIND,
  created_at: createdAt,
  tags: [['p', self]],
  content: '',
})

export const probeFilter = (self: Pubkey): Filter => ({ kinds: [PROBE_KIND], authors: [self] })
