/** How does a customer sign and publish, and read a relay list? With NDK, each connection lasting one errand. */
import type { NDKEvent, NDKRelay } from '@nostr-dev-kit/ndk'
import WebSocket from 'ws'
import { TollbridgeError } from '../core/errors.js'
import type { EventTemplate, NostrEvent } from '../core/event.js'
import { isMalformed } from '../core/identifiers.js'
import { parseEvent, pubkeyOf, verifyEvent } from '../nostr/event.js'
import { JOB_REQUEST_KIND } from '../nostr/kinds/job-request.js'
import { parsePublishVerdict, publishLater } from '../nostr/publish-verdict.js'
import type { PublishVerdict, Signer } from '../ports.js'

const CONNECT_MS = 3_000
const OK_MS = 5_000

/** NIP-42 §Signed event. */
const AUTHENTICATION_KIND = 22_242

interface ConnectivityInside {
  auth(event: NDKEvent): Promise<unknown>
  retryPendingAuthPublishes(): void
}

export interface NdkSession {
  readonly signer: Signer
  /** One connection per relay for this event; never throws for what relays do. */
  publish(event: NostrEvent, relay: string): Promise<PublishVerdict>
  /** The URLs in a verified relay list where its author reads (NIP-65 §When publishing an event); unchecked. */
  readRelaysIn(list: NostrEvent): string[]
  /** Ends what is under way. No timer or connection of NDK's is left. Idempotent. */
  stop(): void
}

/**
 * NDK builds, signs, publishes and reads relay lists. It never listens, since it does not ask again after a reconnection and may deliver
 * what it has not verified: answers and relay lists come through our RelayPool and our own verification.
 * @throws RangeError where the 32 bytes are no valid secret key.
 */
export async function createNdkSession(secretKey: Uint8Array): Promise<NdkSession> {
  const pubkey = pubkeyOf(secretKey)
  // NDK takes its socket from the global scope; `ws` behaves the same on every Node version.
  Object.assign(globalThis, { WebSocket })
  const kit = await import('@nostr-dev-kit/ndk') // costs 0.2 s: only those who hire pay it
  const ndk = new kit.default({ enableOutboxModel: false, autoConnectUserRelays: false, validationRatioFn: () => 1 })
  // Not `ndk.signer`: setting that starts look-ups of the customer's own relays.
  const key = new kit.NDKPrivateKeySigner(Buffer.from(secretKey).toString('hex'), ndk)

  class ErrandRelay extends kit.NDKRelay {}
  // NDK re-arms this timer every 30 s for each relay and offers no way to stop it.
  Object.defineProperty(ErrandRelay.prototype, 'updateValidationRatio', { value: () => undefined })

  /** Tells the relay who we are (NIP-42), and sends what it had refused before it knew. Whose key it is stands in the event anyway. */
  const introduce = async (relay: NDKRelay, challenge: string): Promise<undefined> => {
    const now = Math.floor(Date.now() / 1000)
    const tags = [
      ['relay', relay.url],
      ['challenge', challenge],
    ]
    const event = new kit.NDKEvent(ndk, { kind: AUTHENTICATION_KIND, pubkey, tags, content: '', created_at: now })
    await event.sign(key)
    // Not left to NDK: it would sign with the key of its own that we do not give it, or send nothing again.
    const { connectivity } = relay as unknown as { readonly connectivity: ConnectivityInside }
    const isKnown = await connectivity.auth(event).then(
      () => true,
      () => false,
    )
    if (isKnown) connectivity.retryPendingAuthPublishes()
  }

  const open = new Set<NDKRelay>()
  const stopping = new AbortController()
  const stopped = new Promise<null>((resolve) => stopping.signal.addEventListener('abort', () => resolve(null)))

  const withRelay = async <T>(url: string, errand: (relay: NDKRelay) => Promise<T>): Promise<T | null> => {
    if (stopping.signal.aborted) return null
    const relay = new ErrandRelay(url, introduce, ndk)
    open.add(relay)
    try {
      return (await isConnected(relay)) ? await Promise.race([errand(relay), stopped]) : null
    } finally {
      open.delete(relay)
      closeRelay(relay)
    }
  }

  return {
    signer: {
      pubkey,
      async sign(template: EventTemplate) {
        const { kind, created_at, content } = template
        const draft = { kind, created_at, content, tags: template.tags.map((tag) => [...tag]) }
        const Kind = kind === JOB_REQUEST_KIND ? kit.NDKDVMRequest : kit.NDKEvent
        const event = new Kind(ndk, { ...draft, pubkey })
        await event.sign(key)
        const signed = parseEvent(event.rawEvent())
        if (isMalformed(signed) || !verifyEvent(signed))
          throw new TollbridgeError('key-unusable', 'an event was not signed')
        return signed
      },
      encrypt: (peer, plaintext, scheme = 'nip44') => key.encrypt(new kit.NDKUser({ pubkey: peer }), plaintext, scheme),
      decrypt: (peer, payload, scheme = 'nip44') => key.decrypt(new kit.NDKUser({ pubkey: peer }), payload, scheme),
    },
    async publish(event, relay) {
      const verdict = await withRelay(relay, (connected) => send(connected, new kit.NDKEvent(ndk, mutableCopy(event))))
      return verdict ?? publishLater('no connection')
    },
    readRelaysIn: (list) => [...kit.NDKRelayList.from(new kit.NDKEvent(ndk, mutableCopy(list))).readRelayUrls],
    stop() {
      stopping.abort()
      for (const relay of open) relay.emit('disconnect')
    },
  }
}

/** NDK tells of a refused connection by `disconnect`, and of a slow one not at all. */
async function isConnected(relay: NDKRelay): Promise<boolean> {
  let deadline: NodeJS.Timeout | undefined
  const answer = new Promise<boolean>((resolve) => {
    relay.once('connect', () => resolve(true))
    relay.once('disconnect', () => resolve(false))
    deadline = setTimeout(() => resolve(false), CONNECT_MS)
    relay.connect(undefined, false).catch(() => resolve(false))
  })
  return answer.finally(() => clearTimeout(deadline))
}

/** Through the connectivity, since `relay.disconnect()` leaves its timers running where the connection was refused. */
function closeRelay({ connectivity }: NDKRelay): void {
  const { ws } = connectivity as unknown as { readonly ws?: WebSocket }
  connectivity.resetReconnectionState()
  connectivity.disconnect()
  ws?.terminate() // a relay that froze would be waited for, half a minute long
}

async function send(relay: NDKRelay, event: NDKEvent): Promise<PublishVerdict> {
  try {
    await relay.publish(event, OK_MS)
    return { type: 'accepted' }
  } catch (error) {
    return parsePublishVerdict(false, error instanceof Error ? error.message : 'no answer')
  }
}

const mutableCopy = (event: NostrEvent) => ({ ...event, tags: event.tags.map((tag) => [...tag]) })
