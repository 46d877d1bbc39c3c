/** How is a host called that others name? Each hop checked and pinned to public addresses; size and time are capped as a whole. */
import { Client, type Dispatcher } from 'undici'
import { isPublicHost } from '../core/hosts.js'
import { isMalformed, malformed, type Malformed } from '../core/identifiers.js'
import { createPublicLookup, type ResolveAll } from '../nostr/public-lookup.js'
import type { WebClient, WebOutcome, WebRequest } from '../ports.js'
import { readBody } from './body.js'
import { responseHeaders, sentHeaders } from './headers.js'

export interface WebClientSettings {
  /** Private addresses are called under whatever name. Default: none is, but for `allowedOrigins`. */
  readonly allowPrivate?: boolean
  /** `scheme://host:port` of the operator's own servers, which may be anywhere. A redirect that leaves them is checked again. */
  readonly allowedOrigins?: ReadonlySet<string>
  /** Default: the system's. */
  readonly resolveAll?: ResolveAll
}

const MAX_URL_CHARS = 4_096
const MAX_HEADER_BYTES = 16_384
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])

type Hop = WebOutcome | { readonly type: 'redirect'; readonly location: string }

/** Keeps nothing between two requests: no connection, no cookie, no address that was once good. */
export function createWebClient(settings: WebClientSettings = {}): WebClient {
  const { allowPrivate = false, allowedOrigins = new Set<string>() } = settings
  const lookup = createPublicLookup(settings.resolveAll)
  const stopping = new AbortController()

  const mayBeAnywhere = (url: URL): boolean => allowPrivate || allowedOrigins.has(url.origin)

  function admit(reference: string, base?: URL): URL | Malformed {
    const url = parseUrl(reference, base)
    if (!url || reference.length > MAX_URL_CHARS) return malformed('not a URL')
    if (url.protocol !== 'http:' && url.protocol !== 'https:') return malformed('not an http(s) URL')
    if (url.username !== '' || url.password !== '') return malformed('a URL with a password')
    if (base?.protocol === 'https:' && url.protocol === 'http:') return malformed('a redirect from https to http')
    // By its form: an address is never looked up, so that it must be judged here, in whatever spelling it came.
    if (!mayBeAnywhere(url) && !isPublicHost(url.hostname)) return malformed('the host is not public')
    return url
  }

  async function call(
    url: URL,
    headers: Record<string, string>,
    request: WebRequest,
    signal: AbortSignal,
  ): Promise<Hop> {
    const client = new Client(url.origin, {
      pipelining: 0,
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: request.timeoutMs,
      bodyTimeout: request.timeoutMs,
      connect: { timeout: request.timeoutMs, ...(mayBeAnywhere(url) ? {} : { lookup }) },
    })
    try {
      const { method, body, maxBytes, redirects = 0 } = request
      const options = { path: url.pathname + url.search, method, headers, signal, body: body ?? null }
      const response = await client.request(options satisfies Dispatcher.RequestOptions)
      response.body.on('error', () => undefined)
      const location = response.headers.location
      if (method !== 'PUT' && redirects > 0 && REDIRECTS.has(response.statusCode) && typeof location === 'string') {
        return { type: 'redirect', location }
      }
      const received = method === 'HEAD' ? new Uint8Array() : await readBody(response, maxBytes)
      if (received === 'tooLarge') return { type: 'tooLarge' }
      if (received === 'unreadable') return failed('a content coding that cannot be undone')
      return {
        type: 'response',
        status: response.statusCode,
        headers: responseHeaders(response.headers),
        body: received,
      }
    } finally {
      // Whatever is still on its way is not waited for.
      void client.destroy().catch(() => undefined)
    }
  }

  async function follow(request: WebRequest, signal: AbortSignal): Promise<WebOutcome> {
    let url = admit(request.url)
    let headers = sentHeaders(request.headers ?? {})
    for (let left = request.redirects ?? 0; ; left -= 1) {
      if (isMalformed(url)) return failed(url.malformed)
      const hop = await call(url, headers, request, signal)
      if (hop.type !== 'redirect') return hop
      if (left === 0) return failed('too many redirects')
      const next = admit(hop.location, url)
      // What was meant for one host, a credential above all, is not told to another.
      if (!isMalformed(next) && next.origin !== url.origin) headers = sentHeaders({}, headers)
      url = next
    }
  }

  return {
    async send(request) {
      const ending = new AbortController()
      const end = (): void => ending.abort()
      const timer = setTimeout(end, request.timeoutMs)
      stopping.signal.addEventListener('abort', end)
      // ORDER: raced, since a look-up of a name that nobody answers cannot be called off.
      const ended = new Promise<WebOutcome>((resolve) => {
        ending.signal.addEventListener('abort', () => resolve(failed('took too long')))
      })
      try {
        if (stopping.signal.aborted) return failed('stopped')
        return await Promise.race([follow(request, ending.signal), ended])
      } catch (error) {
        return failed(reasonOf(error))
      } finally {
        clearTimeout(timer)
        stopping.signal.removeEventListener('abort', end)
      }
    },
    async stop() {
      stopping.abort()
    },
  }
}

const failed = (reason: string): WebOutcome => ({ type: 'failed', reason })

function parseUrl(reference: string, base?: URL): URL | null {
  try {
    return new URL(reference, base)
  } catch {
    return null
  }
}

/** A code or a sentence of ours; other messages may quote what was sent. */
function reasonOf(error: unknown): string {
  const { code, name } = error as { code?: unknown; name?: unknown }
  if (typeof code === 'string') return code
  return typeof name === 'string' ? name : 'failed'
}
