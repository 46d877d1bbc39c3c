/** What does the daemon run with? The settings validated, defaulted and resolved: absolute paths, secrets in memory. */
import { dirname, resolve } from 'node:path'
import type { Pubkey } from '../core/identifiers.js'
import { parseRelayUrl } from '../nostr/relay-url.js'
import type { Network } from '../ports.js'
import { resolveAdmission, type AdmissionConfig } from './admission-schema.js'
import { METHODS, type Method } from './upstream-schema.js'
import { nameOfRoute } from './upstream-rules.js'
import type { RouteSettings, Settings, UpstreamSettings } from './schema.js'
import type { KeySource } from './secrets.js'
import type { WalletType } from './wallets-schema.js'

export type LogLevel = Settings['logLevel']

export interface RelaysConfig {
  readonly read: readonly string[]
  readonly write: readonly string[]
  /** Where gift wraps are heard, besides the read relays. */
  readonly inbox: readonly string[]
  /** Where lists of relays are looked for, besides the others. */
  readonly lookup: readonly string[]
  readonly allowPrivate: boolean
  readonly replyMax: number
  readonly probeSeconds: number
}

export interface RouteConfig {
  /** Unique within the upstream. */
  readonly name: string
  readonly methods: readonly Method[]
  /** `*` is one whole segment, a last `**` whatever follows. */
  readonly path: string
  readonly minSats: number
  readonly maxSats: number
  /** The methods of this route that may be repeated when an outcome is unknown. */
  readonly idempotentMethods: readonly Method[]
  /** The upstream honours `Idempotency-Key`. */
  readonly idempotencyKey: boolean
  /** A call without a credential never executes. */
  readonly gated: boolean
  readonly priceSats: number | null
  /** Bytes of the largest answer, where the operator knows it. */
  readonly resultBytes: number | null
  /** The body of an answer is passed on while it arrives. */
  readonly stream: boolean
  readonly description: string | null
}

export type ExactPrice = 'auto' | 'off' | { readonly createInvoicePath: string; readonly priceSats: number | null }

export interface UpstreamConfig {
  readonly name: string
  /** Scheme, host and port; no trailing slash. */
  readonly origin: string
  readonly publicUrl: string | null
  /** A key of `wallets`. */
  readonly merchantWallet: string | null
  /** A key of `wallets`: pays the upstream and is paid by customers. */
  readonly wallet: string | null
  readonly mode: UpstreamSettings['mode']
  readonly markup: Readonly<UpstreamSettings['markup']>
  readonly fees: Readonly<UpstreamSettings['fees']>
  readonly wrap: Readonly<UpstreamSettings['wrap']>
  readonly resell: Readonly<UpstreamSettings['resell']>
  readonly statusEndpoint: 'auto' | 'off'
  readonly statusPrefix: string | null
  readonly scheme: UpstreamSettings['scheme']
  /** 66 lower-case hex digits. */
  readonly payee: string | null
  readonly exactPrice: ExactPrice
  readonly reuseCredit: UpstreamSettings['reuseCredit']
  readonly creditDays: number
  readonly proxy: string | null
  readonly allowInsecure: boolean
  readonly timeouts: Readonly<UpstreamSettings['timeouts']>
  readonly connections: number
  readonly maxRequestBytes: number
  readonly maxResponseBytes: number
  /** Lower case. */
  readonly forwardHeaders: readonly string[]
  readonly routes: readonly RouteConfig[]
}

export interface AnnounceConfig extends Readonly<
  Omit<Settings['announce'], 'picture' | 'topics' | 'website' | 'nip05' | 'lud16'>
> {
  readonly picture: string | null
  readonly website: string | null
  readonly nip05: string | null
  readonly lud16: string | null
  readonly topics: readonly string[]
}

/** Without servers, what is too large for an event cannot be delivered. */
export interface BlobsConfig extends Readonly<Omit<Settings['blobs'], 'servers'>> {
  /** Scheme, host and port of each; no trailing slash. */
  readonly servers: readonly string[]
}

export interface WalletConfig {
  readonly type: WalletType
  /** Scheme, host and port of its HTTP interface; null where it has none. */
  readonly origin: string | null
  /** Absolute path of a PEM file. */
  readonly certificate: string | null
}

