/** Which strings are identifiers? Brands are made here only, so a value that carries one has been checked. */

declare const brand: unique symbol
type Brand<T, Name extends string> = T & { readonly [brand]: Name }

/** 32 bytes in lower-case hex: the id of a Nostr event (NIP-01). */
export type EventId = Brand<string, 'EventId'>
/** 32 bytes in lower-case hex: an x-only public key (NIP-01). */
export type Pubkey = Brand<string, 'Pubkey'>
/** 32 bytes in lower-case hex: sha256 of a preimage (BOLT11 `p`). */
export type PaymentHash = Brand<string, 'PaymentHash'>
/** 32 bytes in lower-case hex whose sha256 is a payment hash. A secret. */
export type Preimage = Brand<string, 'Preimage'>
/** An opaque credential half that a status endpoint gave in place of a preimage; good at that origin only. A secret. */
export type TokenSuffix = Brand<string, 'TokenSuffix'>
/** Milliseconds since 1970. */
export type Millis = number
/** Seconds since 1970, as Nostr and BOLT11 count. */
export type Seconds = number

/** What a parser returns instead of throwing. `malformed` is safe to show to whoever sent the input. */
export interface Malformed {
  readonly malformed: string
}

export const malformed = (reason: string): Malformed => ({ malformed: reason })

export function isMalformed(value: unknown): value is Malformed {
  return typeof value === 'object' && value !== null && typeof (value as Malformed).malformed === 'string'
}

const HEX_32_BYTES = /^[0-9a-f]{64}$/

const isHex32 = (value: unknown): value is string => typeof value === 'string' && HEX_32_BYTES.test(value)

export function parseEventId(value: unknown): EventId | Malformed {
  return isHex32(value) ? (value as EventId) : malformed('an event id is 64 lower-case hex digits')
}

export function parsePubkey(value: unknown): Pubkey | Malformed {
  return isHex32(value) ? (value as Pubkey) : malformed('a public key is 64 lower-case hex digits')
}

export function parsePaymentHash(value: unknown): PaymentHash | Malformed {
  return isHex32(value) ? (value as PaymentHash) : malformed('a payment hash is 64 lower-case hex digits')
}

export function parsePreimage(value: unknown): Preimage | Malformed {
  return isHex32(value) ? (value as Preimage) : malformed('a preimage is 64 lower-case hex digits')
}

/** The part after the colon of a credential when it is not a preimage: printable, bounded, no separators. */
export function parseTokenSuffix(value: unknown): TokenSuffix | Malformed {
  if (typeof value === 'string' && /^[A-Za-z0-9._~+/=-]{16,256}$/.test(value)) return value as TokenSuffix
  return malformed('a token suffix is 16 to 256 characters of a base64 or hex alphabet')
}
