/** Which path is really meant, and does a route allow it? One spelling per path, so that no spelling slips past a route. */
import { TollbridgeError } from '../core/errors.js'
import { isMalformed, malformed, type Malformed } from '../core/identifiers.js'

const MAX_PATH_CHARS = 2_048
const MAX_QUERY_CHARS = 4_096
const CONTROLS = /[\u0000-\u001f\u007f]/
const BAD_PERCENT = /%(?![0-9A-Fa-f]{2})/
/** A percent-encoded slash, backslash, percent or control character: some servers decode it, some do so twice. */
const ENCODED_TRICK = /%(2f|5c|25|7f|[01][0-9a-f])/i
const PERCENT = /%[0-9A-Fa-f]{2}/g
const UNRESERVED = /[A-Za-z0-9._~-]/
const NOT_PCHAR = /[^A-Za-z0-9._~!$&'()*+,;=:@/%-]/gu
const NOT_QUERY_CHAR = /[^A-Za-z0-9._~!$&()*+,;=:@/?%-]/gu
const LONE_SURROGATE = /\p{Surrogate}/u

/**
 * RFC 3986 §6.2.2, and strict where the standard is generous: percent-encoding in one form, nothing that a server behind us could
 * read as another path. Idempotent; the result is what a URL parser would make of it too.
 */
export function canonicalPath(raw: string): string | Malformed {
  if (!raw.startsWith('/')) return malformed('a path begins with /')
  if (raw.length > MAX_PATH_CHARS) return malformed('the path is too long')
  if (CONTROLS.test(raw)) return malformed('the path has a control character')
  if (/[\\?#]/.test(raw)) return malformed('the path has a backslash, a query or a fragment')
  if (raw.includes('//')) return malformed('the path has an empty segment')
  if (BAD_PERCENT.test(raw)) return malformed('the path has a percent sign that encodes nothing')
  if (ENCODED_TRICK.test(raw)) return malformed('the path hides a slash, a percent sign or a control character')
  const decoded = decode(raw)
  if (decoded === null) return malformed('the path is not UTF-8')
  // A path parameter hides a dot segment from us and not from servers that strip it: `/..;/admin`.
  if (decoded.split('/').some((segment) => /^\.\.?(;|$)/.test(segment))) return malformed('the path has a dot segment')
  const canonical = raw.replace(PERCENT, normalisePercent).replace(NOT_PCHAR, encodeURIComponent)
  return canonical.length > MAX_PATH_CHARS ? malformed('the path is too long') : canonical
}

/** A query without its `?`, empty for none: its percent-encodings stay as they are, everything else that needs one gets one. */
export function canonicalQuery(raw: string): string | Malformed {
  if (CONTROLS.test(raw)) return malformed('the query has a control character')
  if (raw.includes('#')) return malformed('the query has a fragment')
  if (BAD_PERCENT.test(raw)) return malformed('the query has a percent sign that encodes nothing')
  if (LONE_SURROGATE.test(raw)) return malformed('the query is not Unicode')
  const canonical = raw
    .replace(NOT_QUERY_CHAR, (char) => (char === "'" ? '%27' : encodeURIComponent(char)))
    .replace(PERCENT, (hex) => hex.toUpperCase())
  return canonical.length > MAX_QUERY_CHARS ? malformed('the query is too long') : canonical
}

/** What needs no encoding is decoded; the rest is written in upper case. */
function normalisePercent(encoded: string): string {
  const char = String.fromCharCode(Number.parseInt(encoded.slice(1), 16))
  return UNRESERVED.test(char) ? char : encoded.toUpperCase()
}

/** Null for bytes that are no UTF-8 and for lone surrogates. */
function decode(raw: string): string | null {
  if (LONE_SURROGATE.test(raw)) return null
  try {
    return decodeURIComponent(raw)
  } catch {
    return null
  }
}

/**
 * Makes a test for canonical paths. `*` stands for one whole segment, `**` at the end for the rest, anything else for itself.
 * @throws TollbridgeError `config-invalid` for a pattern that could not match what its author meant.
 */
export function compileRoute(pattern: string): (canonicalPath: string) => boolean {
  const canonical = canonicalPath(pattern)
  if (isMalformed(canonical)) throw new TollbridgeError('config-invalid', `route ${pattern}: ${canonical.malformed}`)
  const segments = canonical.split('/')
  const takesRest = segments.at(-1) === '**'
  const wanted = takesRest ? segments.slice(0, -1) : segments
  if (wanted.some((segment) => segment.includes('*') && segment !== '*')) {
    throw new TollbridgeError('config-invalid', `route ${pattern}: * stands for a whole segment, ** only at the end`)
  }
  return (path) => {
    const given = path.split('/')
    if (takesRest ? given.length <= wanted.length : given.length !== wanted.length) return false
    return wanted.every((segment, index) => (segment === '*' ? given[index] !== '' : segment === given[index]))
  }
}
