/** How are values written in LND's JSON? 64-bit numbers as strings, bytes in base64; in a path in base64 for URLs. */
import { createHash } from 'node:crypto'
import {
  isMalformed,
  malformed,
  parsePreimage,
  type Malformed,
  type PaymentHash,
  type Preimage,
} from '../core/identifiers.js'

/** A whole number of zero or more, below 2^53. Null for anything else. */
export function parseWhole(value: unknown): number | null {
  const number = typeof value === 'string' && /^[0-9]{1,16}$/.test(value) ? Number(value) : value
  return typeof number === 'number' && Number.isSafeInteger(number) && number >= 0 ? number : null
}

/** 32 bytes of base64, in hex. Null for anything else. */
export function parseBytes32(value: unknown): string | null {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/_-]{43}=?$/.test(value)) return null
  return Buffer.from(value, 'base64').toString('hex')
}

export const base64Of = (hex: string): string => Buffer.from(hex, 'hex').toString('base64')

export const base64UrlOf = (hex: string): string => `${Buffer.from(hex, 'hex').toString('base64url')}=`

const isPreimageOf = (preimage: Preimage, paymentHash: PaymentHash): boolean =>
  createHash('sha256').update(preimage, 'hex').digest('hex') === paymentHash

/** Hex that proves the payment hash. Null where there is none: empty, or all zero, as LND writes one that it does not know. */
export function provenPreimage(hex: unknown, paymentHash: PaymentHash): Preimage | null | Malformed {
  if (hex === undefined || hex === null || hex === '' || (typeof hex === 'string' && /^0+$/.test(hex))) return null
  const preimage = parsePreimage(hex)
  if (isMalformed(preimage)) return preimage
  return isPreimageOf(preimage, paymentHash) ? preimage : malformed('the preimage is not that of the payment hash')
}

/** As `provenPreimage`, from base64. */
export function provenBase64(value: unknown, paymentHash: PaymentHash): Preimage | null | Malformed {
  if (value === undefined || value === null || value === '') return null
  return provenPreimage(parseBytes32(value) ?? 'not 32 bytes', paymentHash)
}
