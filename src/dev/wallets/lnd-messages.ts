/** How does LND write an invoice and a payment in JSON? 64-bit numbers as strings, bytes in base64, the preimage of a payment in hex. */
import { decodeInvoice } from '../lightning/sign-invoice.js'
import type { IncomingPayment, OutgoingPayment } from '../lightning/node.js'

export interface InvoiceIndexes {
  readonly addIndex: number
  /** 0 unless settled. */
  readonly settleIndex: number
  /** True where a payment had been accepted, whatever became of it. */
  readonly wasAccepted: boolean
  readonly isHold: boolean
}

const seconds = (ms: number | null): string => String(ms === null ? 0 : Math.floor(ms / 1000))
const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64')

const STATES = {
  pending: 'OPEN',
  // LND cancels what has expired, a little later.
  expired: 'OPEN',
  accepted: 'ACCEPTED',
  settled: 'SETTLED',
  cancelled: 'CANCELED',
} as const

/** As `lnrpc.Invoice`. The preimage is there from the start where the node made it itself. */
export function invoiceJson(payment: IncomingPayment, indexes: InvoiceIndexes): Record<string, unknown> {
  const { addIndex, settleIndex, wasAccepted, isHold } = indexes
  const read = decodeInvoice(payment.bolt11)
  const asked = read.amountMsat ?? 0
  const isSettled = payment.state === 'settled'
  const arrived = wasAccepted || isSettled
  const paid = isSettled ? (payment.amountMsat ?? 0) : 0
  const preimage = isHold && !isSettled ? null : payment.preimage
  const htlc = {
    amt_msat: String(payment.amountMsat ?? asked),
    expiry_height: payment.settleDeadline ?? 0,
    state: isSettled ? 'SETTLED' : payment.state === 'accepted' ? 'ACCEPTED' : 'CANCELED',
  }
  return {
    memo: payment.description,
    r_preimage: preimage === null ? '' : base64(preimage),
    r_hash: base64(payment.paymentHash),
    value: String(Math.floor(asked / 1000)),
    value_msat: String(asked),
    settled: isSettled,
    creation_date: seconds(payment.createdAt),
    settle_date: seconds(payment.settledAt),
    payment_request: payment.bolt11,
    expiry: seconds(payment.expiresAt - payment.createdAt),
    cltv_expiry: String(read.minCltvDelta),
    private: true,
    add_index: String(addIndex),
    settle_index: String(settleIndex),
    amt_paid: String(paid),
    amt_paid_sat: String(Math.floor(paid / 1000)),
    amt_paid_msat: String(paid),
    state: STATES[payment.state],
    htlcs: arrived ? [htlc] : [],
    is_keysend: false,
    is_amp: false,
  }
}

const NO_PREIMAGE = '0'.repeat(64)

/** As `lnrpc.Payment`. */
export function paymentJson(payment: OutgoingPayment, reason = 'FAILURE_REASON_NO_ROUTE'): Record<string, unknown> {
  const fees = payment.feesMsat ?? 0
  const status = { pending: 'IN_FLIGHT', settled: 'SUCCEEDED', failed: 'FAILED' }[payment.state]
  return {
    payment_hash: payment.paymentHash,
    value_msat: String(payment.amountMsat),
    creation_date: seconds(payment.createdAt),
    payment_preimage: payment.preimage ?? NO_PREIMAGE,
    payment_request: payment.bolt11,
    status,
    fee_msat: String(fees),
    fee_sat: String(Math.floor(fees / 1000)),
    htlcs: payment.state === 'failed' ? [] : [{ status: status === 'SUCCEEDED' ? status : 'IN_FLIGHT' }],
    failure_reason: payment.state === 'failed' ? reason : 'FAILURE_REASON_NONE',
  }
}
