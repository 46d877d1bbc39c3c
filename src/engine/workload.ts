/** How much work does an answer need, and is it done? Mined where a relay asks for it and somebody is reached by it (NIP-13). */
import { standingOf, workWanted } from '../core/delivery.js'
import type { EventTemplate, NostrEvent } from '../core/event.js'
import type { Millis, Pubkey } from '../core/identifiers.js'
import { isPaid, type Delivery, type Job, type RelayVerdict } from '../core/job.js'
import { createOneAtATime } from '../core/one-at-a-time.js'
import { provenWork } from '../nostr/work.js'
import type { Clock, Logger, RelayPool, Signer } from '../ports.js'
import type { Workload } from '../steps/context.js'

/** Nothing is mined for longer. */
const LONGEST_MS = 120_000
/** Of the time, in which this part is spent on work for answers that nobody has paid for. */
const UNPAID_SHARE = 0.1
const MOST_REMEMBERED = 1_000
/** Between the turns of two that wait. */
const LEAST_TURN_MS = 100

export interface LearningWorkload extends Workload {
  /** A relay has asked for so many bits; null where it does not say how many. */
  learn(relay: string, bits: number | null): void
}

export function createWorkload(wiring: {
  readonly relays: Pick<RelayPool, 'limits'>
  readonly signer: Signer
  readonly clock: Clock
  readonly log: Logger
  readonly quorum: number
  /** The operator's own relays. */
  readonly own: ReadonlySet<string>
  /** More is never done; 0 for nothing at all. */
  readonly maxBits: number
  /** The template with a nonce of so many bits, to be signed as it is; null where none is found in time. */
  readonly prove: (
    author: Pubkey,
    template: EventTemplate,
    how: { readonly bits: number; readonly withinMs: Millis; readonly now: () => Millis },
  ) => Promise<EventTemplate | null>
}): LearningWorkload {
  const { relays, signer, clock, log, quorum, own, maxBits } = wiring
  /** What relays asked for in this run. */
  const asked = new Map<string, number>()
  const oneAtATime = createOneAtATime()
  let unpaidAfter: Millis = 0
  let unpaidTook: Millis = 0
  let isWorkingUnpaid = false
  /** Given to the last of those who came in vain. */
  let lastTurn: Millis = 0

  const wantedBy = (relay: string): number => Math.max(asked.get(relay) ?? 0, relays.limits(relay)?.minPow ?? 0)

  /** What is enough for the quorum; for what was paid, also what each relay asks for that the customer has chosen. */
  function enough(asking: readonly { readonly relay: string; readonly bits: number }[], job: Job): number {
    const possible = asking.filter(({ bits }) => bits <= maxBits)
    const sorted = possible.map(({ bits }) => bits).sort((a, b) => a - b)
    const forQuorum = sorted[Math.min(quorum, asking.length, sorted.length) - 1] ?? 0
    // Our own relays are there for every job: for each of them to be served, all work would wait for this.
    const chosen = isPaid(job) ? possible.filter(({ relay }) => !own.has(relay)).map(({ bits }) => bits) : []
    return Math.max(forQuorum, ...chosen)
  }

  /** When one that nobody has paid for may come again; null where it need not wait. Each has a turn of its own. */
  function turnOfUnpaid(): Millis | null {
    const now = clock.now()
    if (!isWorkingUnpaid && now >= unpaidAfter) return null
    lastTurn = Math.max(lastTurn, unpaidAfter, now) + Math.max(LEAST_TURN_MS, unpaidTook / UNPAID_SHARE)
    return lastTurn
  }

  /**
   * One at a time. What nobody has paid for is bounded: whoever asks for it might run the relay that asks for work. The time at which
   * to come again where it is not its turn; null where no work was found.
   */
  async function mine(job: Job, event: NostrEvent, bits: number): Promise<NostrEvent | Millis | null> {
    const isBounded = !isPaid(job)
    const notBefore = isBounded ? turnOfUnpaid() : null
    if (notBefore !== null) return notBefore
    if (isBounded) isWorkingUnpaid = true
    const turn = oneAtATime(async () => {
      const begun = clock.now()
      const template = await wiring.prove(signer.pubkey, event, { bits, withinMs: LONGEST_MS, now: () => clock.now() })
      const took = clock.now() - begun
      if (isBounded) {
        unpaidTook = took
        unpaidAfter = clock.now() + took * (1 / UNPAID_SHARE - 1)
      }
      log.debug({ job: job.id, bits, ms: took, found: template !== null }, 'work proven')
      if (!template) return null
      const { kind, created_at, tags, content } = template
      return signer.sign({ kind, created_at, tags, content })
    })
    if (isBounded) void turn.catch(() => undefined).finally(() => (isWorkingUnpaid = false))
    return turn
  }

  /** Nobody needs to ask again: as if they had refused for another reason. */
  function settleFor(delivery: Delivery): null {
    for (const relay of delivery.counted) {
      if (workWanted(delivery.relays[relay]) !== undefined)
        delivery.relays[relay] = 'refused: asks for work that is not done'
    }
    return null
  }

  return {
    learn(relay, bits) {
      asked.delete(relay)
      asked.set(relay, bits ?? Math.min(maxBits, relays.limits(relay)?.minPow ?? maxBits))
      const [oldest] = asked.keys()
      if (asked.size > MOST_REMEMBERED && oldest !== undefined) asked.delete(oldest)
    },

    bitsFor(job, counted) {
      if (maxBits === 0) return 0
      const asking = counted.map((relay) => ({ relay, bits: wantedBy(relay) }))
      return asking.every(({ bits }) => bits === 0) ? 0 : enough(asking, job)
    },

    async add(job, event, bits) {
      // A gift wrap is signed by a key that is gone.
      if (event.pubkey !== signer.pubkey) return event
      const mined = await mine(job, event, bits)
      return typeof mined === 'object' && mined !== null ? mined : event
    },

    async rework(job, delivery) {
      if (delivery.event === null || standingOf(delivery, quorum) !== 'unworked') return null
      const event = JSON.parse(delivery.event) as NostrEvent
      if (event.pubkey !== signer.pubkey) return settleFor(delivery)
      const done = provenWork(event)
      const asking = delivery.counted.flatMap((relay) => {
        const bits = workWanted(delivery.relays[relay])
        return bits === undefined ? [] : [{ relay, bits: bits ?? wantedBy(relay) }]
      })
      const bits = enough(
        asking.filter((each) => each.bits > done),
        job,
      )
      const created_at = Math.floor(clock.now() / 1000)
      const mined = bits === 0 ? null : await mine(job, { ...event, created_at }, bits)
      if (typeof mined === 'number' && mined < (delivery.notAfter ?? Infinity) * 1000) return mined
      if (typeof mined === 'number' || !mined) return settleFor(delivery)
      const relaysAnew = Object.entries(delivery.relays).map(([relay, verdict]): [string, RelayVerdict] => {
        const asks = workWanted(verdict)
        return [relay, asks !== undefined && (asks ?? wantedBy(relay)) <= bits ? 'pending' : verdict]
      })
      return { ...delivery, eventId: mined.id, event: JSON.stringify(mined), relays: Object.fromEntries(relaysAnew) }
    },
  }
}
