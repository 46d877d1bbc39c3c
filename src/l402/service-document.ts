/** What does an API say of itself below /.well-known/? One reader for the dialects met with: told apart by their shape, not their path. */
import { malformed, type Malformed } from '../core/identifiers.js'
import { parseJsonObject } from './challenge-body.js'
import {
  describeService,
  priceOf,
  type ClaimedPrice,
  type ClaimedRoute,
  type DescribedService,
} from './described-service.js'

/** In the order in which they are asked for. */
export const SERVICE_DOCUMENTS = ['/.well-known/l402', '/.well-known/l402-services', '/.well-known/l402.json'] as const

type Fields = Readonly<Record<string, unknown>>

const MOST_DEPTH = 20

/** Never throws. What cannot be believed of a readable document is left out, with a note. */
export function parseServiceDocument(json: Uint8Array, origin: string): DescribedService | Malformed {
  if (!isShallow(json)) return malformed('it is nested too deep')
  const root = parseJsonObject(json)
  if (root === null) return malformed('it is no JSON object, or too large')
  const claimed = parseJsonObject(root['paths']) ? operationsOf(root) : listedIn(root)
  if (claimed.length === 0) return malformed('it names no routes')
  const names = parseJsonObject(root['service']) ?? parseJsonObject(root['info']) ?? root
  return describeService(names['name'] ?? names['title'], origin, claimed)
}

/** Brackets counted without a parser: strings may hold some too, and a document with that many is none that is read here. */
function isShallow(json: Uint8Array): boolean {
  let depth = 0
  for (const byte of json) {
    if (byte === 0x5b || byte === 0x7b) depth += 1
    else if (byte === 0x5d || byte === 0x7d) depth -= 1
    if (depth > MOST_DEPTH) return false
  }
  return true
}

/** `routes` or `endpoints`, at the root or of each service: with the price at the route, or else of the whole. */
function listedIn(root: Fields): ClaimedRoute[] {
  const groups = [root, ...objectsIn(root['services'])]
  return groups.flatMap((group) =>
    [...objectsIn(group['routes']), ...objectsIn(group['endpoints'])].map((route): ClaimedRoute => {
      const own = priceIn(route)
      return {
        path: route['path'] ?? route['url'] ?? route['endpoint'],
        methods: route['methods'] ?? route['method'],
        description: route['description'] ?? route['name'],
        price: own === 'none' ? priceIn(group) : own,
      }
    }),
  )
}

/** OpenAPI: paths, their operations, and prices in an extension whose name begins with `x-l402`. */
function operationsOf(root: Fields): ClaimedRoute[] {
  return Object.entries(parseJsonObject(root['paths']) ?? {}).flatMap(([path, item]) =>
    Object.entries(parseJsonObject(item) ?? {}).flatMap(([method, operation]) => {
      const fields = parseJsonObject(operation)
      if (!fields || !/^(get|head|post|put|patch|delete)$/.test(method)) return []
      const description = fields['summary'] ?? fields['description']
      return [
        { path, methods: method, description, price: priceIn(Object.assign({}, ...extensionsOf(fields)) as Fields) },
      ]
    }),
  )
}

/** `x-l402-price: …` and `x-l402: {price: …}` come to the same. */
const extensionsOf = (operation: Fields): Fields[] =>
  Object.entries(operation).flatMap(([name, value]) => {
    const [, rest] = /^x-l402(?:-(.+))?$/.exec(name) ?? []
    if (!name.startsWith('x-l402')) return []
    return rest === undefined ? [parseJsonObject(value) ?? {}] : [{ [rest.replaceAll('-', '_')]: value }]
  })

const UNITS = { amount_msat: 'msat', price_msat: 'msat', amount_sats: 'sat', price_sats: 'sat' } as const

/** A price that is the same for every call. Formulas, and prices by tokens or time, are none. */
function priceIn(fields: Fields): ClaimedPrice {
  const price = parseJsonObject(fields['price'])
  if (price) {
    const isFixed = price['type'] === undefined || price['type'] === 'static' || price['type'] === 'fixed'
    if (!isFixed) return 'unknown'
    const told = priceIn({ ...price, price: undefined })
    return told === 'none' ? priceOf(price['amount'], price['currency'] ?? price['unit']) : told
  }
  for (const [name, unit] of Object.entries(UNITS)) {
    if (fields[name] !== undefined) return priceOf(fields[name], unit)
  }
  return fields['price'] === undefined ? 'none' : priceOf(fields['price'], fields['currency'] ?? fields['unit'])
}

const objectsIn = (value: unknown): Fields[] =>
  Array.isArray(value) ? (value as unknown[]).map(parseJsonObject).filter((entry) => entry !== null) : []
