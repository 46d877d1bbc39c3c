/** How does the embedded wallet say no? With an error code of NIP-47. */
import { isMalformed, parsePaymentHash, type PaymentHash } from '../core/identifiers.js'
import { parseMsat, type Msat } from '../core/money.js'

/** A refusal of NIP-47: `code` is one of its error codes. */
export class NwcRefusal extends Error {
  readonly code: string
  constructor(code: string, message: string) {
    super(message)
    this.name = 'NwcRefusal'
    this.code = code
  }
}

export function missing(): never {
  throw new NwcRefusal('NOT_FOUND', 'no such payment')
}

export function readAmount(value: unknown): Msat {
  const amount = parseMsat(value)
  if (isMalformed(amount)) throw new NwcRefusal('OTHER', amount.malformed)
  return amount
}

export function readPaymentHash(value: unknown): PaymentHash {
  const hash = parsePaymentHash(value)
  if (isMalformed(hash)) throw new NwcRefusal('OTHER', hash.malformed)
  return hash
}
