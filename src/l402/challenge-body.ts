/** What does the JSON body of a 402 say beside its header? Nested as toll-booth sends it, or flat as it once did. */
import { isMalformed, malformed, parsePaymentHash, type Malformed, type PaymentHash } from '../core/identifiers.js'
import { msatFromSats, type Msat } from '../core/money.js'

export interface ChallengeBody {
  readonly scheme: string | null
  readonly token: string | null
  readonly bolt11: string | null
  readonly paymentHash: PaymentHash | null
  readonly amountMsat: Msat | null
  /** Where payment can be asked for, as sent: a path or a URL; with the status token wherever the body has one. */
  readonly statusReference: string | null
  /** The price of this one call, which may be far below the bundle of credit that the invoice buys. */
  readonly callPriceMsat: Msat | null
  /** A shape of toll-booth: an invoice for an amount of our choice can be had. */
  readonly offersExactPrice: boolean
  /** What the body says of the scheme `Payment`, which has an invoice of its own; null where it says nothing, or nothing readable. */
  readonly charge: { readonly paymentHash: PaymentHash | null; readonly amountMsat: Msat | null } | null
  /** Other payment schemes that the body speaks of. */
  readonly otherSchemes: readonly string[]
}

type Fields = Readonly<Record<string, unknown>>

const MAX_BYTES = 262_144
/** Patterns are tried on it that take time with its length. */
const MAX_REFERENCE_CHARS = 4_096
const JSON_TYPE = /^\s*(application\/([\w.+-]+\+)?json|text\/(plain|json))\s*(;|$)/i
const OPEN_BRACE = 0x7b

/** Null where the body is no JSON object: then only the header counts. Malformed where it contradicts itself. */
export function parseChallengeBody(body: Uint8Array, contentType: string | null): ChallengeBody | null | Malformed {
  if (contentType !== null && !JSON_TYPE.test(contentType)) return null
  const root = parseJsonObject(body)
  if (root === null) return null
  const nested = fieldsOf(root['l402'])
  const groups = nested === null ? [root] : [nested, root]

  const token = agreed(groups, ['macaroon', 'token'])
  const bolt11 = agreed(groups, ['invoice', 'bolt11'], (value) => value.toLowerCase())
  const hash = agreed(groups, ['payment_hash'], (value) => value.toLowerCase())
  const paymentUrl = agreed(groups, ['payment_url'])
  const statusToken = agreed(groups, ['status_token'])
  const amountMsat = agreedAmount(groups)
  for (const value of [token, bolt11, hash, paymentUrl, statusToken, amountMsat]) if (isMalformed(value)) return value
  const paymentHash = hash === null ? null : parsePaymentHash(hash)
  if (isMalformed(paymentHash)) return paymentHash

  const statusReference = buildStatusReference(paymentUrl as string | null, statusToken as string | null)
  if (isMalformed(statusReference)) return statusReference
  const isTollBooth =
    nested !== null &&
    /\/invoice-status\/[0-9a-f]{64}\?(.*&)?token=/.test(statusReference ?? '') &&
    paymentHash !== null
  return {
    scheme: stringOf(nested?.['scheme']),
    token: token as string | null,
    bolt11: bolt11 as string | null,
    paymentHash,
    amountMsat: amountMsat as Msat | null,
    statusReference,
    callPriceMsat: isTollBooth ? callPriceOf(root) : null,
    offersExactPrice: isTollBooth,
    charge: chargeOf(root),
    otherSchemes: otherSchemesOf(root),
  }
}

/** Bytes of JSON, or what has been parsed from them; null unless it is an object. */
export function parseJsonObject(json: unknown): Fields | null {
  if (!(json instanceof Uint8Array)) return fieldsOf(json)
  if (json.byteLength > MAX_BYTES) return null
  if (json.find((byte) => byte > 0x20) !== OPEN_BRACE) return null
  try {
    return fieldsOf(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json)))
  } catch {
    return null // not JSON: to us a body of plain text
  }
}

