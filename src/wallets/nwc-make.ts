/** How does an NWC wallet make invoices? Of its own (NIP-47 §make_invoice), and on a given hash (§make_hold_invoice). */
import { isMalformed } from '../core/identifiers.js'
import type { HoldInvoiceOutcome, HoldInvoiceRequest, InvoiceRequest, MadeInvoice } from '../ports.js'
import { parseMadeInvoice } from './nwc-invoice.js'
import { findIncoming, refusalOf, resultOf, type Source } from './nwc-lookup.js'
import { walletFault } from './wallet-fault.js'

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
  const made = parseMadeInvoice(resultOf(reply, 'make_invoice'), { amountMsat })
  if (isMalformed(made)) throw nonsense('make_invoice', made.malformed)
  return made
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
    const made = parseMadeInvoice(reply.result as Record<string, unknown>, { amountMsat, paymentHash })
    if (isMalformed(made)) throw nonsense('make_hold_invoice', made.malformed)
    return { type: 'made', bolt11: made.bolt11 }
  }
  const mayExist = !reply.code.startsWith('local:') && !NOT_OFFERED.has(reply.code)
  const found = mayExist ? await findIncoming(source, paymentHash) : null
  if (!found) throw refusalOf(reply.code, 'make_hold_invoice')
  const held = source.held.get(paymentHash) !== undefined || found.settleDeadline !== null
  const usable = found.state === 'pending' || found.state === 'accepted' || (found.state === 'expired' && held)
  if (!usable) return { type: 'taken' }
  const again = parseMadeInvoice({ invoice: found.invoice }, { amountMsat, paymentHash })
  return isMalformed(again) ? { type: 'taken' } : { type: 'made', bolt11: again.bolt11 }
}

const nonsense = (method: string, reason: string): Error =>
  walletFault(`the wallet answered nonsense to ${method}: ${reason}`)
