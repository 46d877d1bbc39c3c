/** How is an invoice made that no honest wallet would sign? Any fields in any order, with a checksum and signature that hold. */
import { createHash } from 'node:crypto'
import * as secp256k1 from 'tiny-secp256k1'

export interface Field {
  readonly type: number
  readonly words: readonly number[]
  /** Written in place of the true number of words. */
  readonly claimedLength?: number
}

export interface InvoiceToCraft {
  /** Human-readable part: `lnbcrt210n`. */
  readonly hrp?: string
  /** Seconds since 1970. */
  readonly timestamp?: number
  readonly fields?: readonly Field[]
}

const CHARSET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l'
const NODE_KEY = Buffer.alloc(32, 0x11)

export const CRAFTED_PAYEE = Buffer.from(secp256k1.pointFromScalar(NODE_KEY, true) ?? []).toString('hex')
export const CRAFTED_HASH = createHash('sha256').update(Buffer.alloc(32, 0x22)).digest('hex')
export const CRAFTED_PREIMAGE = '22'.repeat(32)
export const CRAFTED_AT = 1_800_000_000

export const hashField = (hex: string = CRAFTED_HASH): Field => ({ type: 1, words: wordsOf(Buffer.from(hex, 'hex')) })
export const secretField = (): Field => ({ type: 16, words: wordsOf(Buffer.alloc(32, 0x33)) })
export const descriptionField = (text = 'L402'): Field => ({ type: 13, words: wordsOf(Buffer.from(text)) })
export const payeeField = (hex: string = CRAFTED_PAYEE): Field => ({
  type: 19,
  words: wordsOf(Buffer.from(hex, 'hex')),
})
export const numberField = (type: 6 | 24, value: number): Field => ({ type, words: numberWords(value) })

/** Sets the bits of these numbers. */
export function featureField(...bits: number[]): Field {
  const words = Array<number>(Math.ceil((Math.max(...bits) + 1) / 5)).fill(0)
  for (const bit of bits) {
    const at = words.length - 1 - Math.floor(bit / 5)
    words[at] = (words[at] ?? 0) | (1 << (bit % 5))
  }
  return { type: 5, words }
}

/** Payment hash, secret, description and the usual features. */
export const USUAL_FIELDS: readonly Field[] = [hashField(), secretField(), descriptionField(), featureField(8, 14, 17)]

export function craftInvoice({
  hrp = 'lnbcrt210n',
  timestamp = CRAFTED_AT,
  fields = USUAL_FIELDS,
}: InvoiceToCraft = {}): string {
  const data = [...numberWords(timestamp, 7), ...fields.flatMap(fieldWords)]
  const digest = createHash('sha256').update(hrp).update(bytesOf(data)).digest()
  const { signature, recoveryId } = secp256k1.signRecoverable(digest, NODE_KEY)
  return encodeBech32(hrp, [...data, ...wordsOf(Buffer.concat([signature, Buffer.of(recoveryId)]))])
}

/** Any words with a checksum that holds. */
export function encodeBech32(hrp: string, words: readonly number[]): string {
  const spread = Array.from(hrp, (char) => char.charCodeAt(0))
  const head = [...spread.map((code) => code >> 5), 0, ...spread.map((code) => code & 31)]
  const sum = polymod([...head, ...words, 0, 0, 0, 0, 0, 0]) ^ 1
  const checksum = [5, 4, 3, 2, 1, 0].map((place) => (sum >>> (place * 5)) & 31)
  return `${hrp}1${[...words, ...checksum].map((word) => CHARSET.charAt(word)).join('')}`
}

function polymod(values: readonly number[]): number {
  const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3]
  return values.reduce((sum, value) => {
    const next = ((sum & 0x1ffffff) << 5) ^ value
    return generator.reduce((mixed, part, bit) => (((sum >>> 25) >> bit) & 1 ? mixed ^ part : mixed), next)
  }, 1)
}

function fieldWords({ type, words, claimedLength = words.length }: Field): number[] {
  return [type, claimedLength >> 5, claimedLength & 31, ...words]
}

function numberWords(value: number, width = 1): number[] {
  const words: number[] = []
  for (let rest = value; rest > 0; rest = Math.floor(rest / 32)) words.unshift(rest % 32)
  while (words.length < width) words.unshift(0)
  return words
}

export function wordsOf(bytes: Uint8Array): number[] {
  const bits = Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('')
  return (bits.match(/.{1,5}/g) ?? []).map((group) => Number.parseInt(group.padEnd(5, '0'), 2))
}

/** The last byte is filled up with zeros, as signatures are made over it. */
function bytesOf(words: readonly number[]): Uint8Array {
  const bits = words.map((word) => word.toString(2).padStart(5, '0')).join('')
  return Buffer.from((bits.match(/.{1,8}/g) ?? []).map((group) => Number.parseInt(group.padEnd(8, '0'), 2)))
}
