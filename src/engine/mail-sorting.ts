/** Which part of the daemon is a rumor for? Jobs, messages of agents, and what a customer may say of a job in private. */
import type { Arrival } from '../core/arrival.js'
import type { Rumor } from '../core/event.js'
import { isMalformed, parseEventId, type EventId, type Millis, type Pubkey } from '../core/identifiers.js'
import { DELETION_KIND } from '../nostr/kinds/announcement.js'
import { MESSAGE_KIND } from '../nostr/kinds/dispatch.js'
import { PAYMENT_PROOF_KIND } from '../nostr/kinds/payment-proof.js'
import type { Clock, Logger, RelayLists } from '../ports.js'
import { MAX_NAMED } from './cancellations.js'
import type { Dispatch } from './dispatch.js'

/** When somebody is asked after again whose inbox was not found: relays that are away come back, lists are published late. */
const LOOK_AGAIN_MS: readonly Millis[] = [45_000, 660_000]
const MOST_LOOKED_FOR = 500

export const SORTED_COUNTS = ['jobs', 'messages', 'notes', 'known', 'unreachable', 'foreign'] as const
export type SortedCount = (typeof SORTED_COUNTS)[number]

export interface MailSorting {
  deliver(rumor: Rumor, heardOn: string): void
  readonly counts: Readonly<Record<SortedCount, number>>
  stop(): void
}

export function createMailSorting(wiring: {
  /** Kinds of job that we serve. */
  readonly kinds: ReadonlyMap<number, unknown>
  readonly lists: Pick<RelayLists, 'inboxRelays'>
  readonly knows: (id: string) => boolean
  readonly arrive: (arrival: Arrival) => void
  /** Null where other agents hand out nothing here. */
  readonly dispatch: Dispatch | null
  readonly cancel: (jobId: EventId, author: Pubkey) => unknown
  readonly prove: (proof: Rumor) => void
  readonly clock: Clock
  readonly log: Logger
}): MailSorting {
  const { kinds, lists, dispatch, clock, log } = wiring
  const counts = Object.fromEntries(SORTED_COUNTS.map((name) => [name, 0])) as Record<SortedCount, number>
  const timers = new Set<() => void>()
  let stopped = false

  function sort(rumor: Rumor, heardOn: string): SortedCount {
    if (rumor.kind === DELETION_KIND) return cancelAll(rumor)
    if (rumor.kind === PAYMENT_PROOF_KIND) {
      wiring.prove(rumor)
      return 'notes'
    }
    if (rumor.kind === MESSAGE_KIND) return dispatch?.receive(rumor, heardOn) ? 'messages' : 'foreign'
    wiring.arrive({ rumor, json: JSON.stringify(rumor), channel: { type: 'wrapped' }, heardOn })
    return 'jobs'
  }

  function cancelAll({ tags, pubkey }: Rumor): SortedCount {
    for (const [, value] of tags.filter(([name]) => name === 'e').slice(0, MAX_NAMED)) {
      const jobId = parseEventId(value)
      if (!isMalformed(jobId)) wiring.cancel(jobId, pubkey)
    }
    return 'notes'
  }

  /** Whoever has no inbox could not be answered (NIP-17 §Publishing): nothing is begun for it, and nothing said elsewhere. */
  async function deliverIfAnswerable(rumor: Rumor, heardOn: string, looks = 0): Promise<void> {
    const inbox = await lists.inboxRelays(rumor.pubkey)
    if (stopped) return
    if (inbox.length > 0) return void (counts[sort(rumor, heardOn)] += 1)
    const again = LOOK_AGAIN_MS[looks]
    if (again === undefined || timers.size >= MOST_LOOKED_FOR) {
      counts.unreachable += 1
      return log.debug({ rumor: rumor.id }, 'author without an inbox')
    }
    const cancel = clock.after(again, () => {
      timers.delete(cancel)
      void deliverIfAnswerable(rumor, heardOn, looks + 1)
    })
    timers.add(cancel)
  }

  return {
    counts,
    deliver(rumor, heardOn) {
      // Wrapped once more, or heard again after a restart: it is the rumor's own id that tells (NIP-59).
      if (wiring.knows(rumor.id)) return void (counts.known += 1)
      const isNote = rumor.kind === DELETION_KIND || rumor.kind === PAYMENT_PROOF_KIND
      if (isNote) return void (counts[sort(rumor, heardOn)] += 1)
      if (!kinds.has(rumor.kind) && rumor.kind !== MESSAGE_KIND) return void (counts.foreign += 1)
      void deliverIfAnswerable(rumor, heardOn)
    },
    stop() {
      stopped = true
      for (const cancel of timers) cancel()
    },
  }
}
