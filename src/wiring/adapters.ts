/** What does the daemon run on? Opens every adapter that the configuration names, and closes them in reverse order. */
import { randomBytes, randomUUID } from 'node:crypto'
import { pathToFileURL } from 'node:url'
import httpHandler from '../../handlers/http.js'
import type { Config } from '../config/config.js'
import { TollbridgeError } from '../core/errors.js'
import { isMalformed } from '../core/identifiers.js'
import { createUpstreamClient } from '../l402/client.js'
import { loadInformationBy } from '../nostr/relay-information.js'
import { createRelayPool } from '../nostr/relay-pool.js'
import { parseRelayUrl } from '../nostr/relay-url.js'
import type {
  Clock,
  JobHandler,
  JobStore,
  Logger,
  RelayPool,
  Signer,
  UpstreamClient,
  Wallet,
  WebClient,
} from '../ports.js'
import { openSigning, sealingKeyFor } from './signing.js'
import { acquireLease } from '../stores/lease.js'
import { createLowdbStore } from '../stores/lowdb-store.js'
import { systemClock } from '../system/system-clock.js'
import { parseNwcUri } from '../wallets/nwc-uri.js'
import { createWebClient } from '../web/client.js'
import { createWallets } from './wallets.js'

/** The ports, wired to the real world. A test wraps them to stop the process wherever it likes. */
export interface Adapters {
  /** Names this process's run. */
  readonly run: string
  readonly clock: Clock
  readonly log: Logger
  readonly signer: Signer
  readonly store: JobStore
  readonly relays: RelayPool
  readonly clients: ReadonlyMap<string, UpstreamClient>
  readonly wallets: ReadonlyMap<string, Wallet>
  readonly handlers: ReadonlyMap<number, JobHandler>
  /** For hosts that the operator named, wherever they are, and public ones. Never for a URL that a customer chose. */
  readonly web: WebClient
  /** For URLs that customers choose: public ones, unless the operator opens the own network to them. */
  readonly inputWeb: WebClient
  /** Closes everything, last opened first. Idempotent. */
  stop(): Promise<void>
}

/**
 * `briefly` is for a command that is done in a moment.
 * @throws TollbridgeError `lease-held`, `store-corrupt`, `key-unusable`, `signer-unavailable`, `config-invalid`.
 */
