/** How are values written in LND's JSON? 64-bit numbers as strings, bytes in base64; in a path in base64 for URLs. */
import type { Malformed, PaymentHash, Preimage } from '../core/identifiers.js'
import { provenPreimage } from './preimage.js'

/** 32 bytes of base64, in hex. Null for anything else. */
export function parseBytes32(value: unknown): string | null {
  if (typeof value !== 'string' || !/^[A-Za-z0-9+/_-]{43}=?$/.test(value)) return null
  return Buffer.from(value, 'base64').toString('hex')
}

export const base64Of = (hex: string): string => Buffer.from(hex, 'hex').toString('base64')

export const base64UrlOf = (hex: string): string => `${Buffer.from(hex, 'hex').toString('base64url')}=`

/** As `provenPreimage`, from base64. */
export function provenBase64(value: unknown, paymentHash: PaymentHash): Preimage | null | Malformed {
  if (value === undefined || value === null || value === '') return null
  return provenPreimage(parseBytes32(value) ?? 'not 32 bytes', paymentHash)
}