const fieldsOf = (value: unknown): Fields | null =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : null

const stringOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

/** The one value of a field that may go by several names in several places; Malformed where two differ. */
function agreed(
  groups: readonly Fields[],
  names: readonly string[],
  normalise: (value: string) => string = (value) => value,
): string | null | Malformed {
  const values = groups.flatMap((group) => names.flatMap((name) => stringOf(group[name]) ?? []))
  const first = values[0]
  if (first === undefined) return null
  const same = values.every((value) => normalise(value) === normalise(first))
  return same ? normalise(first) : malformed(`the body names two different values of ${names[0]}`)
}

/** Absent is null; a value that is no whole number of sats is Malformed. */
export function parseSats(value: unknown): Msat | null | Malformed {
  if (value === undefined || value === null) return null
  const sats = typeof value === 'string' && /^[0-9]{1,16}$/.test(value) ? Number(value) : value
  if (typeof sats === 'number' && Number.isSafeInteger(sats * 1000) && Number.isInteger(sats) && sats >= 0) {
    return msatFromSats(sats)
  }
  return malformed('an amount in the body is not a whole number of sats')
}

function agreedAmount(groups: readonly Fields[]): Msat | null | Malformed {
  const amounts = groups.map((group) => parseSats(group['amount_sats'])).filter((amount) => amount !== null)
  const wrong = amounts.find(isMalformed)
  if (wrong !== undefined) return wrong
  const [first, ...others] = amounts
  if (others.some((amount) => amount !== first)) return malformed('the body names two different amounts')
  return first ?? null
}

function buildStatusReference(paymentUrl: string | null, statusToken: string | null): string | null | Malformed {
  if (paymentUrl === null) return null
  if (paymentUrl.length > MAX_REFERENCE_CHARS) return malformed('payment_url is too long')
  if (statusToken !== null && !/^[A-Za-z0-9._~-]{1,256}$/.test(statusToken))
    return malformed('status_token has no such form')
  const [url = ''] = paymentUrl.split('#')
  const query = url.split('?')[1]
  const inUrl = new URLSearchParams(query ?? '').get('token')
  if (inUrl !== null && statusToken !== null && inUrl !== statusToken) {
    return malformed('the token of payment_url and status_token differ')
  }
  if (inUrl !== null || statusToken === null) return url
  return `${url}${query === undefined ? '?' : '&'}token=${statusToken}`
}

function chargeOf(root: Fields): ChallengeBody['charge'] {
  const fields = fieldsOf(root['ietf_payment'])
  if (fields === null || (fields['intent'] !== undefined && fields['intent'] !== 'charge')) return null
  const hash = parsePaymentHash(fields['payment_hash'])
  const amountMsat = parseSats(fields['amount_sats'])
  return { paymentHash: isMalformed(hash) ? null : hash, amountMsat: isMalformed(amountMsat) ? null : amountMsat }
}

/** Null where the rails of the body name different prices: then nothing is known. */
function callPriceOf(root: Fields): Msat | null {
  const cashu = fieldsOf(root['xcashu'])
  const named = [
    parseSats(fieldsOf(root['ietf_payment'])?.['amount_sats']),
    cashu?.['unit'] === 'sat' ? parseSats(cashu['amount']) : null,
  ]
  const prices = named.flatMap((price) => (price === null || isMalformed(price) ? [] : [price]))
  return prices.every((price) => price === prices[0]) ? (prices[0] ?? null) : null
}

const OTHER_SCHEMES = {
  ietf_payment: 'Payment',
  xcashu: 'X-Cashu',
  x402: 'x402',
  x402Version: 'x402',
  lnurlcash: 'LNURLcash',
}

const otherSchemesOf = (root: Fields): readonly string[] =>
  Object.entries(OTHER_SCHEMES).flatMap(([key, name]) => (Object.hasOwn(root, key) ? [name] : []))
