/** How does a simulated LND pay? It answers when it is over, and with its limits: no fee unless one is allowed. */
import type { Msat } from '../../core/money.js'
import { decodeInvoice, type ReadInvoice } from '../lightning/sign-invoice.js'
import { PaymentFault } from '../lightning/node.js'
import type { SimulatedNode } from '../lightning/simulated.js'
import type { LndBooks } from './lnd-books.js'
import { ALREADY_EXISTS, LndGone, LndRefusal, UNKNOWN, type LndCall, type LndStream } from './lnd-call.js'

const LONGEST_DELAY = 2016

/** @throws LndRefusal, LndGone */
export async function payByLnd(
  node: SimulatedNode,
  books: LndBooks,
  body: LndCall['body'],
  stream: LndStream,
): Promise<void> {
  const bolt11 = String(body['payment_request'])
  const invoice = readInvoice(bolt11)
  const { paymentHash, amountMsat } = invoice
  const maxDelayBlocks = Number(body['cltv_limit'] ?? 0) || LONGEST_DELAY
  if (maxDelayBlocks > LONGEST_DELAY) throw new LndRefusal(UNKNOWN, 'cltv limit too high')
  if (maxDelayBlocks <= invoice.minCltvDelta) throw new LndRefusal(UNKNOWN, 'cltv limit should be greater')
  if (amountMsat === null) throw new LndRefusal(UNKNOWN, 'amount must be specified when paying a zero amount invoice')
  const before = node.outgoing(paymentHash)?.state
  if (before === 'settled') throw new LndRefusal(ALREADY_EXISTS, 'invoice is already paid')
  if (before === 'pending') throw new LndRefusal(ALREADY_EXISTS, 'payment is in transition')

  const maxFeeMsat = Number(body['fee_limit_msat'] ?? 0) as Msat
  const createdAt = Date.now()
  try {
    await node.pay(bolt11, undefined, { maxFeeMsat, maxDelayBlocks })
  } catch (error) {
    // It is not known what became of it, and so LND says nothing either.
    if (!(error instanceof PaymentFault) || error.code === 'unknown') throw new LndGone()
    const unsent = { state: 'failed', preimage: null, feesMsat: null, settledAt: null } as const
    if (!node.outgoing(paymentHash)) books.noteFailed({ paymentHash, bolt11, amountMsat, createdAt, ...unsent })
  }
  const payment = books.payment(paymentHash)
  if (payment) stream.send(payment)
  stream.end()
}

function readInvoice(bolt11: string): ReadInvoice {
  try {
    const invoice = decodeInvoice(bolt11)
    if (invoice.expiresAt > Date.now()) return invoice
  } catch {
    throw new LndRefusal(UNKNOWN, 'failed converting data to bytes')
  }
  throw new LndRefusal(UNKNOWN, 'invoice expired')
}
