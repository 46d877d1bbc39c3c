/** What does Core Lightning know of an invoice of its own? Its status is the gate; of other invoices in the answer nothing is taken. */
import { randomUUID } from 'node:crypto'
import { isMalformed, parsePaymentHash, type Millis, type PaymentHash } from '../core/identifiers.js'
import type { IncomingState, InvoiceRequest, MadeInvoice, SettledIncoming } from '../ports.js'
import { listOf, resultOf, type ClnCall } from './cln-client.js'
import { isOfHash, parseClnMsat, preimageOf } from './cln-fields.js'
import { parseTime, type JsonObject } from './json.js'
import { madeInvoice } from './made-invoice.js'
import { settledProof } from './preimage.js'
import { walletFault } from './wallet-fault.js'

export type ClnEntry = JsonObject

/** Null where no invoice has this hash. @throws TollbridgeError where the node does not answer or answers nonsense. */
export async function findInvoice(call: ClnCall, paymentHash: PaymentHash): Promise<ClnEntry | null> {
  const command = 'listinvoices'
  const entries = listOf(resultOf(await call(command, { payment_hash: paymentHash }), command), 'invoices')
  if (entries.length === 0) return null
  const found = entries.find((entry) => isOfHash(entry, paymentHash))
  // A node, or what stands before it, that has not read the hash tells of every invoice: the first is somebody else's.
  if (!found) throw walletFault('the node answered for another payment hash')
  return found
}

/** @throws as above. */
export function incomingState(entry: ClnEntry, paymentHash: PaymentHash, now: Millis): IncomingState {
  const { status } = entry
  if (status === 'unpaid') {
    const expiresAt = parseTime(entry['expires_at'])
    return { state: expiresAt !== null && expiresAt <= now ? 'expired' : 'pending' }
  }
  if (status === 'expired') return { state: 'expired' }
  if (status !== 'paid') throw walletFault('the node names no status that is known for an invoice')
  const amountMsat = parseClnMsat(entry['amount_received_msat'])
  if (amountMsat === null) throw walletFault('the node names no amount for a paid invoice')
  const preimage = preimageOf(entry['payment_preimage'], paymentHash)
  return { state: 'settled', preimage, amountMsat, settledAt: parseTime(entry['paid_at']) }
}

/** The entry as a proof of a payment, or null where it is anything less. */
export function settledEntry(entry: ClnEntry): SettledIncoming | null {
  const paymentHash = parsePaymentHash(entry['payment_hash'])
  if (isMalformed(paymentHash) || entry['status'] !== 'paid') return null
  try {
    return settledProof(paymentHash, incomingState(entry, paymentHash, 0))
  } catch {
    // What proves nothing is not listed; a look-up of its hash says why.
    return null
  }
}

/** @throws TollbridgeError where the node does not answer, refuses, or gives something else than was asked for. */
export async function makeInvoice(call: ClnCall, request: InvoiceRequest): Promise<MadeInvoice> {
  const result = resultOf(
    await call('invoice', {
      amount_msat: request.amountMsat,
      // No two invoices of a node may share one.
      label: `tollbridge-${randomUUID()}`,
      description: request.description,
      expiry: request.expirySeconds,
    }),
    'invoice',
  )
  return madeInvoice({ bolt11: result['bolt11'] }, request)
}
