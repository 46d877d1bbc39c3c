/** How is the upstream called? One fixed origin over kept connections; no redirects, and everything is capped and timed. */
import { Pool } from 'undici'
import { TollbridgeError } from '../core/errors.js'
import type { UpstreamClient, UpstreamOutcome } from '../ports.js'
import { withoutCredential } from './credential.js'
import { exchange } from './exchange.js'
import { createRequestHeaders, createResponseHeaders } from './forwarded-headers.js'
import { maskPieces } from './mask-pieces.js'
import { createSocks5Connector } from './socks5.js'

export interface UpstreamClientSettings {
  readonly name: string
  /** Scheme, host and port; nothing after them. */
  readonly origin: string
  /** Over a proxy: until the circuit stands, TLS included. */
  readonly connectTimeoutMs: number
  /** From the last byte sent to the end of the headers. */
  readonly headersTimeoutMs: number
  /** Between two pieces of the body. */
  readonly bodyTimeoutMs: number
  readonly totalTimeoutMs: number
  readonly maxRequestBytes: number
  readonly maxResponseBytes: number
  /** Beside accept, accept-language and content-type. */
  readonly allowRequestHeaders: readonly string[]
  /** Beside what the daemon reads itself. */
  readonly allowResponseHeaders: readonly string[]
  /** `socks5://[user:password@]host:port`. */
  readonly proxy?: string
  /** Connections at most, and so calls at once; default 64. */
  readonly connections?: number
  /** Certificate authority in PEM, beside none of the system's. */
  readonly ca?: string
  /** Allows plain http to a host that is neither loopback nor an onion service. */
  readonly allowInsecure?: boolean
}

/** A challenge may carry a token, an invoice and other schemes' JSON: more than the 16 KiB that is usual. */
const MAX_HEADER_BYTES = 65_536
const DEFAULT_CONNECTIONS = 64
const METHOD = /^[A-Z]{1,20}$/
const NEVER_METHODS: ReadonlySet<string> = new Set(['CONNECT', 'TRACE'])

/** @throws TollbridgeError `config-invalid` for an origin or proxy that cannot be used. */
export function createUpstreamClient(settings: UpstreamClientSettings): UpstreamClient {
  const origin = parseOrigin(settings)
  const stopping = new AbortController()
  const pool = new Pool(origin, {
    connections: settings.connections ?? DEFAULT_CONNECTIONS,
    headersTimeout: settings.headersTimeoutMs,
    bodyTimeout: settings.bodyTimeoutMs,
    maxHeaderSize: MAX_HEADER_BYTES,
    connect: connectOption(settings, stopping.signal),
  })
  const buildHeaders = createRequestHeaders(settings.allowRequestHeaders)
  const keepHeaders = createResponseHeaders(settings.allowResponseHeaders)

  const sameOriginTarget = (reference: string): string | null => {
    const url = parseUrl(reference, origin)
    return url !== null && url.origin === origin && url.username === '' && url.password === ''
      ? url.pathname + url.search
      : null
  }
  const unsent = (reason: string): UpstreamOutcome => ({ type: 'unsent', reason })

  return {
    name: settings.name,
    sameOriginTarget,
    async send(request, signal) {
      const path = request.target.startsWith('/') ? sameOriginTarget(request.target) : null
      if (path === null) return unsent('the target is not on the origin of the upstream')
      if (!METHOD.test(request.method) || NEVER_METHODS.has(request.method)) return unsent('the method cannot be sent')
      const body = request.body === null ? null : Buffer.from(request.body, request.bodyEncoding ?? 'utf8')
      if ((body?.length ?? 0) > settings.maxRequestBytes) return unsent('the request body is too large')
      const headers = buildHeaders(request)
      if (headers === null) return unsent('the credential cannot stand in a header')
      const options = { path, method: request.method as 'GET', headers, body }
      const { totalTimeoutMs } = settings
      const maxBytes = request.maxBytes ?? settings.maxResponseBytes
      const { authorization, onBytes: told } = request
      const onBytes = told && authorization !== undefined ? maskPieces(authorization, told) : told
      const outcome = await exchange(pool, options, { maxBytes, totalTimeoutMs, signal, keepHeaders, onBytes })
      if (outcome.type !== 'response' || authorization === undefined) return outcome
      return { ...outcome, body: withoutCredential(outcome.body, authorization) }
    },
    async stop() {
      stopping.abort()
      await pool.destroy()
    },
  }
}

function connectOption(settings: UpstreamClientSettings, signal: AbortSignal): NonNullable<Pool.Options['connect']> {
  const { proxy, connectTimeoutMs: timeoutMs } = settings
  const ca = settings.ca === undefined ? {} : { ca: settings.ca }
  if (proxy === undefined) return { timeout: timeoutMs, ...ca }
  const url = parseUrl(proxy)
  if (url === null || !['socks5:', 'socks5h:'].includes(url.protocol) || url.hostname === '') {
    throw new TollbridgeError('config-invalid', `upstream ${settings.name}: the proxy must be socks5://host:port`)
  }
  return createSocks5Connector({ proxy: url, timeoutMs, signal, ...ca })
}

function parseOrigin({ name, origin, proxy, allowInsecure }: UpstreamClientSettings): string {
  const refuse = (why: string): never => {
    throw new TollbridgeError('config-invalid', `upstream ${name}: ${why}`)
  }
  const url = parseUrl(origin)
  if (url === null || !['http:', 'https:'].includes(url.protocol)) return refuse('the origin must be an http(s) URL')
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    return refuse('the origin is scheme, host and port only')
  }
  const isOnion = url.hostname.endsWith('.onion')
  if (isOnion && proxy === undefined) return refuse('an onion service needs a proxy')
  if (url.protocol === 'http:' && !isOnion && !isLoopback(url.hostname) && allowInsecure !== true) {
    return refuse('plain http would show the credential to everyone on the way: use https, or set allowInsecure')
  }
  return url.origin
}

const isLoopback = (hostname: string): boolean =>
  hostname === 'localhost' ||
  hostname.endsWith('.localhost') ||
  hostname === '[::1]' ||
  /^127(\.[0-9]+){3}$/.test(hostname)

function parseUrl(reference: string, base?: string): URL | null {
  try {
    return new URL(reference, base)
  } catch {
    return null
  }
}
