/** How does an NWC wallet make invoices? Of its own (NIP-47 §make_invoice), and on a given hash (§make_hold_invoice). */
import { isMalformed } from '../core/identifiers.js'
import type { HoldInvoiceOutcome, HoldInvoiceRequest, InvoiceRequest, MadeInvoice } from '../ports.js'
import { madeInvoice, parseMadeInvoice } from './made-invoice.js'
import { findIncoming, refusalOf, resultOf, type Source } from './nwc-lookup.js'

/** Codes by which a wallet says that it does not do this at all: there is nothing to look up. */
const NOT_OFFERED: ReadonlySet<string> = new Set([
  'NOT_IMPLEMENTED',
  'RESTRICTED',
  'UNAUTHORIZED',
  'UNSUPPORTED_ENCRYPTION',
])

export async function makeInvoice({ ask }: Source, request: InvoiceRequest): Promise<MadeInvoice> {
  const { amountMsat, description, expirySeconds } = request
  const reply = await ask('make_invoice', { amount: amountMsat, description, expiry: expirySeconds })
  return madeInvoice(toldIn(resultOf(reply, 'make_invoice')), { amountMsat })
}

/**
 * Wallets have no code of their own for a hash that exists, so every refusal that may mean it is looked up: what is found open or
 * accepted over the same amount is the invoice of an earlier request.
 */
export async function makeHoldInvoice(source: Source, request: HoldInvoiceRequest): Promise<HoldInvoiceOutcome> {
  const { amountMsat, description, expirySeconds, paymentHash, minCltvDelta } = request
  const reply = await source.ask('make_hold_invoice', {
    amount: amountMsat,
    description,
    expiry: expirySeconds,
    payment_hash: paymentHash,
    min_cltv_expiry_delta: minCltvDelta,
  })
  if (reply.type === 'result') {
    const { bolt11 } = madeInvoice(toldIn(resultOf(reply, 'make_hold_invoice')), { amountMsat, paymentHash })
    return { type: 'made', bolt11 }
  }
  const mayExist = !reply.code.startsWith('local:') && !NOT_OFFERED.has(reply.code)
  const found = mayExist ? await findIncoming(source, paymentHash) : null
  if (!found) throw refusalOf(reply.code, 'make_hold_invoice')
  const held = source.held.get(paymentHash) !== undefined || found.settleDeadline !== null
  const usable = found.state === 'pending' || found.state === 'accepted' || (found.state === 'expired' && held)
  if (!usable) return { type: 'taken' }
  const again = parseMadeInvoice({ bolt11: found.invoice }, { amountMsat, paymentHash })
  return isMalformed(again) ? { type: 'taken' } : { type: 'made', bolt11: again.bolt11 }
}

/** All but the invoice is optional with some wallets. */
const toldIn = ({ invoice, payment_hash: paymentHash }: Readonly<Record<string, unknown>>) => ({
  bolt11: invoice,
  paymentHash,
})
