/** How does Core Lightning hold a payment? By its `hold` plugin, whose invoices are kept apart from those of the node. */
import { isMalformed, type Millis, type PaymentHash, type Preimage } from '../core/identifiers.js'
import type { Msat } from '../core/money.js'
import { isPreimageOf } from '../l402/credential.js'
import { decodeInvoice } from '../l402/invoice.js'
import type { HoldInvoiceOutcome, HoldInvoiceRequest, IncomingState } from '../ports.js'
import { listOf, reasonOf, resultOf, type ClnCall } from './cln-client.js'
import { isOfHash, parseClnMsat, preimageOf } from './cln-fields.js'
import { findInvoice, type ClnEntry } from './cln-invoices.js'
import { parseTime, parseWhole } from './json.js'
import { madeInvoice, parseMadeInvoice } from './made-invoice.js'
import { walletFault } from './wallet-fault.js'

const LIST = 'listholdinvoices'
/** The plugin gives a payment back so many blocks before it would expire (its default, hold-expiry-deadline). */
const GIVEN_BACK_BLOCKS = 3
const NO_HASH = '00'.repeat(32)

/** Does the node have the plugin? @throws TollbridgeError where it does not answer. */
export async function hasHoldPlugin(call: ClnCall): Promise<boolean> {
  const reply = await call(LIST, { payment_hash: NO_HASH })
  if (reply.type === 'error') return false
  return Array.isArray(resultOf(reply, LIST)['holdinvoices'])
}

async function find(call: ClnCall, paymentHash: PaymentHash): Promise<ClnEntry | null> {
  const entries = listOf(resultOf(await call(LIST, { payment_hash: paymentHash }), LIST), 'holdinvoices')
  const found = entries.find((entry) => isOfHash(entry, paymentHash))
  if (!found && entries.length > 0) throw walletFault('the node answered for another payment hash')
  return found ?? null
}

const bolt11Of = (entry: ClnEntry): string => {
  const bolt11 = entry['invoice'] ?? entry['bolt11']
  if (typeof bolt11 === 'string') return bolt11
  throw walletFault('the node shows no invoice for a hold invoice')
}

/** @throws TollbridgeError where the node does not answer or answers nonsense. */
export async function lookupHold(call: ClnCall, paymentHash: PaymentHash, now: Millis): Promise<IncomingState> {
  const entry = await find(call, paymentHash)
  return entry === null ? { state: 'not_found' } : holdState(entry, paymentHash, now)
}

function holdState(entry: ClnEntry, paymentHash: PaymentHash, now: Millis): IncomingState {
  const state = typeof entry['state'] === 'string' ? entry['state'].toLowerCase() : ''
  switch (state) {
    case 'unpaid': {
      const invoice = decodeInvoice(bolt11Of(entry))
      return { state: !isMalformed(invoice) && invoice.expiresAt <= now ? 'expired' : 'pending' }
    }
    case 'cancelled':
      return { state }
    case 'accepted': {
      const { amountMsat, settleDeadline } = heldIn(entry)
      return { state, amountMsat, settleDeadline }
    }
    case 'paid': {
      const { amountMsat } = heldIn(entry)
      const preimage = preimageOf(entry['preimage'], paymentHash)
      return { state: 'settled', preimage, amountMsat, settledAt: parseTime(entry['settled_at']) }
    }
    default:
      throw walletFault('the node names no state that is known for a hold invoice')
  }
}

/** Of parts that were sent back nothing counts; the one that expires first decides when the whole must be settled. */
function heldIn(entry: ClnEntry): { amountMsat: Msat; settleDeadline: number | null } {
  const parts = listOf(entry, 'htlcs').filter(({ state }) => /^(accepted|paid)$/i.test(String(state)))
  const amounts = parts.map((part) => parseClnMsat(part['msat']))
  const expiries = parts.map((part) => parseWhole(part['cltv_expiry']))
  if (amounts.length === 0 || amounts.includes(null)) throw walletFault('the node names no amount for a held payment')
  const first = expiries.includes(null) ? null : Math.min(...expiries.map((expiry) => expiry ?? 0))
  return {
    amountMsat: amounts.reduce<number>((sum, amount) => sum + (amount ?? 0), 0) as Msat,
    settleDeadline: first === null ? null : Math.max(0, first - GIVEN_BACK_BLOCKS),
  }
}

/** Expiry, delta and description cannot be chosen: whoever asked reads them from the invoice. @throws as above. */
export async function makeHold(call: ClnCall, request: HoldInvoiceRequest, now: Millis): Promise<HoldInvoiceOutcome> {
  const { paymentHash } = request
  // ORDER: asked first. The plugin does not know the node's own invoices, and takes every payment on its hash: of an invoice that
  // others may be paying now, too.
  if ((await findInvoice(call, paymentHash)) !== null) return { type: 'taken' }
  const before = await existing(call, request, now)
  if (before) return before
  const reply = await call('holdinvoice', { payment_hash: paymentHash, amount: request.amountMsat })
  if (reply.type === 'error') {
    // Two calls at once: the other was first.
    const meanwhile = await existing(call, request, now)
    if (meanwhile) return meanwhile
    throw walletFault(`holdinvoice: ${reasonOf(reply.code)}`)
  }
  const { bolt11 } = madeInvoice({ bolt11: resultOf(reply, 'holdinvoice')['bolt11'] }, request)
  return { type: 'made', bolt11 }
}

async function existing(call: ClnCall, asked: HoldInvoiceRequest, now: Millis): Promise<HoldInvoiceOutcome | null> {
  const { paymentHash } = asked
  const entry = await find(call, paymentHash)
  if (entry === null) return null
  const { state } = holdState(entry, paymentHash, now)
  if (state !== 'pending' && state !== 'accepted') return { type: 'taken' }
  const made = parseMadeInvoice({ bolt11: bolt11Of(entry) }, asked)
  return isMalformed(made) ? { type: 'taken' } : { type: 'made', bolt11: made.bolt11 }
}

/** @throws TollbridgeError unless the node says that it is settled. */
export async function settleHold(
  call: ClnCall,
  preimage: Preimage,
  paymentHash: PaymentHash,
  now: Millis,
): Promise<void> {
  // The plugin takes the hash from the preimage: it would settle whichever invoice that is.
  if (!isPreimageOf(preimage, paymentHash)) throw walletFault('the preimage is not that of the payment hash')
  const reply = await call('settleholdinvoice', { preimage })
  if (reply.type === 'result') return
  if (reply.type === 'error' && (await lookupHold(call, paymentHash, now)).state === 'settled') return
  resultOf(reply, 'settleholdinvoice')
}

/** @throws TollbridgeError unless the node says that nothing is held and nothing can be paid any more. */
export async function cancelHold(call: ClnCall, paymentHash: PaymentHash, now: Millis): Promise<void> {
  const reply = await call('cancelholdinvoice', { payment_hash: paymentHash })
  if (reply.type === 'result') return
  if (reply.type === 'error') {
    const { state } = await lookupHold(call, paymentHash, now)
    if (state === 'cancelled' || state === 'expired' || state === 'not_found') return
  }
  resultOf(reply, 'cancelholdinvoice')
}
