/** What does the daemon see of the simulated world? One implementation of each port, in every call of which the process may die. */
import type { EventTemplate, Filter, NostrEvent } from '../../../src/core/event.js'
import type { Pubkey } from '../../../src/core/identifiers.js'
import { msatFromSats } from '../../../src/core/money.js'
import { signEvent } from '../../../src/nostr/event.js'
import { rumorOf } from '../../../src/nostr/gift-wrap.js'
import { provenWork } from '../../../src/nostr/work.js'
import type {
  BlobOutcome,
  BlobStore,
  Clock,
  IncomingState,
  Logger,
  RelayPool,
  SettledIncoming,
  Signer,
  UpstreamClient,
  Wallet,
} from '../../../src/ports.js'
import type { Charge, SimulatedGate } from './gate.js'
import type { SimulatedRelays } from './relays.js'
import { callPort, type Life } from './world.js'
import { unsupportedBy } from '../../../src/wallets/unsupported.js'

export function createLifeClock(life: Life): Clock {
  const { agenda } = life.world
  return {
    now: () => agenda.now(),
    after: (delayMs, run) =>
      agenda.after(delayMs, () => {
        if (!life.isDead()) run()
      }),
  }
}

export function createTracingLog({ world }: Life): Logger {
  const { trace } = world
  if (!trace) return { debug: ignore, info: ignore, warn: ignore, error: ignore }
  const say = (fields: object, event: string) => trace(`      ${event} ${JSON.stringify(fields)}`)
  return { debug: say, info: say, warn: say, error: say }
}

const ignore = () => undefined

export function createClient(life: Life, gate: SimulatedGate): UpstreamClient {
  return {
    name: 'api',
    send: (request) =>
      callPort(life, `send ${request.method} ${request.target.slice(0, 8)}`, () => gate.handle(request)),
    sameOriginTarget: (reference) => (reference.startsWith('/') ? reference : null),
    stop: async () => undefined,
  }
}

/** Seals in plain sight, so that whoever checks the outcome can read it. */
export const seal = (to: string, plaintext: string): string => JSON.stringify({ to, plaintext })
export const unseal = (sealed: string): { to: string; plaintext: string } =>
  JSON.parse(sealed) as { to: string; plaintext: string }

export function createSigner(life: Life, secretKey: Uint8Array, pubkey: Pubkey): Signer {
  const entropy = Buffer.alloc(32, 7)
  return {
    pubkey,
    sign: (template) => callPort(life, `sign ${template.kind}`, () => signEvent(template, secretKey, pubkey, entropy)),
    encrypt: (peer, plaintext) => callPort(life, 'encrypt', () => seal(peer, plaintext)),
    decrypt: async (_peer, payload) => unseal(payload).plaintext,
  }
}

export function createPool(life: Life, relays: SimulatedRelays): RelayPool {
  return {
    subscribe(request) {
      const deliver = (event: NostrEvent, relay: string) => {
        life.world.agenda.after(life.world.chance.between(1, 300), () => {
          if (life.isDead() || request.known(event.id)) return
          if (!life.dies(`hear ${event.kind}`)) request.onEvent(event, relay)
        })
      }
      const close = relays.listen((event, relay) => {
        if (!life.isDead() && request.relays.includes(relay)) deliver(event, relay)
      })
      for (const relay of request.relays) for (const event of relays.stored(relay)) deliver(event, relay)
      return { close }
    },
    publish(given, relay) {
      const event = (typeof given === 'string' ? JSON.parse(given) : given) as NostrEvent
      return callPort(life, `publish ${event.kind}`, () => relays.publish(event, relay))
    },
    fetch: (where, filter) =>
      callPort(life, 'fetch', () => {
        const found = where.flatMap((relay) => relays.stored(relay)).filter((event) => matches(event, filter))
        return { events: [...new Map(found.map((event) => [event.id, event])).values()], answered: where.length }
      }),
    prove: async () => 'echo',
    limits: () => null,
    tendedAt: () => null,
    status: () => [],
    stop: async () => undefined,
  }
}

