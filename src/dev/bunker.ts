/** How does the embedded world keep a key elsewhere? A remote signer on a real relay, whose behaviour can be changed (NIP-46). */
import { randomBytes } from 'node:crypto'
import type { EventTemplate, NostrEvent } from '../core/event.js'
import { isMalformed, type Pubkey } from '../core/identifiers.js'
import { createEncryption } from '../nostr/encryption.js'
import { parseTemplate, pubkeyOf, signEvent, verifyEvent } from '../nostr/event.js'
import { REMOTE_SIGNING_KIND, type RemoteMethod } from '../nostr/kinds/remote-signing.js'
import { createKeySigner } from '../nostr/signer.js'
import { createOwnPool } from './own-pool.js'

export interface BunkerBehaviour {
  /** Requests are kept and answered when this ends, as if a phone had been asleep. */
  readonly asleep?: boolean
  /** Requests are lost. */
  readonly deaf?: boolean
  /** Kinds that it refuses to sign, or all of them. */
  readonly refuse?: readonly number[] | 'all'
  /** Each answer comes twice. */
  readonly twice?: boolean
  /** Signs with another key, alters what it signs, or answers with no event at all. */
  readonly forge?: 'key' | 'content' | 'signature' | 'nonsense'
  /** Says that the owner must approve there first, and answers all the same. */
  readonly approval?: string
  /** What it answers to `switch_relays`. */
  readonly relays?: readonly string[]
}

export interface Bunker {
  /** A secret: the whole address. */
  readonly uri: string
  /** The signer's own key, and the one it signs with. */
  readonly signer: Pubkey
  readonly pubkey: Pubkey
  /** What was asked, in order. */
  readonly requests: readonly { readonly method: string; readonly params: readonly string[] }[]
  /** As the client asked for them when it connected. */
  readonly permissions: string | null
  /** Replaces the behaviour; nothing said is proper behaviour. */
  behave(behaviour: BunkerBehaviour): void
  stop(): Promise<void>
}

export interface BunkerOptions {
  /** Where it is found; the first ones stand in its address. */
  readonly relays: readonly string[]
  /** Listened to as well, and not in the address. */
  readonly otherRelays?: readonly string[]
  /** Default: a new one. 32 bytes. */
  readonly secretKey?: Uint8Array
  /** Signs nothing that the client did not ask permission for. Default: true. */
  readonly strict?: boolean
  readonly behaviour?: BunkerBehaviour
}

