/** What does the remote signer answer? One request, one answer or a reason for none; never longer than its time. */
import { randomBytes } from 'node:crypto'
import type { NostrEvent } from '../core/event.js'
import { isMalformed, type Millis, type Pubkey } from '../core/identifiers.js'
import type { Clock, RelayPool, Subscription } from '../ports.js'
import { createEncryption } from './encryption.js'
import { pubkeyOf, signEvent, verifyEvent } from './event.js'
import { parseRemoteAnswer, REMOTE_SIGNING_KIND, serialiseRequest, type RemoteMethod } from './kinds/remote-signing.js'

const RESEND_MS = 1_000
/** How long a person may take to approve. */
const APPROVAL_MS = 10 * 60_000
/** Of relays that keep what they should only pass on. */
const MOST_STORED = 20

export type RemoteOutcome =
  | { readonly type: 'result'; readonly result: string }
  /** It answered, and will not. */
  | { readonly type: 'refused'; readonly reason: string }
  /** No answer in time: it may have done it. */
  | { readonly type: 'silent'; readonly reason: string }

export interface RemoteCalls {
  /** Never throws. */
  call(method: RemoteMethod, params: readonly string[]): Promise<RemoteOutcome>
  /** From now on the signer is reached there. */
  useRelays(relays: readonly string[]): void
  stop(): void
}

interface Waiting {
  readonly settle: (outcome: RemoteOutcome) => void
  readonly extend: () => void
}

export function createRemoteCalls(wiring: {
  readonly signer: Pubkey
  readonly relays: readonly string[]
  /** Ours towards the signer. A secret. */
  readonly clientKey: Uint8Array
  readonly pool: RelayPool
  readonly clock: Clock
  readonly timeoutMs: Millis
  /** The signer asks its owner to approve at that address. */
  readonly onApproval: (url: string) => void
}): RemoteCalls {
  const { signer, clientKey, pool, clock } = wiring
  const self = pubkeyOf(clientKey)
  const cipher = createEncryption(clientKey)
  const waiting = new Map<string, Waiting>()
  const leaving = new Set<Subscription>()
  let relays = wiring.relays
  let listening = listen()
  let stopped = false

  function listen(): Subscription {
    const filter = { kinds: [REMOTE_SIGNING_KIND], authors: [signer], '#p': [self], limit: MOST_STORED }
    return pool.subscribe({
      name: 'signer',
      relays,
      filters: () => [filter],
      onEvent: receive,
      known: () => false,
    })
  }

  function receive(event: NostrEvent): void {
    if (event.pubkey !== signer || waiting.size === 0 || !verifyEvent(event)) return
    let text: string
    try {
      text = cipher.decrypt(signer, event.content)
    } catch {
      return // not for us, or of a signer that speaks NIP-04 only
    }
    const answer = parseRemoteAnswer(text)
    // A second answer finds nobody waiting.
    const request = isMalformed(answer) ? undefined : waiting.get(answer.id)
    if (isMalformed(answer) || !request) return
    if (answer.type !== 'approval') return request.settle(answer)
    request.extend()
    wiring.onApproval(answer.url)
  }

  function call(method: RemoteMethod, params: readonly string[]): Promise<RemoteOutcome> {
    if (stopped) return Promise.resolve({ type: 'silent', reason: 'stopped' })
    const id = randomBytes(16).toString('hex')
    const content = cipher.encrypt(signer, serialiseRequest({ id, method, params }))
    const created_at = Math.floor(clock.now() / 1000)
    const template = { kind: REMOTE_SIGNING_KIND, created_at, tags: [['p', signer]], content }
    const event = signEvent(template, clientKey, self, randomBytes(32))
    return new Promise((resolve) => {
      let cancel: () => void = () => undefined
      const settle = (outcome: RemoteOutcome): void => {
        if (!waiting.delete(id)) return
        cancel()
        resolve(outcome)
      }
      const waitFor = (delayMs: Millis, reason: string): void => {
        cancel()
        cancel = clock.after(delayMs, () => settle({ type: 'silent', reason }))
      }
      waiting.set(id, { settle, extend: () => waitFor(APPROVAL_MS, 'nobody approved in time') })
      waitFor(wiring.timeoutMs, `no answer within ${Math.round(wiring.timeoutMs / 1000)} s`)
      void send(id, event, relays).then((reason) => {
        if (reason !== null) settle({ type: 'silent', reason })
      })
    })
  }

  /** Null once a relay took it; the reason where none ever will. */
  async function send(id: string, event: NostrEvent, to: readonly string[]): Promise<string | null> {
    const json = JSON.stringify(event)
    const reasons = await Promise.all(
      to.map(async (relay) => {
        while (waiting.has(id)) {
          const verdict = await pool.publish(json, relay)
          if (verdict.type === 'accepted') return null
          if (verdict.type === 'refused') return `${relay} refuses its requests`
          await new Promise<void>((resolve) => clock.after(RESEND_MS, resolve))
        }
        return null
      }),
    )
    return reasons.includes(null) ? null : (reasons[0] ?? 'no relay')
  }

  return {
    call,
    useRelays(next) {
      if (stopped || next.join() === relays.join()) return
      const before = listening
      relays = next
      listening = listen()
      leaving.add(before)
      // What was asked there is answered there.
      clock.after(wiring.timeoutMs, () => {
        leaving.delete(before)
        before.close()
      })
    },
    stop() {
      stopped = true
      for (const each of [listening, ...leaving]) each.close()
      for (const { settle } of [...waiting.values()]) settle({ type: 'silent', reason: 'stopped' })
    },
  }
}