/** Each upload is another blob; a server that has none to spare is asked again. */
export function createBlobs(life: Life, held: Map<string, string>): BlobStore {
  return {
    maxBytes: 1_000_000,
    put: (content) =>
      callPort(life, 'blob put', (): BlobOutcome => {
        if (life.world.chance.of(20)) return { type: 'failed', reason: 'unavailable' }
        const digits = String(held.size + 1).padStart(64, '0')
        const url = `https://blobs.example/${digits}`
        held.set(url, Buffer.from(content).toString('utf8'))
        const pointer = {
          urls: [url],
          contentType: null,
          size: content.length + 16,
          x: digits,
          ox: digits,
          key: digits,
        }
        return { type: 'stored', pointer: { ...pointer, nonce: digits.slice(0, 24) } }
      }),
  }
}

/** Few bits, found at once: only that it takes time is simulated. */
export const createProver =
  (life: Life) =>
  (author: Pubkey, template: EventTemplate, { bits }: { readonly bits: number }): Promise<EventTemplate> =>
    callPort(life, 'mine', () => {
      for (let nonce = 0; ; nonce += 1) {
        const tags = [...template.tags.filter(([name]) => name !== 'nonce'), ['nonce', String(nonce), String(bits)]]
        const worked = { ...template, tags }
        if (provenWork(rumorOf(author, worked)) >= bits) return worked
      }
    })

const matches = (event: NostrEvent, filter: Filter): boolean =>
  (filter.ids?.includes(event.id) ?? true) &&
  (filter.kinds?.includes(event.kind) ?? true) &&
  (filter.authors?.includes(event.pubkey) ?? true) &&
  (filter['#e'] === undefined || event.tags.some(([name, id]) => name === 'e' && filter['#e']?.includes(id ?? '')))

/** The operator's receiving wallet, read-only. Pushes may be lost; the sweep finds what they told. */
export function createWallet(life: Life, gate: SimulatedGate): Wallet {
  const { chance, plan, agenda } = life.world
  const methods = new Set<Wallet['methods'] extends ReadonlySet<infer Method> ? Method : never>()
  const answer = <T>(name: string, effect: () => T): Promise<T> =>
    callPort(life, name, () => {
      if (chance.of(5)) throw new Error('the wallet does not answer')
      return effect()
    })
  const settledOf = (charge: Charge, settledAt: number): SettledIncoming => ({
    paymentHash: charge.paymentHash,
    preimage: charge.preimage,
    amountMsat: msatFromSats(charge.amountSats),
    settledAt,
  })
  return {
    ...unsupportedBy('till'),
    name: 'till',
    methods,
    async start() {
      await answer('wallet start', () => undefined)
      for (const method of ['getInfo', 'lookupInvoice', 'listIncoming', 'onSettled'] as const) methods.add(method)
    },
    getInfo: async () => ({ network: 'regtest', nodeId: null, blockHeight: null, backend: null }),
    lookupInvoice: (paymentHash) =>
      answer('lookupInvoice', (): IncomingState => {
        const charge = gate.charges.get(paymentHash)
        if (!charge) return { state: 'not_found' }
        return charge.settledAt === null
          ? { state: 'pending' }
          : { state: 'settled', ...settledOf(charge, charge.settledAt) }
      }),
    lookupPayment: async () => ({ state: 'not_found' }),
    listIncoming: ({ since }) =>
      answer('listIncoming', () => {
        const settled = [...gate.charges.values()].flatMap((charge) =>
          charge.settledAt !== null && charge.settledAt >= since ? [settledOf(charge, charge.settledAt)] : [],
        )
        return { settled, cursor: null }
      }),
    payInvoice: async () => ({ type: 'refused', reason: 'read-only' }),
    onSettled(listener, onGap) {
      agenda.after(chance.between(1, 500), () => {
        if (!life.isDead()) onGap()
      })
      return gate.onSettled((charge) => {
        if (chance.of(plan.pushesDropped)) return
        agenda.after(chance.between(1, 400), () => {
          if (life.isDead() || charge.settledAt === null || life.dies('hear of a settlement')) return
          listener(settledOf(charge, charge.settledAt))
        })
      })
    },
    stop: async () => undefined,
  }
}