/** Resolves when it listens. */
export async function startBunker(options: BunkerOptions): Promise<Bunker> {
  const secretKey = options.secretKey ?? new Uint8Array(randomBytes(32))
  const [ownKey, strangeKey] = [new Uint8Array(randomBytes(32)), new Uint8Array(randomBytes(32))]
  const [signer, pubkey] = [pubkeyOf(ownKey), pubkeyOf(secretKey)]
  const cipher = createEncryption(ownKey)
  const key = createKeySigner(secretKey)
  const pool = createOwnPool()
  const relays = [...options.relays, ...(options.otherRelays ?? [])]
  const secret = randomBytes(16).toString('hex')
  const clients = new Set<string>()
  const handled = new Set<string>()
  const requests: Bunker['requests'][number][] = []
  let sleeping: (() => void)[] = []
  let behaviour = options.behaviour ?? {}
  let secretUsed = false
  let permissions: string | null = null

  async function answer(client: Pubkey, body: object): Promise<void> {
    const content = cipher.encrypt(client, JSON.stringify(body))
    const created_at = Math.floor(Date.now() / 1000)
    const template = { kind: REMOTE_SIGNING_KIND, created_at, tags: [['p', client]], content }
    const event = signEvent(template, ownKey, signer, randomBytes(32))
    await Promise.all(relays.map((relay) => pool.publish(event, relay)))
  }

  const sign = (template: EventTemplate): string => {
    if (behaviour.forge === 'nonsense') return 'no event'
    const forged = behaviour.forge === 'content' ? { ...template, content: `${template.content} ` } : template
    const by = behaviour.forge === 'key' ? strangeKey : secretKey
    const event = signEvent(forged, by, pubkeyOf(by), randomBytes(32))
    return JSON.stringify(behaviour.forge === 'signature' ? { ...event, sig: '00'.repeat(64) } : event)
  }

  function connect(client: Pubkey, params: readonly string[]): string {
    const [, given = '', wanted = ''] = params
    if (!clients.has(client)) {
      if (secretUsed || given !== secret) throw new Error('secret is not valid')
      secretUsed = true
      clients.add(client)
    }
    permissions = wanted
    return 'ack'
  }

  const mayUse = (permission: string): boolean =>
    options.strict === false || (permissions ?? '').split(',').includes(permission)

  async function perform(client: Pubkey, method: string, params: readonly string[]): Promise<string> {
    const [first = '', second = ''] = params
    if (method === 'connect') return connect(client, params)
    if (!clients.has(client)) throw new Error('not connected')
    switch (method as RemoteMethod) {
      case 'get_public_key':
        return pubkey
      case 'switch_relays':
        return JSON.stringify(behaviour.relays ?? null)
      case 'sign_event': {
        const template = parseTemplate(JSON.parse(first))
        if (isMalformed(template)) throw new Error('not an event')
        const refused = behaviour.refuse === 'all' || behaviour.refuse?.includes(template.kind)
        if (refused || !mayUse(`sign_event:${template.kind}`)) throw new Error('not permitted')
        return sign(template)
      }
      case 'nip44_encrypt':
      case 'nip44_decrypt':
      case 'nip04_encrypt':
      case 'nip04_decrypt': {
        if (!mayUse(method)) throw new Error('not permitted')
        const scheme = method.startsWith('nip44') ? 'nip44' : 'nip04'
        return method.endsWith('encrypt')
          ? key.encrypt(first as Pubkey, second, scheme)
          : key.decrypt(first as Pubkey, second, scheme)
      }
      default:
        throw new Error('no such method')
    }
  }

  async function handle(event: NostrEvent): Promise<void> {
    if (handled.has(event.id) || !verifyEvent(event)) return
    handled.add(event.id)
    if (behaviour.deaf) return
    if (behaviour.asleep) await new Promise<void>((resolve) => sleeping.push(resolve))
    const request = JSON.parse(cipher.decrypt(event.pubkey, event.content)) as {
      id: string
      method: string
      params: string[]
    }
    const { id, method, params } = request
    requests.push({ method, params })
    if (behaviour.approval) await answer(event.pubkey, { id, result: 'auth_url', error: behaviour.approval })
    const body = await perform(event.pubkey, method, params).then(
      (result) => ({ id, result }),
      (error: unknown) => ({ id, result: '', error: error instanceof Error ? error.message : 'failed' }),
    )
    await answer(event.pubkey, body)
    if (behaviour.twice) await answer(event.pubkey, { ...body, result: 'again' })
  }

  await new Promise<void>((resolve) => {
    const waitingFor = new Set(relays)
    pool.subscribe({
      name: 'bunker',
      relays,
      filters: () => [{ kinds: [REMOTE_SIGNING_KIND], '#p': [signer], limit: 0 }],
      known: (id) => handled.has(id),
      onEvent: (event) => void handle(event).catch(() => undefined),
      onCaughtUp: () => {
        waitingFor.delete([...waitingFor][0] ?? '')
        if (waitingFor.size === 0) resolve()
      },
    })
  })
  const query = [...options.relays.map((relay) => ['relay', relay]), ['secret', secret]] as [string, string][]
  return {
    uri: `bunker://${signer}?${new URLSearchParams(query).toString()}`,
    signer,
    pubkey,
    requests,
    get permissions() {
      return permissions
    },
    behave(next) {
      behaviour = next
      if (next.asleep) return
      for (const wake of sleeping) wake()
      sleeping = []
    },
    stop: () => pool.stop(),
  }
}
