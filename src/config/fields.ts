/** Which kinds of value can a setting have? Each kind with its check and the words that refuse a wrong one. */
import { z } from 'zod'
import { isMalformed } from '../core/identifiers.js'
import { canonicalPath } from '../l402/path.js'
import { parseRelayUrl } from '../nostr/relay-url.js'
import { isPublicHost } from '../core/hosts.js'

/** What counts as a character of text: no control characters, which would break a log line or an HTTP header. */
const PRINTABLE = /^[^\x00-\x1f\x7f]*$/

export function wholeNumber(least: number, most: number) {
  const error = `must be a whole number from ${least} to ${most}`
  return z.int({ error }).min(least, { error }).max(most, { error })
}

export const text = (most: number) =>
  z.string().min(1).max(most).regex(PRINTABLE, { error: 'must not contain control characters' })

/** A name that other settings or the log refer to. */
export const name = () =>
  z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, {
    error: 'must be a name of 1 to 64 lower-case letters, digits, dots, dashes and underscores',
  })

export const filePath = () => text(1024)

const parseUrl = (value: string): URL | null => (URL.canParse(value) ? new URL(value) : null)

interface UrlRule {
  readonly protocols: readonly string[]
  /** True where the URL is nothing but scheme, host and port. */
  readonly bare?: boolean
  readonly publicHost?: boolean
  readonly error: string
}

/** No URL holds a password: it would be printed with the URL. */
function url({ protocols, bare = false, publicHost = false, error }: UrlRule) {
  const fits = (value: string): boolean => {
    const parsed = parseUrl(value)
    if (!parsed || !protocols.includes(parsed.protocol) || parsed.hostname === '') return false
    if (parsed.username !== '' || parsed.password !== '' || parsed.hash !== '') return false
    if (bare && (!['', '/'].includes(parsed.pathname) || parsed.search !== '')) return false
    return !publicHost || isPublicHost(parsed.hostname)
  }
  return text(1024).refine(fits, { error })
}

export const relayUrl = () =>
  text(1024).refine((value) => !isMalformed(parseRelayUrl(value)) && !value.includes('#'), {
    error: 'must be a relay URL such as wss://relay.example.com, without a password',
  })

export const originUrl = (
  error = 'must be scheme, host and port only, such as https://api.example.com: no path (that belongs into routes) and no password',
) => url({ protocols: ['https:', 'http:'], bare: true, error })

/** Of a wallet: its paths are known. */
export const walletUrl = () =>
  originUrl('must be scheme, host and port only, such as https://127.0.0.1:8080: no path and no password')

export const publicUrl = () =>
  url({
    protocols: ['https:', 'http:'],
    publicHost: true,
    error: 'must be an http(s) URL that the public can reach, without a password',
  })

export const proxyUrl = () =>
  url({
    protocols: ['socks5:', 'socks5h:'],
    bare: true,
    error: 'must be a SOCKS5 URL such as socks5://127.0.0.1:9050, without a password',
  })

const SECRET_ERROR =
  'must be { file: PATH } or { env: NAME }: the secret stands in a file of mode 0600 or in the environment, never in this file'

/** Where a secret is kept. Not the secret. */
export const secretReference = () =>
  z.union(
    [
      z.strictObject({
        file: filePath().describe('Path of a file of mode 0600 that holds nothing but the secret.'),
      }),
      z.strictObject({
        env: z
          .string()
          .regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/)
          .describe('Name of an environment variable that holds the secret.'),
      }),
    ],
    { error: SECRET_ERROR },
  )

export type SecretReference = z.output<ReturnType<typeof secretReference>>

const SEGMENT = /^(\*|[A-Za-z0-9._~!$&'()+,;=:@%-]+)$/

/** `/v1/*` followed by `/**`: `*` is one whole segment, a last `**` is whatever follows. Nothing that no path could ever be. */
export function isPathPattern(value: string): boolean {
  if (!value.startsWith('/') || isMalformed(canonicalPath(value))) return false
  const segments = value.slice(1).split('/')
  const last = segments.length - 1
  return segments.every((segment, index) => {
    return SEGMENT.test(segment) || (index === last && (segment === '' || segment === '**'))
  })
}

export const pathPattern = () =>
  text(512).refine(isPathPattern, {
    error:
      'must be a path such as /v1/weather/*: it begins with /, * stands for one whole segment and ** may only be the last; no query',
  })

export const fixedPath = () =>
  text(512).refine((value) => isPathPattern(value) && !value.includes('*'), {
    error: 'must be a path such as /create-invoice: it begins with / and has no query',
  })

/** Headers that name the connection, the credential or the sender: never the customer's to set. */
const RESERVED_HEADERS = new Set(
  'authorization cookie host connection content-length transfer-encoding te trailer upgrade expect keep-alive proxy-authorization proxy-connection forwarded idempotency-key payment-signature x-payment x-forwarded-for x-forwarded-host x-forwarded-proto x-real-ip'.split(
    ' ',
  ),
)

export const headerName = () =>
  z
    .string()
    .regex(/^[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/, { error: 'must be the name of a header in lower case' })
    .refine((value) => !RESERVED_HEADERS.has(value), { error: 'is a header that customers may never set' })

/** Adds the words to a list that names one thing twice. */
export const withoutRepeats = (values: readonly string[], ctx: z.RefinementCtx): void => {
  const seen = new Set<string>()
  for (const [index, value] of values.entries()) {
    if (seen.has(value))
      ctx.addIssue({ code: 'custom', path: [index], message: 'stands in this list twice: remove one' })
    seen.add(value)
  }
}
