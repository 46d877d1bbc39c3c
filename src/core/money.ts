/** How much is it? Every amount is an integer number of millisatoshi; the one place that rounds is here. */
import { malformed, type Malformed } from './identifiers.js'

declare const msat: unique symbol
/** Millisatoshi: a safe, non-negative integer. */
export type Msat = number & { readonly [msat]: 'Msat' }

export const ZERO_MSAT = 0 as Msat

const DIGITS = /^(0|[1-9][0-9]{0,15})$/

/** Accepts a non-negative safe integer, or its decimal digits. No signs, fractions, exponents or blanks. */
export function parseMsat(value: unknown): Msat | Malformed {
  const number = typeof value === 'string' && DIGITS.test(value) ? Number(value) : value
  if (typeof number === 'number' && Number.isSafeInteger(number) && number >= 0) return number as Msat
  return malformed('an amount is a whole number of millisatoshi')
}

/** Throws on anything but a whole, non-negative number of sats: only for values that were checked before. */
export function msatFromSats(sats: number): Msat {
  const amount = sats * 1000
  if (!Number.isSafeInteger(amount) || amount < 0) throw new RangeError('sats must be a whole, non-negative number')
  return amount as Msat
}

/** Whole sats, rounded up once. */
export const satsRoundedUp = (amount: Msat): number => Math.ceil(amount / 1000)

/** One part of so many, rounded up once. */
export const partRoundedUp = (amount: Msat, parts: number): Msat => Math.ceil(amount / parts) as Msat

/** So many millionths of it, rounded up once. */
export const ppmRoundedUp = (amount: Msat, ppm: number): Msat =>
  Number((BigInt(amount) * BigInt(ppm) + 999_999n) / 1_000_000n) as Msat

/** The sum, rounded up to a whole sat once. */
export const sumToWholeSats = (...amounts: readonly Msat[]): Msat =>
  msatFromSats(Math.ceil(amounts.reduce<number>((sum, amount) => sum + amount, 0) / 1000))
