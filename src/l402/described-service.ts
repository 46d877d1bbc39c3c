/** What may be believed of a service that describes itself? Routes with paths and prices that make sense; the rest is left out, and said. */
import { isMalformed } from '../core/identifiers.js'
import { msatFromSats, parseMsat, type Msat } from '../core/money.js'
import { canonicalPath } from './path.js'

export interface DescribedRoute {
  /** A pattern as in the configuration: `*` stands for one segment. */
  readonly path: string
  readonly methods: readonly string[]
  /** Null where none is told, or in no unit that we know. */
  readonly priceMsat: Msat | null
  readonly description: string | null
}

export interface DescribedService {
  readonly name: string | null
  /** Scheme, host and port. */
  readonly origin: string
  readonly routes: readonly DescribedRoute[]
  /** Sentences for the operator: what was left out, and why. */
  readonly notes: readonly string[]
}

/** One route as a document names it; nothing of it is trusted. */
export interface ClaimedRoute {
  readonly path: unknown
  /** One method or a list of them; undefined where none is told. */
  readonly methods: unknown
  readonly description: unknown
  readonly price: ClaimedPrice
}

export type ClaimedPrice = Msat | 'none' | 'unknown' | 'absurd'

const MOST_ROUTES = 100
const MOST_NOTES = 20
const LONGEST_DESCRIPTION = 300
/** One bitcoin: whoever asks more for a call has made a mistake. */
const MOST_MSAT = msatFromSats(100_000_000)
const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'])

export function describeService(name: unknown, origin: string, claimed: readonly ClaimedRoute[]): DescribedService {
  const notes: string[] = []
  const routes: DescribedRoute[] = []
  const taken = new Set<string>()
  for (const route of claimed.slice(0, MOST_ROUTES)) {
    const said = tame(route.path, 80) ?? 'a route without a path'
    const path = patternOf(route.path, origin)
    if (path === null) notes.push(`${said} was left out: it is no path of ${origin} that can be offered.`)
    else if (route.price === 'absurd') notes.push(`${said} was left out: its price makes no sense.`)
    else {
      const methods = methodsOf(route.methods).filter((method) => !taken.has(`${method} ${path}`))
      for (const method of methods) taken.add(`${method} ${path}`)
      if (methods.length === 0) continue
      const priceMsat = typeof route.price === 'number' ? route.price : null
      if (priceMsat === null) notes.push(`The price of ${said} is not told in sats: set its maxSats yourself.`)
      routes.push({ path, methods, priceMsat, description: tame(route.description, LONGEST_DESCRIPTION) })
    }
  }
  if (claimed.length > MOST_ROUTES) notes.push(`Only the first ${MOST_ROUTES} of ${claimed.length} routes were taken.`)
  const kept = notes.length > MOST_NOTES ? [...notes.slice(0, MOST_NOTES), 'And more of the same.'] : notes
  return { name: tame(name, 100), origin, routes, notes: kept }
}

/** Text for people on one line, without control characters; null where nothing is left. */
export function tame(value: unknown, most: number): string | null {
  if (typeof value !== 'string') return null
  const plain = value
    .slice(0, most * 4)
    .replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim()
  return plain === '' ? null : [...plain].slice(0, most).join('')
}

/** Of a path, or of a URL at this origin; `{id}` and `:id` stand for one segment. Null for anything else. */
function patternOf(value: unknown, origin: string): string | null {
  if (typeof value !== 'string' || value.length > 2_048) return null
  const path = value.startsWith(`${origin}/`) ? value.slice(origin.length) : value
  const [bare = ''] = path.split('?')
  const pattern = bare
    .split('/')
    .map((segment) => (/^(\{[^{}]*\}|:[A-Za-z_]\w*)$/.test(segment) ? '*' : segment))
    .join('/')
  const canonical = canonicalPath(pattern)
  if (isMalformed(canonical)) return null
  const segments = canonical.split('/')
  const isWild = (segment: string, at: number) => segment === '*' || (segment === '**' && at === segments.length - 1)
  const isUsable = segments.every((segment, at) => !/[*{}]|%7[BD]/i.test(segment) || isWild(segment, at))
  return isUsable ? canonical : null
}

function methodsOf(value: unknown): string[] {
  const named = Array.isArray(value) ? (value as unknown[]) : [value ?? 'GET']
  const known = named.flatMap((method) => (typeof method === 'string' ? [method.toUpperCase()] : []))
  return [...new Set(known)].filter((method) => METHODS.has(method))
}

/** An amount of sats or millisats. `unknown` for other currencies, and for what is no amount but a formula. */
export function priceOf(amount: unknown, unit: unknown): ClaimedPrice {
  if (amount === undefined || amount === null) return 'none'
  const name = typeof unit === 'string' ? unit.toLowerCase() : ''
  const factor = /^msats?$/.test(name) ? 1 : /^sats?(oshis?)?$/.test(name) ? 1000 : null
  if (factor === null) return 'unknown'
  const whole = parseMsat(amount)
  if (isMalformed(whole) || whole === 0 || whole > MOST_MSAT / factor) return 'absurd'
  return (whole * factor) as Msat
}
