/** Is a saved fact still what was written? JSON with a checksum of itself: damage is noticed, and never taken for the truth. */
import { crc32 } from 'node:zlib'
import { TollbridgeError } from '../core/errors.js'
import { createPrivate, readIfThere, writePrivate } from './private-file.js'

const sumOf = (fact: object): string => crc32(JSON.stringify(fact)).toString(16).padStart(8, '0')

const serialise = (fact: object): string => `${JSON.stringify({ ...fact, crc32: sumOf(fact) }, null, 2)}\n`

/** Replaces it. Durable when resolved. */
export const writeFact = (file: string, fact: object): Promise<void> => writePrivate(file, serialise(fact))

/** The first that is written stays: of several processes exactly one gets `created`. Durable when resolved. */
export const createFact = (file: string, fact: object): Promise<'created' | 'exists'> =>
  createPrivate(file, serialise(fact))

/** Null where there is no such file. One without a checksum is taken at its word. @throws TollbridgeError `store-corrupt` */
export async function readFact<T extends object>(file: string): Promise<T | null> {
  const text = await readIfThere(file)
  if (text === null) return null
  const { crc32: sum, ...fact } = parse(file, text)
  if (sum === undefined || sum === sumOf(fact)) return fact as T
  throw damaged(file, 'it does not fit its checksum. Whoever changed it on purpose removes its line "crc32"')
}

function parse(file: string, text: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw damaged(file, 'it is not JSON', error)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
  throw damaged(file, 'it is no object')
}

/** Never taken for "nothing was paid": our own files are whole, so something else has been at this one. */
const damaged = (file: string, why: string, cause?: unknown): TollbridgeError =>
  new TollbridgeError('store-corrupt', `${file} is damaged, restore it: ${why}`, { cause })
