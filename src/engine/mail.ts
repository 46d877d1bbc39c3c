/** What is in the gift wraps that are sent to us? Opens each once, at a pace that junk cannot raise, and hands on what is inside. */
import type { NostrEvent, Rumor } from '../core/event.js'
import { isMalformed, type Millis } from '../core/identifiers.js'
import { verifyEvent } from '../nostr/event.js'
import { BACK_DATED_S, GIFT_WRAP_KIND, openWrap } from '../nostr/gift-wrap.js'
import type { Clock, Logger, RelayPool, Signer } from '../ports.js'
import type { Probe } from './probe.js'
import { createRecentIds } from './recent-ids.js'

/**
 * An open wrap costs about a millisecond: two signatures and two decryptions with keys that were never seen before. So many are
 * opened at once, and then others have their turn: at most a quarter of one core for whoever sends junk.
 */
const BATCH = 8
const PAUSE_MS = 25
/** Wraps of one relay that wait; beyond it the oldest give way, and are heard again with the next connection. */
const MOST_WAITING = 5_000
const MOST_WAITING_CHARACTERS = 33_554_432
/** Nothing that is meant for us is longer. */
const MAX_CHARACTERS = 524_288
const SIGNER_RETRY_MS = 5_000
/** Besides the two days by which wraps are back-dated: how long we may have been away. */
const AWAY_S = 4 * 3_600

export const MAIL_COUNTS = ['opened', 'duplicate', 'forged', 'junk', 'displaced'] as const
export type MailCount = (typeof MAIL_COUNTS)[number]

export interface Mail {
  readonly counts: Readonly<Record<MailCount, number>>
  stop(): void
}

interface Waiting {
  readonly wrap: NostrEvent
  readonly relay: string
}

export function openMail(wiring: {
  readonly signer: Signer
  readonly relays: RelayPool
  /** Read and inbox relays: other agents send to either. */
  readonly from: readonly string[]
  /** Takes what was inside; its author is proven. */
  readonly deliver: (rumor: Rumor, relay: string) => void
  readonly clock: Clock
  readonly log: Logger
  /** Proves that those relays still deliver. */
  readonly probe?: Pick<Probe, 'echo' | 'watch'>
}): Mail {
  const { signer, relays, clock, log } = wiring
  const counts = Object.fromEntries(MAIL_COUNTS.map((name) => [name, 0])) as Record<MailCount, number>
  /** Verified wraps that were opened in this run, so that they are not opened again. */
  const opened = createRecentIds(100_000)
  const queues = new Map<string, NostrEvent[]>()
  const timers = new Set<() => void>()
  let waitingCharacters = 0
  let working = false
  let fromEnd = false
  let stopped = false

  function later(delayMs: Millis, run: () => void): void {
    const cancel = clock.after(delayMs, () => {
      timers.delete(cancel)
      run()
    })
    timers.add(cancel)
  }

  function receive(wrap: NostrEvent, relay: string): void {
    if (stopped || opened.has(wrap.id) || wrap.kind !== GIFT_WRAP_KIND) return
    if (wrap.content.length > MAX_CHARACTERS) return void (counts.junk += 1)
    const queue = queues.get(relay) ?? []
    queues.set(relay, queue)
    queue.push(wrap)
    waitingCharacters += wrap.content.length
    while (queue.length > MOST_WAITING || (waitingCharacters > MOST_WAITING_CHARACTERS && queue.length > 1))
      displace(queue)
    if (working) return
    working = true
    void work()
  }

  function displace(queue: NostrEvent[]): void {
    waitingCharacters -= queue.shift()?.content.length ?? 0
    if (counts.displaced++ % 1_000 === 0) log.warn({ waiting: queue.length }, 'more gift wraps than are opened')
  }

  /**
   * A turn for each relay, so that one that is flooded does not hold up another; of each, the newest and the oldest by turns: what
   * arrives behind thousands of junk is opened at once, and what lies below is reached all the same.
   */
  function nextBatch(): Waiting[] {
    const batch: Waiting[] = []
    while (batch.length < BATCH && queues.size > 0) {
      fromEnd = !fromEnd
      for (const [relay, queue] of queues) {
        const wrap = fromEnd ? queue.pop() : queue.shift()
        if (queue.length === 0) queues.delete(relay)
        if (!wrap) continue
        waitingCharacters -= wrap.content.length
        batch.push({ wrap, relay })
      }
    }
    return batch
  }

  async function work(): Promise<void> {
    while (!stopped && queues.size > 0) {
      await Promise.all(nextBatch().map(open))
      await new Promise<void>((resolve) => later(PAUSE_MS, resolve))
    }
    working = false
  }

  async function open({ wrap, relay }: Waiting): Promise<void> {
    if (opened.has(wrap.id)) return void (counts.duplicate += 1)
    // ORDER: before its id is remembered: a forged copy must not keep the real one out.
    if (!verifyEvent(wrap)) return void (counts.forged += 1)
    opened.add(wrap.id)
    try {
      const rumor = await openWrap(signer, wrap)
      counts[isMalformed(rumor) ? 'junk' : 'opened'] += 1
      if (isMalformed(rumor)) return log.debug({ wrap: wrap.id, reason: rumor.malformed }, 'gift wrap not opened')
      if (rumor.pubkey !== signer.pubkey) wiring.deliver(rumor, relay)
    } catch (error) {
      opened.delete(wrap.id)
      log.debug(
        { wrap: wrap.id, reason: error instanceof Error ? error.name : 'unknown' },
        'gift wrap waits for the key',
      )
      later(SIGNER_RETRY_MS, () => receive(wrap, relay))
    }
  }

  const listening = relays.subscribe({
    name: 'mail',
    relays: wiring.from,
    ...(wiring.probe && { echo: wiring.probe.echo, onCaughtUp: wiring.probe.watch }),
    // A wrap may bear any time of the two days before it was sent, however lately we were here.
    filters: (since) => {
      const now = Math.floor(clock.now() / 1000)
      const from = Math.min(since ?? now, now) - BACK_DATED_S - AWAY_S
      return [{ kinds: [GIFT_WRAP_KIND], '#p': [signer.pubkey], since: from }]
    },
    onEvent: receive,
    known: (id) => opened.has(id),
  })

  return {
    counts,
    stop() {
      stopped = true
      listening.close()
      for (const cancel of timers) cancel()
    },
  }
}
