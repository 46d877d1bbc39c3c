/** How is a token minted and verified? Macaroons over a payment hash (L402 §Macaroon), and one format that is none. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { importMacaroon, newMacaroon, type Macaroon } from 'macaroon'
import { isMalformed, parsePaymentHash, type PaymentHash } from '../../core/identifiers.js'

declare module 'macaroon' {
  interface Macaroon {
    readonly signature: Uint8Array
  }
}

export interface TokenTerms {
  readonly rootKey: Buffer
  readonly paymentHash: string
  readonly location: string
  readonly caveats: readonly string[]
}

export interface VerifiedToken {
  readonly paymentHash: PaymentHash
  readonly caveats: readonly string[]
}

const FIELD = { end: 0, location: 1, identifier: 2, signature: 6 } as const
const VERSION_2 = 2
const IDENTIFIER_BYTES = 66

/** Version 2 binary in base64 with padding. The identifier is version 0, the payment hash and a random id: 66 bytes. */
export function mintMacaroon({ rootKey, paymentHash, location, caveats }: TokenTerms): string {
  const identifier = Buffer.concat([Buffer.alloc(2), Buffer.from(paymentHash, 'hex'), randomBytes(32)])
  const macaroon = newMacaroon({ identifier, location, rootKey })
  for (const caveat of caveats) macaroon.addFirstPartyCaveat(caveat)
  return encodeMacaroon(macaroon).toString('base64')
}

/** Version 2 binary. Written here because every 402 needs one: in one pass, whatever the number of caveats. */
export function encodeMacaroon({ location, identifier, caveats, signature }: Macaroon): Buffer {
  const end = Buffer.of(FIELD.end)
  return Buffer.concat([
    Buffer.of(VERSION_2),
    field(FIELD.location, Buffer.from(location)),
    field(FIELD.identifier, identifier),
    end,
    ...caveats.flatMap((caveat) => [field(FIELD.identifier, caveat.identifier), end]),
    end,
    field(FIELD.signature, signature),
  ])
}

function field(type: number, data: Uint8Array): Buffer {
  const length: number[] = []
  for (let rest = data.length; ; rest >>>= 7) {
    if (rest < 0x80) {
      length.push(rest)
      return Buffer.concat([Buffer.of(type, ...length), data])
    }
    length.push((rest & 0x7f) | 0x80)
  }
}

/** Null for a token that is not of this key, or no such macaroon. What the caveats say is the caller's to judge. */
export function verifyMacaroon(token: string, rootKey: Buffer): VerifiedToken | null {
  try {
    const macaroon = importMacaroon(token)
    const caveats: string[] = []
    macaroon.verify(rootKey, (caveat) => {
      caveats.push(caveat)
      return null
    })
    const identifier = Buffer.from(macaroon.identifier)
    if (identifier.length !== IDENTIFIER_BYTES || identifier.readUInt16BE(0) !== 0) return null
    const paymentHash = parsePaymentHash(identifier.toString('hex', 2, 34))
    return isMalformed(paymentHash) ? null : { paymentHash, caveats }
  } catch {
    return null // not a macaroon, or the chain of signatures does not hold
  }
}

/** Whether it can be read as one at all. */
export function isMacaroon(token: string): boolean {
  try {
    return importMacaroon(token).identifier.length > 0
  } catch {
    return false
  }
}

/** Base64url of JSON, a dot, and its HMAC in hex. */
export function mintSealedToken(rootKey: Buffer, paymentHash: string): string {
  const claims = Buffer.from(JSON.stringify({ payment_hash: paymentHash, id: randomBytes(8).toString('hex') }))
  return `${claims.toString('base64url')}.${seal(rootKey, claims).toString('hex')}`
}

export function verifySealedToken(token: string, rootKey: Buffer): VerifiedToken | null {
  const [, claims = '', mac = ''] = /^([A-Za-z0-9_-]+)\.([0-9a-f]{64})$/.exec(token) ?? []
  const bytes = Buffer.from(claims, 'base64url')
  if (mac === '' || !timingSafeEqual(seal(rootKey, bytes), Buffer.from(mac, 'hex'))) return null
  const { payment_hash } = JSON.parse(bytes.toString('utf8')) as { payment_hash: unknown }
  const paymentHash = parsePaymentHash(payment_hash)
  return isMalformed(paymentHash) ? null : { paymentHash, caveats: [] }
}

const seal = (rootKey: Buffer, claims: Uint8Array): Buffer => createHmac('sha256', rootKey).update(claims).digest()
