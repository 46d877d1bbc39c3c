/** How does the embedded world offer a wallet over Nostr? A NIP-47 wallet service on top of any Lightning node. */
import { randomBytes } from 'node:crypto'
import { tagValue, type EventTemplate, type NostrEvent } from '../core/event.js'
import type { Millis, Pubkey } from '../core/identifiers.js'
import { pubkeyOf, signEvent, verifyEvent } from '../nostr/event.js'
import { KIND_INFO } from '../wallets/nwc-abilities.js'
import { KIND_NOTIFICATION, KIND_NOTIFICATION_NIP04, KIND_REPLY, KIND_REQUEST } from '../wallets/nwc-channel.js'
import { createNwcCipher, type NwcEncryption } from '../wallets/nwc-cipher.js'
import type { LightningNode } from './lightning/node.js'
import { GARBLED, merged, repliesTo, towards, type NwcBehaviours } from './nwc-behaviour.js'
import { isHoldNode } from './nwc-hold-methods.js'
import {
  createNwcMethods,
  permittedMethods,
  sentNotifications,
  type NwcNotification,
  type NwcPermissions,
} from './nwc-methods.js'
import { NwcRefusal } from './nwc-refusal.js'
import { tellIncoming, tellOutgoing } from './nwc-tell.js'
import { createOwnPool } from './own-pool.js'

const REQUEST_AGE_SECONDS = 600
const KEPT_IDS = 20_000
const KEPT_FOR_REPLAY = 100

export interface NwcWalletServiceOptions {
  readonly node: LightningNode
  readonly relayUrl: string
  readonly permissions: NwcPermissions
  readonly behaviour?: NwcBehaviours
  /** What it knows, as its info event says. Default: both. */
  readonly encryptions?: readonly NwcEncryption[]
  /** False: no info event is published. */
  readonly announced?: boolean
  readonly now?: () => Millis
  /** Serves the connection of a wallet that has stopped, as after a restart. */
  readonly successorOf?: Pick<NwcWalletService, 'keys'>
}

interface NwcKeys {
  readonly wallet: Uint8Array
  readonly client: Uint8Array
}

export interface NwcWalletCounts {
  requests: number
  /** Requests that came again, or after their expiration: not served. */
  ignored: number
  replies: number
  notifications: number
}

export interface NwcWalletService {
  /** A secret. */
  readonly uri: string
  /** Secrets. */
  readonly keys: NwcKeys
  readonly pubkey: Pubkey
  readonly counts: Readonly<NwcWalletCounts>
  /** Replaces the behaviour; nothing said is proper behaviour. */
  behave(behaviour: NwcBehaviours): void
  /** Sends the last replies and notifications once more, as a relay might. */
  replay(): Promise<void>
  /** Sends any event of the wallet to the client. */
  send(kind: number, content: string, tags?: readonly (readonly string[])[]): Promise<void>
  stop(): Promise<void>
}

