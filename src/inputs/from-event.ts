/** `i` of type event: what does that event say? Its content; where the marker asks for it, the whole event as JSON. */
import type { NostrEvent } from '../core/event.js'
import type { Millis } from '../core/identifiers.js'
import type { JobInput } from '../core/job-input.js'
import { verifyEvent } from '../nostr/event.js'
import { admissibleRelays, type ReplyRelayRules } from '../policies/reply-relays.js'
import type { RelayPool } from '../ports.js'
import { foundText, unavailable, wait, type Asker, type InputSource } from './input-source.js'

export interface EventLookUp {
  /** The event of that id, verified; null where no relay has it. */
  find(id: string, hints: readonly string[]): Promise<NostrEvent | null>
}

export function createEventLookUp(wiring: {
  readonly relays: Pick<RelayPool, 'fetch'>
  readonly readRelays: readonly string[]
  /** For relays that customers name. */
  readonly rules: ReplyRelayRules
  readonly lookMs: Millis
}): EventLookUp {
  const { relays, readRelays, rules, lookMs } = wiring
  return {
    async find(id, hints) {
      const where = [...new Set([...admissibleRelays(hints, { ...rules, max: 2 }), ...readRelays])]
      const { events } = await relays.fetch(where, { ids: [id], limit: 1 }, lookMs)
      return events.find((event) => event.id === id && verifyEvent(event)) ?? null
    },
  }
}

export const hintsOf = ({ relay }: JobInput): readonly string[] => (relay === null ? [] : [relay])

/** Messages and what is wrapped (NIP-04, NIP-59): relays may show them to us and to nobody else. */
const PRIVATE_KINDS: ReadonlySet<number> = new Set([4, 13, 14, 15, 1059, 1060, 21_059])

/** Whether anybody may read it. */
const isPublic = ({ kind, tags }: NostrEvent): boolean =>
  !PRIVATE_KINDS.has(kind) && !tags.some(([name]) => name === 'encrypted' || name === '-')

const isAbout = ({ pubkey, tags }: NostrEvent, { customer }: Asker): boolean =>
  pubkey === customer || tags.some(([name, value]) => name === 'p' && value === customer)

export function createEventSource(lookUp: EventLookUp): InputSource {
  return async (input, asker) => {
    const event = await lookUp.find(input.data, hintsOf(input))
    if (!event) return wait('no relay has the event')
    if (!isPublic(event) && !isAbout(event, asker)) return unavailable('an event that is not for everybody')
    if (input.marker?.split(':').includes('event')) {
      const { id, pubkey, created_at, kind, tags, content, sig } = event
      return foundText(JSON.stringify({ id, pubkey, created_at, kind, tags, content, sig }), 'application/json', asker)
    }
    return foundText(event.content, null, asker)
  }
}
