/** What does this relay take? Its NIP-11 document, asked for at most every few hours, and what it has refused. */
import type { Millis } from '../core/identifiers.js'
import type { Clock, RelayLimits, WebClient } from '../ports.js'

const KEPT_MS = 6 * 3_600_000
/** Also where there is no document: most relays that have none will not have one in an hour. */
const MISSING_KEPT_MS = 3_600_000
const TOO_LARGE_KEPT_MS = 24 * 3_600_000
const MOST_RELAYS = 1_000

/** The parsed document at that http(s) URL; null where there is none. Never rejects. */
export type LoadInformation = (url: string) => Promise<unknown>

export interface RelayInformation {
  /** By the relay's one spelling. */
  limits(url: string): RelayLimits | null
  /** The relay has refused an event of that many bytes as too large. */
  rememberTooLarge(url: string, bytes: number): void
}

interface Known {
  limits: RelayLimits | null
  loading: boolean
  until: Millis
  /** Of the events that were refused as too large, the smallest. */
  tooLarge: { readonly bytes: number; readonly until: Millis } | null
}

const NOTHING: RelayLimits = {
  maxMessageBytes: null,
  maxEventBytes: null,
  maxContentChars: null,
  maxTags: null,
  minPow: null,
  authRequired: null,
  paymentRequired: null,
  restrictedWrites: null,
  createdAtLower: null,
  createdAtUpper: null,
}

export function createRelayInformation(wiring: {
  readonly clock: Clock
  readonly load: LoadInformation | undefined
}): RelayInformation {
  const { clock, load } = wiring
  const relays = new Map<string, Known>()

  function knownOf(url: string): Known {
    const existing = relays.get(url)
    if (existing) return existing
    const [oldest] = relays.keys()
    if (relays.size >= MOST_RELAYS && oldest !== undefined) relays.delete(oldest)
    const known: Known = { limits: null, loading: false, until: 0, tooLarge: null }
    relays.set(url, known)
    return known
  }

  function refresh(url: string, known: Known): void {
    if (!load || known.loading || known.until > clock.now()) return
    known.loading = true
    const settle = (document: unknown) => {
      const limits = parseRelayLimits(document)
      known.loading = false
      // What was true a while ago is a better guess than nothing.
      known.limits = limits ?? known.limits
      known.until = clock.now() + (limits ? KEPT_MS : MISSING_KEPT_MS)
    }
    // ws: is http:, wss: is https:.
    load(url.replace(/^ws/, 'http')).then(settle, () => settle(null))
  }

  return {
    limits(url) {
      const known = knownOf(url)
      refresh(url, known)
      if (known.tooLarge && known.tooLarge.until <= clock.now()) known.tooLarge = null
      if (!known.tooLarge) return known.limits
      return { ...(known.limits ?? NOTHING), maxEventBytes: known.tooLarge.bytes - 1 }
    },
    rememberTooLarge(url, bytes) {
      const known = knownOf(url)
      const least = Math.min(bytes, known.tooLarge?.bytes ?? Infinity)
      known.tooLarge = { bytes: least, until: clock.now() + TOO_LARGE_KEPT_MS }
    },
  }
}

/** NIP-11 §limitation. Null where it is no such document; what is of no use in it counts as not said. */
export function parseRelayLimits(document: unknown): RelayLimits | null {
  if (!isRecord(document)) return null
  const said = isRecord(document.limitation) ? document.limitation : {}
  const count = (name: string, least = 1): number | null => {
    const value = said[name]
    return Number.isSafeInteger(value) && Number(value) >= least ? Number(value) : null
  }
  const flag = (name: string): boolean | null => {
    const value = said[name]
    return typeof value === 'boolean' ? value : null
  }
  return {
    maxMessageBytes: count('max_message_length'),
    maxEventBytes: null,
    maxContentChars: count('max_content_length'),
    maxTags: count('max_event_tags'),
    minPow: count('min_pow_difficulty', 0),
    authRequired: flag('auth_required'),
    paymentRequired: flag('payment_required'),
    restrictedWrites: flag('restricted_writes'),
    createdAtLower: count('created_at_lower_limit', 0),
    createdAtUpper: count('created_at_upper_limit', 0),
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const MAX_DOCUMENT_BYTES = 65_536
const LOADED_WITHIN_MS = 10_000

/** NIP-11 over HTTP. */
export function loadInformationBy(web: Pick<WebClient, 'send'>): LoadInformation {
  return async (url) => {
    const outcome = await web.send({
      method: 'GET',
      url,
      headers: { accept: 'application/nostr+json' },
      maxBytes: MAX_DOCUMENT_BYTES,
      timeoutMs: LOADED_WITHIN_MS,
      redirects: 2,
    })
    if (outcome.type !== 'response' || outcome.status !== 200) return null
    try {
      return JSON.parse(Buffer.from(outcome.body).toString()) as unknown
    } catch {
      return null // a page for people, most likely
    }
  }
}
