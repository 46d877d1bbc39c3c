/** Who signs for us, where the key is kept elsewhere? A remote signer: asked over relays, never believed unseen (NIP-46). */
import { TollbridgeError } from '../core/errors.js'
import type { EventTemplate, NostrEvent } from '../core/event.js'
import { isMalformed, type Millis, type Pubkey } from '../core/identifiers.js'
import type { Clock, RelayPool, Signer, SignerHealth } from '../ports.js'
import { createBackOff } from './back-off.js'
import { eventHash, parseEvent, verifyEvent } from './event.js'
import type { RemoteMethod } from './kinds/remote-signing.js'
import { createAcquaintance, unavailable, type AcquaintanceOptions } from './remote-acquaintance.js'
import { createRemoteCalls, type RemoteOutcome } from './remote-calls.js'

const TIMEOUT_MS = 15_000
/** How often a signer that answers is asked whether it still does, and where. */
const GREET_EVERY_MS = 5 * 60_000
const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 30_000
/** What waits for longer to be opened is a job that is stale by then. */
const PATIENCE_MS = 10 * 60_000
const MOST_WAITERS = 1_000

export interface RemoteSigner extends Signer {
  readonly health: SignerHealth
  stop(): void
}

export interface RemoteSignerOptions extends AcquaintanceOptions {
  readonly clientKey: Uint8Array
  readonly pool: RelayPool
  readonly clock: Clock
  readonly random: () => number
  readonly timeoutMs?: Millis
}

/**
 * A signer that is known is returned at once, whether it answers or not; a new one must have told its key.
 * @throws TollbridgeError `signer-unavailable`, `key-unusable` where it signs for another key than before.
 */