export interface Config {
  /** Absolute path of the configuration file. */
  readonly file: string
  /** Holds a secret. */
  readonly key: KeySource
  /** Null where a remote signer must be asked. */
  readonly pubkey: Pubkey | null
  readonly signerTimeoutSeconds: number
  /** Absolute. */
  readonly stateDirectory: string
  readonly network: Network
  readonly logLevel: LogLevel
  readonly relays: RelaysConfig
  readonly jobs: Readonly<Settings['jobs']>
  readonly admission: AdmissionConfig
  readonly publish: Readonly<Settings['publish']>
  readonly blobs: BlobsConfig
  readonly inputs: Readonly<Settings['inputs']>
  readonly settlement: Readonly<Settings['settlement']>
  readonly encryption: Readonly<Settings['encryption']>
  readonly dispatch: Readonly<Settings['dispatch']>
  /** By name. */
  readonly wallets: ReadonlyMap<string, WalletConfig>
  /** Connection URI, macaroon, rune, password or key of each wallet, by name. Secrets. */
  readonly walletSecrets: ReadonlyMap<string, string>
  readonly upstreams: readonly UpstreamConfig[]
  readonly announce: AnnounceConfig
  /** Absolute paths. */
  readonly handlers: readonly string[]
}

export interface Secrets {
  readonly key: KeySource
  readonly pubkey: Pubkey | null
  readonly walletSecrets: ReadonlyMap<string, string>
}

/** Paths count from the directory of `file`. Pure. */
export function resolveConfig(settings: Settings, secrets: Secrets, file: string): Config {
  const { relays, wallets, upstreams, announce, key: _key, keyPassword: _keyPassword, ...rest } = settings
  const directory = dirname(resolve(file))
  const read = resolveRelays(relays.read)
  return {
    ...rest,
    ...secrets,
    file: resolve(file),
    stateDirectory: resolve(directory, settings.stateDirectory),
    relays: {
      ...relays,
      read,
      write: relays.write ? resolveRelays(relays.write) : read,
      inbox: relays.inbox ? resolveRelays(relays.inbox) : read.slice(0, 3),
      lookup: resolveRelays(relays.lookup),
    },
    admission: resolveAdmission(settings.admission),
    wallets: new Map(
      Object.entries(wallets).map(([name, { type, url, certificate }]) => [
        name,
        {
          type,
          origin: url === undefined ? null : new URL(url).origin,
          certificate: certificate === undefined ? null : resolve(directory, certificate),
        },
      ]),
    ),
    upstreams: upstreams.map((upstream) => resolveUpstream(upstream, longestAnswer(settings))),
    blobs: { ...settings.blobs, servers: settings.blobs.servers.map((url) => new URL(url).origin) },
    announce: {
      ...announce,
      picture: announce.picture ?? null,
      website: announce.website ?? null,
      nip05: announce.nip05 ?? null,
      lud16: announce.lud16 ?? null,
    },
    handlers: settings.handlers.map((path) => resolve(directory, path)),
  }
}

/** In the one spelling that the rest of the daemon knows relays by. */
const resolveRelays = (urls: readonly string[]): string[] => [
  ...new Set(urls.map(parseRelayUrl).filter((url) => typeof url === 'string')),
]

/** Without the slash that stands for no path. */
function resolveUrl(url: string): string {
  const { href, pathname, search } = new URL(url)
  return pathname === '/' && search === '' ? href.slice(0, -1) : href
}

/** What can be delivered is read: into a blob, or into an event after it was escaped or made base64. */
const longestAnswer = ({ blobs, publish }: Settings): number =>
  blobs.servers.length > 0 ? blobs.maxBytes : Math.floor((publish.maxEventBytes * 3) / 4)

function resolveUpstream(upstream: UpstreamSettings, longest: number): UpstreamConfig {
  const { exactPrice } = upstream
  return {
    ...upstream,
    origin: new URL(upstream.origin).origin,
    publicUrl: upstream.publicUrl === undefined ? null : resolveUrl(upstream.publicUrl),
    merchantWallet: upstream.merchantWallet ?? null,
    wallet: upstream.wallet ?? null,
    payee: upstream.payee ?? null,
    statusPrefix: upstream.statusPrefix ?? null,
    exactPrice:
      typeof exactPrice === 'string' ? exactPrice : { ...exactPrice, priceSats: exactPrice.priceSats ?? null },
    proxy: upstream.proxy ?? null,
    maxResponseBytes: upstream.maxResponseBytes ?? longest,
    routes: upstream.routes.map(resolveRoute),
  }
}

/** RFC 9110 §9.2.2. */
const IDEMPOTENT: ReadonlySet<Method> = new Set(['GET', 'HEAD', 'PUT', 'DELETE'])

function resolveRoute({ idempotent, ...route }: RouteSettings): RouteConfig {
  const methods = METHODS.filter((method) => route.methods.includes(method))
  return {
    ...route,
    name: nameOfRoute(route),
    idempotentMethods: methods.filter((method) => idempotent ?? IDEMPOTENT.has(method)),
    priceSats: route.priceSats ?? null,
    resultBytes: route.resultBytes ?? null,
    description: route.description ?? null,
  }
}
