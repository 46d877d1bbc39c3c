/** How does the daemon come to be in this world? Wired as it wires itself, over simulated sockets, clock, wallet and API. */
import type { WebSocket } from 'ws'
import type { Adapters } from '../../src/wiring/adapters.js'
import httpHandler from '../../handlers/http.js'
import { parseConfig } from '../../src/config/parse.js'
import { isMalformed, type Millis } from '../../src/core/identifiers.js'
import { runDaemon, type Daemon } from '../../src/daemon.js'
import { pubkeyOf } from '../../src/nostr/event.js'
import { createRelayPool } from '../../src/nostr/relay-pool.js'
import { openRelaySocket } from '../../src/nostr/relay-socket.js'
import { createKeySigner } from '../../src/nostr/signer.js'
import type { Clock, JobStore, Logger } from '../../src/ports.js'
import type { Agenda } from '../crash/model/agenda.js'
import type { Api } from './api.js'
import type { Line } from './line.js'
import { MUTANTS, type Mutant } from './mutants.js'

const KEY = Buffer.alloc(32, 0x33)
export const PROVIDER = pubkeyOf(KEY)

/** Read and never dialled: the wallet of this world is a port. */
const WALLET_URI = `nostr+walletconnect://${'1'.repeat(64)}?relay=wss://wallet.test&secret=${'2'.repeat(64)}`

export interface ProviderWorld {
  readonly agenda: Agenda
  readonly api: Api
  /** Outlives the daemon. */
  readonly store: JobStore
  readonly stateDirectory: string
  readonly relays: readonly string[]
  readonly dial: (url: string) => Line
  /** How far the daemon's clock is from the true time, now. */
  readonly skewMs: () => Millis
  readonly log: Logger
  readonly random: () => number
  readonly mutant?: Mutant | undefined
}

export async function startProvider(world: ProviderWorld, run: string): Promise<Daemon> {
  const { agenda, api, log, relays: urls } = world
  const file = `${world.stateDirectory}/chaos.yaml`
  const config = parseConfig(settingsOf(world), {
    file,
    readSecret: (reference) => (JSON.stringify(reference).includes('till') ? WALLET_URI : KEY.toString('hex')),
    isFile: () => true,
  })
  if (isMalformed(config)) throw new Error(config.malformed)
  const clock: Clock = {
    now: () => agenda.now() + world.skewMs(),
    after: (delayMs, run) => agenda.after(delayMs, run),
  }
  const store = { ...world.store, stop: async () => undefined }
  const relays = createRelayPool({
    clock,
    log,
    cursors: { cursor: (key) => store.cursor(key), putCursor: (key, seconds) => store.putCursor(key, seconds) },
    own: new Set(urls.map((url) => `${url}/`)),
    random: world.random,
    openSocket: (options) => openRelaySocket({ ...options, dial: (url) => world.dial(url) as unknown as WebSocket }),
  })
  const adapters: Adapters = {
    run,
    clock,
    log,
    signer: createKeySigner(KEY),
    store,
    relays,
    clients: new Map([['api', api.client]]),
    wallets: new Map([['till', api.wallet]]),
    handlers: new Map([[5800, httpHandler]]),
    web: { send: async () => ({ type: 'failed', reason: 'there is no web here' }), stop: async () => undefined },
    inputWeb: { send: async () => ({ type: 'failed', reason: 'there is no web here' }), stop: async () => undefined },
    stop: () => relays.stop(),
  }
  return runDaemon(config, world.mutant ? MUTANTS[world.mutant](adapters) : adapters)
}

const settingsOf = ({ stateDirectory, relays }: ProviderWorld): string =>
  JSON.stringify({
    key: { file: './key' },
    stateDirectory,
    network: 'regtest',
    relays: { read: relays },
    // Longer than any outage of the good relay, so that no job grows stale unheard.
    jobs: { maxAgeSeconds: 7_200, maxUnpaidPerCustomer: 1_000, maxOpenPerCustomer: 1_000 },
    settlement: { graceSeconds: 60 },
    wallets: { till: { type: 'nwc', uri: { file: './till' } } },
    upstreams: [
      {
        name: 'api',
        origin: 'http://127.0.0.1:1',
        merchantWallet: 'till',
        routes: [
          { path: '/free/*', maxSats: 100 },
          { path: '/paid/*', maxSats: 100 },
        ],
      },
    ],
  })
