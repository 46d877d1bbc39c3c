/** Do relays keep what they accepted? Paid results are looked for once, some seconds later; one that is nowhere is sent again. */
import { isWrapped } from '../core/arrival.js'
import type { Millis } from '../core/identifiers.js'
import { isPaid, type Delivery, type Job } from '../core/job.js'
import type { Clock, Logger, RelayPool } from '../ports.js'

const AFTER_MS = 5_000
const ANSWER_MS = 10_000
/** Of the results of one time more are not looked for: a sample tells what a relay does. */
const MOST_AT_A_TIME = 200
const MOST_IDS = 100

export interface ReadBack {
  /** The relay has accepted an event: a paid result that is read there is looked for. */
  expect(job: Job, delivery: Delivery, relay: string): void
  readonly counts: { readonly found: number; readonly missing: number }
  stop(): void
}

interface Expected {
  readonly job: Job
  readonly delivery: Delivery
  readonly relay: string
}

export function createReadBack(wiring: {
  readonly relays: Pick<RelayPool, 'fetch'>
  readonly clock: Clock
  readonly log: Logger
  /** Sends it again to each relay that claims to hold it. */
  readonly sendAgain: (job: Job, delivery: Delivery) => void
  readonly afterMs?: Millis
}): ReadBack {
  const { relays, clock, log, afterMs = AFTER_MS } = wiring
  const counts = { found: 0, missing: 0 }
  const seen = new WeakSet<Delivery>()
  /** Accepted since the last look, and before: each is at least once the time old when it is looked for. */
  let fresh: Expected[] = []
  let due: Expected[] = []
  let cancel: (() => void) | null = null

  function look(): void {
    cancel = null
    const byRelay = groupByRelay(due)
    for (const [relay, expected] of byRelay) void lookAt(relay, expected)
    due = fresh
    fresh = []
    if (due.length > 0) cancel = clock.after(afterMs, look)
  }

  async function lookAt(relay: string, expected: readonly Expected[]): Promise<void> {
    for (let from = 0; from < expected.length; from += MOST_IDS) {
      const batch = expected.slice(from, from + MOST_IDS)
      const ids = batch.map(({ delivery }) => delivery.eventId)
      const { events, answered } = await relays.fetch([relay], { ids }, ANSWER_MS)
      if (answered === 0) return // it says nothing
      const held = new Set(events.map(({ id }) => id))
      for (const each of batch) {
        if (held.has(each.delivery.eventId)) counts.found += 1
        else await lookElsewhere(each)
      }
    }
  }

  async function lookElsewhere({ job, delivery, relay }: Expected): Promise<void> {
    const others = Object.keys(delivery.relays).filter((url) => url !== relay && delivery.relays[url] === 'accepted')
    const { events } = await relays.fetch(others, { ids: [delivery.eventId] }, ANSWER_MS)
    if (events.some(({ id }) => id === delivery.eventId)) {
      counts.found += 1
      log.warn({ job: job.id, relay }, 'a relay lost a result that another holds')
      return
    }
    counts.missing += 1
    log.warn({ job: job.id, relay }, 'no relay holds a result that was accepted: it is sent again')
    wiring.sendAgain(job, delivery)
  }

  return {
    expect(job, delivery, relay) {
      if (delivery.purpose !== 'result' || !isPaid(job) || !delivery.counted.includes(relay)) return
      // Gift wraps are given to their recipients only.
      if (isWrapped(job)) return
      if (fresh.length >= MOST_AT_A_TIME || seen.has(delivery)) return
      seen.add(delivery)
      fresh.push({ job, delivery, relay })
      cancel ??= clock.after(afterMs, look)
    },
    counts,
    stop() {
      cancel?.()
      fresh = []
      due = []
    },
  }
}

function groupByRelay(expected: readonly Expected[]): Map<string, Expected[]> {
  const groups = new Map<string, Expected[]>()
  for (const each of expected) {
    const group = groups.get(each.relay)
    if (group) group.push(each)
    else groups.set(each.relay, [each])
  }
  return groups
}
