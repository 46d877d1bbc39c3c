/** Who signs for us, where the key is kept elsewhere? A remote signer: asked over relays, never believed unseen (NIP-46). */
import { TollbridgeError } from '../core/errors.js'
import type { EventTemplate, NostrEvent } from '../core/event.js'
import { isMalformed, parsePubkey, type Millis, type Pubkey } from '../core/identifiers.js'
import type { Clock, Logger, RelayPool, Signer, SignerHealth } from '../ports.js'
import { createBackOff } from './back-off.js'
import { eventHash, parseEvent, verifyEvent } from './event.js'
import {
  parseSwitchedRelays,
  serialisePermissions,
  type BunkerAddress,
  type RemoteMethod,
  type SignerPermissions,
} from './kinds/remote-signing.js'
import { createRemoteCalls, type RemoteOutcome } from './remote-calls.js'

const TIMEOUT_MS = 15_000
/** How often a signer that answers is asked whether it still does, and where. */
const GREET_EVERY_MS = 5 * 60_000
const FIRST_RETRY_MS = 1_000
const LONGEST_RETRY_MS = 30_000

/** What is remembered of a signer between two runs. */
export interface SignerAcquaintance {
  readonly pubkey: Pubkey
  readonly relays: readonly string[]
}

export interface RemoteSigner extends Signer {
  readonly health: SignerHealth
  stop(): void
}

export interface RemoteSignerOptions {
  readonly address: BunkerAddress
  readonly clientKey: Uint8Array
  /** Null before the first connection. */
  readonly known: SignerAcquaintance | null
  readonly remember: (acquaintance: SignerAcquaintance) => Promise<void>
  readonly permissions: SignerPermissions
  readonly pool: RelayPool
  readonly clock: Clock
  readonly log: Logger
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
  /** Kinds without which no job ends, that it would not sign when it was last asked. */
  const withheld = new Map<number, string>()
  let known = options.known
  let relays = options.known?.relays ?? address.relays
  let silence: string | null = null
  let cancelGreeting: () => void = () => undefined
  let stopped = false

  const unavailable = (why: string): TollbridgeError =>
    new TollbridgeError('signer-unavailable', `the remote signer is not available: ${why}`)

  /** Throws for silence and refusals alike. */
  async function ask(method: RemoteMethod, params: readonly string[]): Promise<string> {
    const outcome = await calls.call(method, params)
    if (outcome.type === 'result') return outcome.result
    throw unavailable(`${method}: ${outcome.reason}`)
  }

  async function readPubkey(): Promise<Pubkey> {
    const pubkey = parsePubkey(await ask('get_public_key', []))
    if (isMalformed(pubkey)) throw unavailable('it does not tell its public key')
    return pubkey
  }

  const connect = (): Promise<RemoteOutcome> =>
    calls.call('connect', [address.signer, address.secret ?? '', serialisePermissions(options.permissions)])

  /** Knows the key, and where the signer is, afterwards. */
  async function greet(): Promise<Pubkey> {
    const pubkey = known ? await readPubkey().catch(introduce) : await introduce()
    if (known && pubkey !== known.pubkey) {
      throw new TollbridgeError(
        'key-unusable',
        `the remote signer signs for ${pubkey}, and this state is of ${known.pubkey}`,
      )
    }
    await followRelays()
    if (known?.relays.join() !== relays.join()) {
      known = { pubkey, relays }
      await options.remember(known)
    }
    return pubkey
  }

  /** A secret is good once: a signer that knows us may refuse or ignore it, and answers all the same. */
  async function introduce(): Promise<Pubkey> {
    const everywhere = [...new Set([...relays, ...address.relays])]
    calls.useRelays(everywhere)
    const outcome = await connect()
    if (outcome.type === 'silent' || (outcome.type === 'refused' && !known)) {
      throw unavailable(`connect: ${outcome.reason}`)
    }
    relays = everywhere
    return readPubkey()
  }

  /** NIP-46: where the signer says it will be found, it is sought from now on, unless it is not there. */
  async function followRelays(): Promise<void> {
    const outcome = await calls.call('switch_relays', [])
    const wanted = outcome.type === 'result' ? parseSwitchedRelays(outcome.result) : null
    if (wanted === null || wanted.join() === relays.join()) return
    calls.useRelays(wanted)
    const found = await calls.call('get_public_key', [])
    if (found.type === 'result') relays = wanted
    else log.warn({ relays: wanted }, 'the remote signer is not where it said it would be')
    calls.useRelays(relays)
  }

  function greetIn(delayMs: Millis): void {
    cancelGreeting()
    if (stopped) return
    cancelGreeting = clock.after(delayMs, () => void keepGreeting())
  }

  async function keepGreeting(): Promise<void> {
    try {
      await greet()
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
    for (const listener of recovered) listener()
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

  async function encipher(method: RemoteMethod, peer: Pubkey, text: string): Promise<string> {
    const outcome = await use(method, [peer, text])
    if (outcome.type === 'result') return outcome.result
    // Of a decryption it says no more than that: the payload may be nobody's.
    if (method.endsWith('decrypt')) throw new Error('the remote signer could not decrypt it')
    throw unavailable(`${method}: ${outcome.reason}`)
  }

  let greeted: Promise<unknown> = Promise.resolve()
  try {
    if (known) greeted = keepGreeting()
    else greetIn((await greet(), GREET_EVERY_MS))
  } catch (error) {
    calls.stop()
    throw error
  }
  const { pubkey } = known ?? {}
  if (pubkey === undefined) throw unavailable('it does not tell its public key')

  return {
    pubkey,
    sign: (template) => sign(pubkey, template),
    encrypt: (peer, text, scheme = 'nip44') => encipher(`${scheme}_encrypt`, peer, text),
    decrypt: (peer, payload, scheme = 'nip44') => encipher(`${scheme}_decrypt`, peer, payload),
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
