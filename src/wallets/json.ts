/** How is the JSON of a wallet read? Values that are not what they should be are undefined, false or null; nothing is thrown. */
import type { Millis } from '../core/identifiers.js'

export type JsonObject = Readonly<Record<string, unknown>>

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** A whole number of zero or more, below 2^53, or its digits. */
export function parseWhole(value: unknown): number | null {
  const number = typeof value === 'string' && /^[0-9]{1,16}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : null
}

/** Seconds, perhaps with a fraction; or a date, in UTC where it names no zone. */
export function parseTime(value: unknown): Millis | null {
  if (typeof value === 'number' && value > 0 && Number.isSafeInteger(Math.floor(value * 1000))) {
    return Math.floor(value * 1000)
  }
  if (typeof value !== 'string') return null
  const time = Date.parse(/[Zz]$|[+-][0-9]{2}:?[0-9]{2}$/.test(value) ? value : `${value}Z`)
  return Number.isNaN(time) ? null : time
}
