/** How does lightningd say that it will not? Numbered errors, and parameters that are read or refused. */
import { isMalformed, parsePaymentHash, type PaymentHash } from '../../core/identifiers.js'
import { parseMsat, type Msat } from '../../core/money.js'

export type Parameters = Readonly<Record<string, unknown>>
export type CommandTable = Readonly<Record<string, ((parameters: Parameters) => Promise<object>) | undefined>>

/** An error of lightningd, by its number. */
export class RpcError extends Error {
  readonly code: number
  constructor(code: number, message: string) {
    super(message)
    this.name = 'RpcError'
    this.code = code
  }
}

export const INVALID_PARAMETERS = -32602

export function readMsat(value: unknown): Msat {
  const amount = parseMsat(typeof value === 'string' ? value.replace(/msat$/, '') : value)
  if (isMalformed(amount)) throw new RpcError(INVALID_PARAMETERS, 'amount_msat: should be a millisatoshi amount')
  return amount
}

export function readHash(value: unknown): PaymentHash {
  const hash = parsePaymentHash(value)
  if (isMalformed(hash)) throw new RpcError(INVALID_PARAMETERS, 'payment_hash: should be 32 bytes in hex')
  return hash
}
