/** Is it the invoice that was asked for? What a wallet gives is decoded before anybody is shown it. */
import { isMalformed, malformed, type Malformed, type PaymentHash } from '../core/identifiers.js'
import { msatFromSats, type Msat } from '../core/money.js'
import { decodeInvoice } from '../l402/invoice.js'
import type { MadeInvoice } from '../ports.js'
import { walletFault } from './wallet-fault.js'

interface Told {
  readonly bolt11: unknown
  /** Some name it beside the invoice; absent, null or empty where they do not. */
  readonly paymentHash?: unknown
}

interface Asked {
  readonly amountMsat: Msat
  /** Of a hold invoice. */
  readonly paymentHash?: PaymentHash
}

export function parseMadeInvoice({ bolt11, paymentHash: named }: Told, asked: Asked): MadeInvoice | Malformed {
  const read = typeof bolt11 === 'string' ? decodeInvoice(bolt11) : null
  if (typeof bolt11 !== 'string' || read === null || isMalformed(read)) return malformed('no invoice that can be read')
  const { amountMsat, paymentHash } = read
  if (amountMsat !== asked.amountMsat) return malformed('an invoice of another amount')
  if (paymentHash !== (asked.paymentHash ?? paymentHash)) return malformed('an invoice of another payment hash')
  if (named != null && named !== '' && named !== paymentHash) return malformed('an invoice, and another payment hash')
  return { bolt11, paymentHash }
}

/** @throws TollbridgeError `wallet-unusable` where it is not that invoice. */
export function madeInvoice(told: Told, asked: Asked): MadeInvoice {
  const made = parseMadeInvoice(told, asked)
  if (isMalformed(made)) throw walletFault(`the wallet gave ${made.malformed}`)
  return made
}

/** For wallets that know no less than a sat. @throws TollbridgeError `wallet-unusable` where it is not whole: nothing is rounded. */
export function wholeSats(name: string, amountMsat: Msat): number {
  const sats = Math.floor(amountMsat / 1000)
  if (sats > 0 && msatFromSats(sats) === amountMsat) return sats
  throw walletFault(`wallet ${name} makes invoices in whole sats only, and ${amountMsat} msat is none`)
}
