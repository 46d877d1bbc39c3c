/** How do messages travel between us and the wallet? One subscription on the relay pool for replies and notifications. */
import { tagValue, type NostrEvent } from '../core/event.js'
import type { Seconds } from '../core/identifiers.js'
import { verifyEvent } from '../nostr/event.js'
import type { Clock, Logger, PublishVerdict, RelayPool } from '../ports.js'
import { KIND_INFO } from './nwc-abilities.js'
import type { NwcCipher } from './nwc-cipher.js'
import type { LocalFault } from './nwc-reply.js'
import type { NwcConnection } from './nwc-uri.js'

export const KIND_REQUEST = 23194
export const KIND_REPLY = 23195
export const KIND_NOTIFICATION_NIP04 = 23196
export const KIND_NOTIFICATION = 23197

/** A relay applies `since` to live events too, so a wallet whose clock is slow must not be filtered out. */
const CLOCK_SLACK_SECONDS = 600
const OLDEST_SECONDS = 86_400
const KEPT_IDS = 10_000

/** The plaintext of the reply, or why there is none. */
export type Exchanged = { readonly plaintext: string } | { readonly fault: LocalFault }

export interface Exchange {
  readonly event: NostrEvent
  readonly timeoutMs: number
  /** True: keep waiting although no relay is known to have taken the request. For what spends. */
  readonly patient: boolean
  /** Called once, never before `exchange` has returned. */
  readonly deliver: (outcome: Exchanged) => void
}

export interface NwcListener {
  /** A verified notification; null where it could not be opened. */
  readonly onNotification: (plaintext: string | null) => void
  /** A relay has sent all that it had stored: at each connection. */
  readonly onCaughtUp: () => void
  /** The wallet has announced itself anew, as it does when it starts: what it notified before may have reached nobody. */
  readonly onAnnounced: () => void
}

export interface NwcChannel {
  /** Call once. Resolves with the first relay that listens, or after the time. */
  open(listener: NwcListener, timeoutMs: number): Promise<void>
  exchange(exchange: Exchange): void
  /** Ends every exchange with `local:stopped`. Idempotent. */
  stop(): void
}

interface Dependencies {
  readonly name: string
  readonly connection: NwcConnection
  readonly cipher: NwcCipher
  readonly relayPool: RelayPool
  readonly clock: Clock
  readonly log: Logger
}

export function createNwcChannel({ name, connection, cipher, relayPool, clock, log }: Dependencies): NwcChannel {
  const { walletPubkey, clientPubkey, relays } = connection
  const seen = new Set<string>()
  const waiting = new Map<string, (outcome: Exchanged) => void>()
  const closers: (() => void)[] = []
  let stopped = false

  const remember = (id: string): void => {
    const oldest = seen.values().next()
    if (seen.size >= KEPT_IDS && !oldest.done) seen.delete(oldest.value)
    seen.add(id)
  }
  /** Verified once per id; only what is genuine is remembered, so that a forgery cannot hide the event it imitates. */
  const isGenuine = (event: NostrEvent): boolean => {
    if (event.pubkey !== walletPubkey || seen.has(event.id)) return false
    const genuine = verifyEvent(event)
    if (genuine) remember(event.id)
    return genuine
  }
  const read = (event: NostrEvent): string | null => {
    try {
      return cipher.decrypt(event.content)
    } catch {
      log.warn({ wallet: name, kind: event.kind, event: event.id }, 'wallet message cannot be opened')
      return null
    }
  }
  const receiveReply = (event: NostrEvent): void => {
    const conclude = waiting.get(tagValue(event, 'e') ?? '')
    if (!conclude || !isGenuine(event)) return
    const plaintext = read(event)
    conclude(plaintext === null ? { fault: 'local:unreadable' } : { plaintext })
  }

  return {
    open: ({ onNotification, onCaughtUp, onAnnounced }, timeoutMs) =>
      new Promise((resolve) => {
        const listening = (): void => {
          cancelTimer()
          resolve()
        }
        const cancelTimer = clock.after(timeoutMs, listening)
        const subscription = relayPool.subscribe({
          name: `wallet:${name}`,
          relays,
          filters: (saved) => [
            {
              kinds: [KIND_REPLY, KIND_NOTIFICATION, KIND_NOTIFICATION_NIP04],
              authors: [walletPubkey],
              '#p': [clientPubkey],
              since: listenSince(saved, Math.floor(clock.now() / 1000)),
            },
            { kinds: [KIND_INFO], authors: [walletPubkey] },
          ],
          known: (id) => seen.has(id),
          onEvent(event) {
            if (event.kind === KIND_REPLY) return receiveReply(event)
            if (!isGenuine(event)) return
            if (event.kind === KIND_INFO) return onAnnounced()
            onNotification(read(event))
          },
          onCaughtUp() {
            listening()
            onCaughtUp()
          },
        })
        closers.push(listening, () => subscription.close())
      }),
    exchange({ event, timeoutMs, patient, deliver }) {
      let cancelTimer = (): void => undefined
      const conclude = (outcome: Exchanged): void => {
        if (!waiting.delete(event.id)) return
        cancelTimer()
        deliver(outcome)
      }
      waiting.set(event.id, conclude)
      if (stopped) return queueMicrotask(() => conclude({ fault: 'local:stopped' }))
      cancelTimer = clock.after(timeoutMs, () => conclude({ fault: 'local:no-reply' }))
      void Promise.all(relays.map((relay) => relayPool.publish(event, relay))).then((verdicts) => {
        const fault = faultOf(verdicts, patient)
        if (fault) conclude({ fault })
      })
    },
    stop() {
      stopped = true
      for (const close of closers.splice(0)) close()
      for (const conclude of [...waiting.values()]) conclude({ fault: 'local:stopped' })
    },
  }
}

function listenSince(saved: Seconds | undefined, now: Seconds): Seconds {
  return Math.max(Math.min(saved ?? now, now - CLOCK_SLACK_SECONDS), now - OLDEST_SECONDS)
}

/** Only when every relay refused is it certain that the request never left. */
function faultOf(verdicts: readonly PublishVerdict[], patient: boolean): LocalFault | null {
  if (verdicts.some((verdict) => verdict.type === 'accepted')) return null
  if (verdicts.every((verdict) => verdict.type === 'refused')) return 'local:refused-by-relays'
  return patient ? null : 'local:not-taken'
}
