/** Is it the invoice that was asked for? What a wallet gives is decoded before anybody is shown it. */
import { isMalformed } from '../core/identifiers.js'
import { msatFromSats, type Msat } from '../core/money.js'
import { decodeInvoice } from '../l402/invoice.js'
import type { MadeInvoice } from '../ports.js'
import { walletFault } from './wallet-fault.js'

/** @throws TollbridgeError `wallet-unusable` where it is not an invoice of this amount. */
export function madeInvoice(bolt11: unknown, amountMsat: Msat): MadeInvoice {
  const invoice = typeof bolt11 === 'string' ? decodeInvoice(bolt11) : null
  if (invoice === null || isMalformed(invoice)) throw walletFault('the wallet gave no invoice that can be read')
  if (invoice.amountMsat !== amountMsat) throw walletFault('the wallet made an invoice of another amount')
  return { bolt11: bolt11 as string, paymentHash: invoice.paymentHash }
}

/** For wallets that know no less than a sat. @throws TollbridgeError `wallet-unusable` where it is not whole: nothing is rounded. */
export function wholeSats(name: string, amountMsat: Msat): number {
  const sats = Math.floor(amountMsat / 1000)
  if (sats > 0 && msatFromSats(sats) === amountMsat) return sats
  throw walletFault(`wallet ${name} makes invoices in whole sats only, and ${amountMsat} msat is none`)
}