/** Resolves when the wallet listens and its info event is on the relay. */
export async function startNwcWallet(options: NwcWalletServiceOptions): Promise<NwcWalletService> {
  const { node, relayUrl, permissions, encryptions = ['nip44_v2', 'nip04'], announced = true, now = Date.now } = options
  const keys = options.successorOf?.keys ?? { wallet: newSecretKey(), client: newSecretKey() }
  const { wallet: walletKey, client: clientKey } = keys
  const pubkey = pubkeyOf(walletKey)
  const clientPubkey = pubkeyOf(clientKey)
  const cipher = createNwcCipher(walletKey, clientPubkey)
  const pool = createOwnPool()
  const handled = new Set<string>()
  const sent: NostrEvent[] = []
  const timers = new Set<NodeJS.Timeout>()
  const counts: NwcWalletCounts = { requests: 0, ignored: 0, replies: 0, notifications: 0 }
  let behaviour = options.behaviour ?? {}
  let stopped = false
  const methods = createNwcMethods({ node, permissions, behaviour: () => merged(behaviour) })
  const notified = sentNotifications(permissions, node)

  const sign = (template: Omit<EventTemplate, 'created_at'>): NostrEvent =>
    signEvent({ ...template, created_at: Math.floor(now() / 1000) }, walletKey, pubkey, randomBytes(32))

  const publish = async (kind: number, content: string, tags: readonly (readonly string[])[]): Promise<void> => {
    if (stopped) return
    const event = sign({ kind, content, tags: [['p', clientPubkey], ...tags] })
    sent.push(event)
    if (sent.length > KEPT_FOR_REPLAY) sent.shift()
    await pool.publish(event, relayUrl)
  }

  const serve = async (method: string, parameters: object): Promise<object> => {
    const wrong = towards(behaviour, method)
    try {
      if (wrong.refuseWith !== undefined) throw new NwcRefusal(wrong.refuseWith, 'refused')
      const run = methods[method]
      if (!run)
        throw new NwcRefusal(
          permittedMethods('hold', node).includes(method) ? 'RESTRICTED' : 'NOT_IMPLEMENTED',
          'not allowed',
        )
      const result = await run(parameters as Record<string, unknown>)
      return { result_type: method, error: null, result: wrong.tell?.(result, method) ?? result }
    } catch (error) {
      const code = error instanceof NwcRefusal ? error.code : 'INTERNAL'
      return { result_type: method, error: { code, message: code }, result: null }
    }
  }

  const reply = async (request: NostrEvent, method: string, encryption: NwcEncryption, body: object): Promise<void> => {
    const wrong = towards(behaviour, method)
    if (wrong.replyDelayMs !== undefined) await pause(wrong.replyDelayMs, timers)
    for (const text of repliesTo(wrong, body)) {
      counts.replies++
      await publish(KIND_REPLY, text === GARBLED ? text : cipher.encrypt(encryption, text), [['e', request.id]])
    }
  }

  const handle = async (request: NostrEvent): Promise<void> => {
    if (handled.has(request.id) || !verifyEvent(request)) return
    remember(handled, request.id)
    counts.requests++
    const expiration = Number(tagValue(request, 'expiration') ?? Infinity)
    if (expiration <= now() / 1000) return void counts.ignored++
    const named = tagValue(request, 'encryption') ?? 'nip04'
    const encryption = encryptions.find((known) => known === named)
    if (!encryption) {
      const error = { code: 'UNSUPPORTED_ENCRYPTION', message: named }
      return reply(request, '', encryptions[0] ?? 'nip44_v2', { result_type: '', error, result: null })
    }
    const asked = readRequest(cipher.decrypt(request.content))
    if (asked) await reply(request, asked.method, encryption, await serve(asked.method, asked.params))
  }

  const notify = async (type: NwcNotification, transaction: object): Promise<void> => {
    const { notifications = 'sent', tellNotified } = merged(behaviour)
    if (notifications === 'dropped' || !notified.includes(type)) return
    const told = JSON.stringify({ notification_type: type, notification: tellNotified?.(transaction) ?? transaction })
    const encryption = encryptions.includes('nip44_v2') ? 'nip44_v2' : 'nip04'
    const kind = encryption === 'nip44_v2' ? KIND_NOTIFICATION : KIND_NOTIFICATION_NIP04
    for (let sending = notifications === 'twice' ? 2 : 1; sending > 0; sending--) {
      counts.notifications++
      await publish(kind, notifications === 'garbled' ? GARBLED : cipher.encrypt(encryption, told), [])
    }
  }

  const forget = [
    node.onSettled((payment) => void notify('payment_received', tellIncoming(payment))),
    node.onSent((payment) => void notify('payment_sent', tellOutgoing(payment))),
    ...(isHoldNode(node)
      ? [node.onAccepted((payment) => void notify('hold_invoice_accepted', tellIncoming(payment)))]
      : []),
  ]
  await new Promise<void>((resolve) => {
    pool.subscribe({
      name: 'nwc-wallet',
      relays: [relayUrl],
      filters: () => [
        {
          kinds: [KIND_REQUEST],
          authors: [clientPubkey],
          '#p': [pubkey],
          since: Math.floor(now() / 1000) - REQUEST_AGE_SECONDS,
        },
      ],
      known: (id) => handled.has(id),
      onEvent: (event) => void handle(event).catch(() => counts.ignored++),
      onCaughtUp: () => resolve(),
    })
  })
  if (announced) {
    const tags = [
      ['encryption', encryptions.join(' ')],
      ['notifications', notified.join(' ')],
    ]
    await pool.publish(
      sign({ kind: KIND_INFO, content: [...permittedMethods(permissions, node), 'notifications'].join(' '), tags }),
      relayUrl,
    )
  }

  const secret = Buffer.from(clientKey).toString('hex')
  return {
    uri: `nostr+walletconnect://${pubkey}?relay=${encodeURIComponent(relayUrl)}&secret=${secret}`,
    keys,
    pubkey,
    counts,
    behave(next) {
      behaviour = next
    },
    async replay() {
      await Promise.all(sent.map((event) => pool.publish(event, relayUrl)))
    },
    send: (kind, content, tags = []) => publish(kind, content, tags),
    async stop() {
      stopped = true
      for (const unsubscribe of forget) unsubscribe()
      for (const timer of timers) clearTimeout(timer)
      await pool.stop()
    },
  }
}

function readRequest(plaintext: string): { method: string; params: object } | null {
  const value: unknown = JSON.parse(plaintext)
  if (typeof value !== 'object' || value === null) return null
  const { method, params } = value as Record<string, unknown>
  if (typeof method !== 'string') return null
  return { method, params: typeof params === 'object' && params !== null ? params : {} }
}

function remember(ids: Set<string>, id: string): void {
  const oldest = ids.values().next()
  if (ids.size >= KEPT_IDS && !oldest.done) ids.delete(oldest.value)
  ids.add(id)
}

function pause(delayMs: number, timers: Set<NodeJS.Timeout>): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      timers.delete(timer)
      resolve()
    }, delayMs)
    timers.add(timer)
  })
}

function newSecretKey(): Uint8Array {
  return randomBytes(32) // the odds of 32 random bytes being no valid key are those of guessing one
}
