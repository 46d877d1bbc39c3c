/** How are invoices of our own made, settled and cancelled at LND? What it answers is checked before it is shown to anybody. */
import type { PaymentHash, Preimage } from '../core/identifiers.js'
import { isPreimageOf } from '../l402/credential.js'
import type { HoldInvoiceOutcome, HoldInvoiceRequest, InvoiceRequest, MadeInvoice } from '../ports.js'
import { isNotFound, isTaken, resultOf, type LndReply } from './lnd-client.js'
import { findInvoice, type LndSource } from './lnd-lookup.js'
import { base64Of, parseBytes32 } from './lnd-values.js'
import { madeInvoice } from './made-invoice.js'
import { unusable } from './wallet-fault.js'

/** LND's longest memo is 1,024 bytes. */
const LONGEST_MEMO = 639

/**
 * With hop hints where the node has channels that are not announced: without them nobody could pay a node that has no others.
 */
const termsOf = ({ amountMsat, description, expirySeconds }: InvoiceRequest) => ({
  value_msat: String(amountMsat),
  memo: description.slice(0, LONGEST_MEMO),
  expiry: String(expirySeconds),
  private: true,
})

export async function makeInvoice({ name, client }: LndSource, request: InvoiceRequest): Promise<MadeInvoice> {
  const result = resultOf(name, await client.post('/v1/invoices', termsOf(request)), 'make an invoice')
  return madeInvoice({ bolt11: result['payment_request'], paymentHash: parseBytes32(result['r_hash']) }, request)
}

export async function makeHoldInvoice(source: LndSource, request: HoldInvoiceRequest): Promise<HoldInvoiceOutcome> {
  const { name, client } = source
  const { paymentHash, minCltvDelta } = request
  const json = { ...termsOf(request), hash: base64Of(paymentHash), cltv_expiry: String(minCltvDelta) }
  const reply = await client.post('/v2/invoices/hodl', json)
  if (reply.type === 'error' && isTaken(reply)) return existing(source, request)
  const { payment_request: bolt11 } = resultOf(name, reply, 'make a hold invoice')
  return { type: 'made', bolt11: madeInvoice({ bolt11 }, request).bolt11 }
}

/** Ours from an earlier try, or somebody else's: an invoice whose preimage the node knows is that of a payee on this very node. */
async function existing(source: LndSource, request: HoldInvoiceRequest): Promise<HoldInvoiceOutcome> {
  const { paymentHash, amountMsat } = request
  const invoice = await findInvoice(source, paymentHash)
  if (invoice === null) throw unusable(source.name, 'it has an invoice of this hash and does not find it')
  const { state } = invoice.incoming
  const isOurs = invoice.isHold && invoice.amountMsat === amountMsat && (state === 'pending' || state === 'accepted')
  if (!isOurs) return { type: 'taken' }
  return { type: 'made', bolt11: madeInvoice(invoice, request).bolt11 }
}

/** @throws unless LND says that it is settled with this preimage. */
export async function settleHoldInvoice(
  source: LndSource,
  preimage: Preimage,
  paymentHash: PaymentHash,
): Promise<void> {
  if (!isPreimageOf(preimage, paymentHash)) {
    throw unusable(source.name, 'the preimage is not that of the payment hash')
  }
  const reply = await source.client.post('/v2/invoices/settle', { preimage: base64Of(preimage) })
  if (reply.type === 'error') await doneAll(source, paymentHash, 'settled', reply)
}

/** @throws unless LND says that it is cancelled or unknown. */
export async function cancelHoldInvoice(source: LndSource, paymentHash: PaymentHash): Promise<void> {
  const reply = await source.client.post('/v2/invoices/cancel', { payment_hash: base64Of(paymentHash) })
  if (reply.type === 'error' && !isNotFound(reply)) await doneAll(source, paymentHash, 'cancelled', reply)
}

/** A refusal may mean that it had been done before: the state tells, not the words. */
async function doneAll(
  source: LndSource,
  paymentHash: PaymentHash,
  wanted: 'settled' | 'cancelled',
  refusal: LndReply,
): Promise<void> {
  const invoice = await findInvoice(source, paymentHash)
  const state = invoice?.incoming.state ?? 'not_found'
  const isDone = wanted === 'settled' ? state === 'settled' : ['cancelled', 'not_found'].includes(state)
  if (!isDone) resultOf(source.name, refusal, wanted === 'settled' ? 'settle the invoice' : 'cancel the invoice')
}
