/** Which tagged fields does an invoice carry, read as BOLT11 says? The package reads them too, but takes what it should not. */
import { malformed, type Malformed } from '../core/identifiers.js'

/** BOLT11 §Tagged Fields; words are five bits each. */
export interface InvoiceFields {
  readonly paymentHash: string | null
  readonly paymentSecret: string | null
  readonly descriptionHash: string | null
  readonly description: string | null
  readonly expirySeconds: number
  readonly minFinalCltv: number
  /** Numbers of the feature bits that are set. */
  readonly features: readonly number[]
}

type Words = readonly number[]

const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const TIMESTAMP_WORDS = 7
const SIGNATURE_WORDS = 104
const CHECKSUM_WORDS = 6

const TYPE = { p: 1, f9: 5, x: 6, d: 13, s: 16, n: 19, h: 23, c: 24 } as const
const MEANINGFUL: ReadonlySet<number> = new Set(Object.values(TYPE))
/** A reader must skip these where they have any other length. */
const FIXED_WORDS: ReadonlyMap<number, number> = new Map([
  [TYPE.p, 52],
  [TYPE.s, 52],
  [TYPE.h, 52],
  [TYPE.n, 53],
])
const DEFAULT_EXPIRY_SECONDS = 3_600
const DEFAULT_MIN_FINAL_CLTV = 18

/** Takes the part after the last `1` of a lower-case invoice whose checksum holds. */
export function parseInvoiceFields(data: string): InvoiceFields | Malformed {
  const words = Array.from(data, (char) => CHARSET.indexOf(char))
  if (words.includes(-1)) return malformed('the invoice has a character that bech32 lacks')
  const fields = collectFields(words.slice(TIMESTAMP_WORDS, -(SIGNATURE_WORDS + CHECKSUM_WORDS)))
  if ('malformed' in fields) return fields

  const expirySeconds = integer(fields.get(TYPE.x)) ?? DEFAULT_EXPIRY_SECONDS
  const minFinalCltv = integer(fields.get(TYPE.c)) ?? DEFAULT_MIN_FINAL_CLTV
  if (!Number.isSafeInteger(expirySeconds) || !Number.isSafeInteger(minFinalCltv)) {
    return malformed('the invoice has a number out of range')
  }
  const description = text(fields.get(TYPE.d))
  if (description === undefined) return malformed('the description of the invoice is not UTF-8')
  return {
    paymentHash: hex(fields.get(TYPE.p)),
    paymentSecret: hex(fields.get(TYPE.s)),
    descriptionHash: hex(fields.get(TYPE.h)),
    description,
    expirySeconds,
    minFinalCltv,
    features: bitNumbers(fields.get(TYPE.f9) ?? []),
  }
}

/** Two fields of one meaning are refused: wallets disagree on which of them counts. */
function collectFields(words: Words): ReadonlyMap<number, Words> | Malformed {
  const fields = new Map<number, Words>()
  for (let at = 0; at < words.length;) {
    const [type, high, low] = words.slice(at, at + 3)
    if (type === undefined || high === undefined || low === undefined) return malformed('the invoice ends in a field')
    const start = at + 3
    at = start + high * 32 + low
    if (at > words.length) return malformed('a field of the invoice is longer than the invoice')
    if (!MEANINGFUL.has(type) || (FIXED_WORDS.get(type) ?? at - start) !== at - start) continue
    if (fields.has(type)) return malformed('the invoice has two fields of one meaning')
    fields.set(type, words.slice(start, at))
  }
  return fields
}

const integer = (words: Words | undefined): number | undefined => words?.reduce((total, word) => total * 32 + word, 0)

const hex = (words: Words | undefined): string | null =>
  words === undefined ? null : Buffer.from(bytes(words)).toString('hex')

/** Undefined for bytes that are no UTF-8, null for no field. */
function text(words: Words | undefined): string | null | undefined {
  if (words === undefined) return null
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes(words))
  } catch {
    return undefined
  }
}

/** Whole bytes only; what is left over is padding. */
function bytes(words: Words): Uint8Array {
  const out = new Uint8Array(Math.floor((words.length * 5) / 8))
  let buffer = 0
  let bits = 0
  let at = 0
  for (const word of words) {
    buffer = ((buffer << 5) | word) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    out[at] = (buffer >> bits) & 0xff
    at += 1
  }
  return out
}

/** Big-endian: bit 0 is the lowest of the last word. */
const bitNumbers = (words: Words): number[] =>
  words
    .toReversed()
    .flatMap((word, index) => [0, 1, 2, 3, 4].flatMap((bit) => ((word >> bit) & 1 ? [index * 5 + bit] : [])))