export async function openAdapters(config: Config, log: Logger, { briefly = false } = {}): Promise<Adapters> {
  const closers: (() => Promise<void>)[] = []
  let closing: Promise<void> | null = null
  const closeAll = async (): Promise<void> => {
    for (const close of closers.reverse()) {
      await close().catch((error: unknown) => {
        log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'not closed cleanly')
      })
    }
  }
  const stop = (): Promise<void> => (closing ??= closeAll())

  try {
    const run = randomUUID()
    const clock = systemClock
    const handlers = await loadHandlers(config.handlers)
    const lease = await acquireLease(config.stateDirectory, { run, briefly })
    closers.push(() => lease.release())
    const sealingKey = await sealingKeyFor(config)
    const store = await createLowdbStore({
      dir: config.stateDirectory,
      sealingKey,
      clock,
      log,
      random: randomBytes,
      isOurs: () => lease.isHeld(),
    })
    closers.push(() => store.stop())
    const signing = await openSigning(config, { clock, log, jobKinds: [...handlers.keys()] })
    closers.push(() => signing.stop())
    const { signer } = signing
    const cursors = {
      cursor: (key: string) => store.cursor(key),
      putCursor: (key: string, seconds: number) => store.putCursor(key, seconds),
    }
    const web = createWebClient({ allowPrivate: config.relays.allowPrivate, allowedOrigins: ownOrigins(config) })
    closers.push(() => web.stop())
    const inputWeb = createWebClient({ allowPrivate: config.inputs.allowPrivate })
    closers.push(() => inputWeb.stop())
    const relays = createRelayPool({
      ...{ clock, log, cursors, own: operatorsRelays(config) },
      allowPrivate: config.relays.allowPrivate,
      authenticate: (template) => signer.sign(template),
      // A wallet's relay need not learn whose wallet it serves.
      introduceAt: new Set([...config.relays.read, ...config.relays.write, ...config.relays.inbox]),
      information: loadInformationBy(web),
    })
    closers.push(() => relays.stop())
    const clients = new Map(config.upstreams.map((upstream) => [upstream.name, openClient(upstream)]))
    for (const client of clients.values()) closers.push(() => client.stop())
    const wallets = createWallets(config, { relayPool: relays, clock, log })
    for (const wallet of wallets.values()) closers.push(() => wallet.stop())
    return { run, clock, log, signer, store, relays, clients, wallets, handlers, web, inputWeb, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Those of the configuration and of its wallets, each in the one spelling that the pool knows. */
function operatorsRelays({ relays, walletSecrets, admission }: Config): ReadonlySet<string> {
  const ofWallets = [...walletSecrets.values()].flatMap((secret) => {
    const connection = parseNwcUri(secret)
    return isMalformed(connection) ? [] : connection.relays
  })
  const named = [
    ...relays.read,
    ...relays.write,
    ...relays.lookup,
    ...relays.inbox,
    ...ofWallets,
    ...admission.rankProviders.map(({ relay }) => relay),
  ].map(parseRelayUrl)
  return new Set(named.filter((url): url is string => !isMalformed(url)))
}

/** Where the operator's own servers answer HTTP: relays tell of themselves under the name under which they are relays (NIP-11). */
const ownOrigins = (config: Config): ReadonlySet<string> =>
  new Set([
    ...[...operatorsRelays(config)].map((url) => new URL(url.replace(/^ws/, 'http')).origin),
    ...config.blobs.servers,
  ])

export function openClient(upstream: Config['upstreams'][number]): UpstreamClient {
  const { timeouts } = upstream
  return createUpstreamClient({
    name: upstream.name,
    origin: upstream.origin,
    connectTimeoutMs: timeouts.connectMs,
    headersTimeoutMs: timeouts.headersMs,
    bodyTimeoutMs: timeouts.bodyMs,
    totalTimeoutMs: timeouts.totalMs,
    maxRequestBytes: upstream.maxRequestBytes,
    maxResponseBytes: upstream.maxResponseBytes,
    allowRequestHeaders: upstream.forwardHeaders,
    allowResponseHeaders: [],
    ...(upstream.proxy === null ? {} : { proxy: upstream.proxy }),
    connections: upstream.connections,
    allowInsecure: upstream.allowInsecure,
  })
}

/** Handlers by kind: ours, and the operator's, which may replace it. @throws TollbridgeError `config-invalid`. */
export async function loadHandlers(files: readonly string[]): Promise<ReadonlyMap<number, JobHandler>> {
  const byKind = new Map<number, JobHandler>()
  const add = (handler: JobHandler) => {
    for (const kind of handler.kinds) byKind.set(kind, handler)
  }
  add(httpHandler)
  for (const file of files) {
    const module = (await import(pathToFileURL(file).href).catch((cause: unknown) => {
      const why = cause instanceof Error ? `: ${cause.message.split('\n')[0] ?? ''}` : ''
      throw new TollbridgeError('config-invalid', `handlers: ${file} cannot be loaded${why}`, { cause })
    })) as { default?: unknown }
    if (!isHandler(module.default)) {
      throw new TollbridgeError(
        'config-invalid',
        `handlers: ${file} has no default export with kinds (5000 to 5999), toRequest and toOutput`,
      )
    }
    add(module.default)
  }
  return byKind
}

function isHandler(value: unknown): value is JobHandler {
  if (typeof value !== 'object' || value === null) return false
  const { kinds, toRequest, toOutput } = value as Record<string, unknown>
  const isKind = (kind: unknown) => Number.isInteger(kind) && Number(kind) >= 5000 && Number(kind) < 6000
  return (
    Array.isArray(kinds) && kinds.every(isKind) && typeof toRequest === 'function' && typeof toOutput === 'function'
  )
}
