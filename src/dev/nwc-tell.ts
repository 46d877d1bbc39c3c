/** How does the embedded wallet tell of a payment? As a transaction of NIP-47. */
import type { IncomingPayment, OutgoingPayment } from './lightning/node.js'

const seconds = (time: number): number => Math.floor(time / 1000)

/** The preimage is shown once it is settled, and not before; the deadline of what is accepted, and of nothing else. */
export function tellIncoming(payment: IncomingPayment): object {
  const { state, bolt11, description, preimage, paymentHash, amountMsat, createdAt, expiresAt, settledAt } = payment
  return {
    type: 'incoming',
    // NIP-47 has no state for it.
    state: state === 'cancelled' ? 'failed' : state,
    invoice: bolt11,
    description,
    ...(state === 'settled' && preimage !== null ? { preimage } : {}),
    payment_hash: paymentHash,
    amount: amountMsat ?? 0,
    fees_paid: 0,
    created_at: seconds(createdAt),
    expires_at: seconds(expiresAt),
    ...(settledAt === null ? {} : { settled_at: seconds(settledAt) }),
    ...(payment.settleDeadline === null ? {} : { settle_deadline: payment.settleDeadline }),
  }
}

export function tellOutgoing(payment: OutgoingPayment): object {
  const { state, bolt11, preimage, paymentHash, amountMsat, feesMsat, createdAt, settledAt } = payment
  return {
    type: 'outgoing',
    state,
    invoice: bolt11,
    ...(preimage === null ? {} : { preimage }),
    payment_hash: paymentHash,
    amount: amountMsat,
    fees_paid: feesMsat ?? 0,
    created_at: seconds(createdAt),
    ...(settledAt === null ? {} : { settled_at: seconds(settledAt) }),
  }
}