export async function openRemoteSigner(options: RemoteSignerOptions): Promise<RemoteSigner> {
  const { address, clock, log, timeoutMs = TIMEOUT_MS } = options
  const approvals = new Set<string>()
  const calls = createRemoteCalls({
    ...{ signer: address.signer, clientKey: options.clientKey, pool: options.pool, clock, timeoutMs },
    relays: options.known?.relays ?? address.relays,
    onApproval(url) {
      if (approvals.has(url)) return
      approvals.add(url)
      log.warn({ url }, 'the signer asks for your approval: open this address')
    },
  })
  const backOff = createBackOff({ firstMs: FIRST_RETRY_MS, maxMs: LONGEST_RETRY_MS, random: options.random })
  const recovered: (() => void)[] = []
  const waiters = new Set<() => void>()
  /** Kinds without which no job ends, that it would not sign when it was last asked. */
  const withheld = new Map<number, string>()
  const acquaintance = createAcquaintance({ ...options, calls })
  let silence: string | null = null
  let cancelGreeting: () => void = () => undefined
  let stopped = false

  function greetIn(delayMs: Millis): void {
    cancelGreeting()
    if (stopped) return
    cancelGreeting = clock.after(delayMs, () => void keepGreeting())
  }

  async function keepGreeting(): Promise<void> {
    try {
      await acquaintance.greet()
      backOff.reset()
      heard()
      greetIn(GREET_EVERY_MS)
    } catch (error) {
      // It did not answer, or for another key: neither can be worked with, and both may be put right at its end.
      fellSilent(error instanceof Error ? error.message : 'unknown')
    }
  }

  function heard(): void {
    if (silence === null) return
    silence = null
    log.info({}, 'the remote signer answers')
    for (const listener of [...recovered, ...waiters]) listener()
  }

  /** False where it did not answer again in time, or too many wait already. */
  function answersAgain(): Promise<boolean> {
    if (waiters.size >= MOST_WAITERS || stopped) return Promise.resolve(false)
    return new Promise((resolve) => {
      const settle = (answers: boolean) => {
        cancel()
        waiters.delete(wake)
        resolve(answers)
      }
      const wake = () => settle(!stopped)
      const cancel = clock.after(PATIENCE_MS, () => settle(false))
      waiters.add(wake)
    })
  }

  function fellSilent(reason: string): void {
    if (silence === null && !stopped) log.error({ reason }, 'the remote signer does not answer')
    silence = reason
    greetIn(backOff.next())
  }

  async function use(method: RemoteMethod, params: readonly string[]): Promise<RemoteOutcome> {
    await greeted
    // Once it is silent one question at a time is enough to learn of its return.
    if (silence !== null) throw new TollbridgeError('signer-unavailable', silence)
    const outcome = await calls.call(method, params)
    if (outcome.type !== 'silent') return outcome
    const error = unavailable(`${method}: ${outcome.reason}`)
    if (silence === null) fellSilent(error.message)
    throw error
  }

  async function sign(self: Pubkey, template: EventTemplate): Promise<NostrEvent> {
    const { kind, created_at, tags, content } = template
    const asked = JSON.stringify({ pubkey: self, kind, created_at, tags, content })
    const outcome = await use('sign_event', [asked])
    const signed = outcome.type === 'result' ? readSigned(self, template, outcome.result) : null
    if (signed) {
      withheld.delete(kind)
      return signed
    }
    const why = outcome.type === 'refused' ? `it refuses to sign kind ${kind}: ${outcome.reason}` : null
    const reason = why ?? `it answered with something else than the event of kind ${kind} that it was to sign`
    if (isNeededForJobs(kind)) withheld.set(kind, reason)
    throw unavailable(reason)
  }

  async function encrypt(method: RemoteMethod, peer: Pubkey, text: string): Promise<string> {
    const outcome = await use(method, [peer, text])
    if (outcome.type === 'result') return outcome.result
    throw unavailable(`${method}: ${outcome.reason}`)
  }

  /** What was sent to us comes once, and nobody asks for it again: it waits for the signer. */
  async function decrypt(method: RemoteMethod, peer: Pubkey, payload: string): Promise<string> {
    try {
      const outcome = await use(method, [peer, payload])
      if (outcome.type === 'result') return outcome.result
    } catch (error) {
      if (silence !== null && (await answersAgain())) return decrypt(method, peer, payload)
      throw error
    }
    // Of a refusal it says no more than that: the payload may be nobody's.
    throw new Error('the remote signer could not decrypt it')
  }

  let greeted: Promise<unknown> = Promise.resolve()
  try {
    if (options.known) greeted = keepGreeting()
    else {
      await acquaintance.greet()
      greetIn(GREET_EVERY_MS)
    }
  } catch (error) {
    calls.stop()
    throw error
  }
  const pubkey = acquaintance.pubkey()

  return {
    pubkey,
    sign: (template) => sign(pubkey, template),
    encrypt: (peer, text, scheme = 'nip44') => encrypt(`${scheme}_encrypt`, peer, text),
    decrypt: (peer, payload, scheme = 'nip44') => decrypt(`${scheme}_decrypt`, peer, payload),
    health: {
      get trouble() {
        const [reason] = withheld.values()
        return silence ?? (reason === undefined ? null : unavailable(reason).message)
      },
      onRecovered: (listener) => void recovered.push(listener),
    },
    stop() {
      stopped = true
      cancelGreeting()
      for (const wake of [...waiters]) wake()
      calls.stop()
    },
  }
}

/** Feedback and results: NIP-90. */
const isNeededForJobs = (kind: number): boolean => kind === 7_000 || (kind >= 6_000 && kind < 7_000)

/** The event with its signature, or null unless it is exactly what was to be signed, by the key that was to sign it. */
function readSigned(self: Pubkey, template: EventTemplate, result: string): NostrEvent | null {
  let value: unknown
  try {
    value = JSON.parse(result)
  } catch {
    return null // no event
  }
  const event = parseEvent(value)
  if (isMalformed(event) || event.pubkey !== self) return null
  const id = eventHash(self, template).toString('hex')
  return event.id === id && verifyEvent(event) ? event : null
}
