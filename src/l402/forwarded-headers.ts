/** Which headers may cross, in either direction? Both sides are lists of what may; a few may never, whatever a list says. */
import type { UpstreamRequest } from '../ports.js'

type Headers = Readonly<Record<string, readonly string[]>>

const REQUEST_DEFAULTS = ['accept', 'accept-language', 'content-type']
/** What the daemon itself reads. */
const RESPONSE_DEFAULTS = [
  'content-type',
  'grpc-status',
  'payment-required',
  'retry-after',
  'www-authenticate',
  'x-credit-balance',
  'x-l402-price-sats',
]

/** Credentials are ours to send, and the framing of the message belongs to the client. */
const NEVER_SENT: ReadonlySet<string> = new Set([
  'accept-encoding',
  'authorization',
  'connection',
  'content-length',
  'cookie',
  'expect',
  'grpc-metadata-macaroon',
  'host',
  'http2-settings',
  'idempotency-key',
  'keep-alive',
  'macaroon',
  'payment-signature',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'token',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-payment',
])
/** Receipts name the payment and, in some schemes, how it was proven. */
const RECEIPTS = ['payment-receipt', 'payment-response', 'x-payment-response']
const NEVER_KEPT: ReadonlySet<string> = new Set(['authorization', 'cookie', 'set-cookie', 'set-cookie2', ...RECEIPTS])

const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9a-z-]{1,128}$/
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]{0,8192}$/
/** A gRPC call that needs payment is answered 200: no 402 would be seen (L402 §gRPC). */
const GRPC = /^\s*application\/grpc/i

const allowed = (defaults: readonly string[], more: readonly string[], never: ReadonlySet<string>): Set<string> =>
  new Set([...defaults, ...more.map((name) => name.toLowerCase())].filter((name) => !never.has(name)))

export type BuildHeaders = (request: UpstreamRequest) => Record<string, string> | null

/** Headers for one call; null where the credential or the idempotency key cannot stand in a header at all. */
export function createRequestHeaders(allowRequestHeaders: readonly string[]): BuildHeaders {
  const names = allowed(REQUEST_DEFAULTS, allowRequestHeaders, NEVER_SENT)
  return ({ headers, authorization, credentialHeader = 'authorization', idempotencyKey }) => {
    // A compressed body would be counted before it is unpacked.
    const sent: Record<string, string> = { 'accept-encoding': 'identity' }
    for (const [name, value] of Object.entries(headers)) {
      const lower = name.toLowerCase()
      if (!names.has(lower) || !HEADER_NAME.test(lower) || !HEADER_VALUE.test(value)) continue
      if (lower === 'content-type' && GRPC.test(value)) continue
      sent[lower] = value
    }
    const own = Object.entries({ [credentialHeader]: authorization, 'idempotency-key': idempotencyKey })
    for (const [name, value] of own) {
      if (value === undefined) continue
      if (!HEADER_VALUE.test(value)) return null
      sent[name] = value
    }
    return sent
  }
}

/** Keeps what the daemon reads and what the operator added; nothing else of the upstream gets any further. */
export function createResponseHeaders(
  allowResponseHeaders: readonly string[],
): (headers: Readonly<Record<string, string | readonly string[] | undefined>>) => Headers {
  const names = allowed(RESPONSE_DEFAULTS, allowResponseHeaders, NEVER_KEPT)
  return (headers) => {
    const kept: Record<string, readonly string[]> = {}
    for (const name of names) {
      const value = headers[name]
      if (value !== undefined) kept[name] = typeof value === 'string' ? [value] : value
    }
    return kept
  }
}
