/** What has a node of the embedded world been promised, paid and sent? Its book, and who is told of each entry. */
import { createHash } from 'node:crypto'
import type { Millis, Preimage } from '../../core/identifiers.js'
import type { Msat } from '../../core/money.js'
import type { IncomingPayment, LightningNode, OutgoingPayment } from './node.js'

/** Entries are never changed in place: a new state is a new object, so a snapshot stays what it was. */
export interface Ledger extends Pick<
  LightningNode,
  'lookup' | 'incoming' | 'outgoing' | 'payments' | 'onSettled' | 'onSent'
> {
  /** @throws where the payment hash is already in the book. */
  invoiced(
    payment: Pick<IncomingPayment, 'paymentHash' | 'bolt11' | 'description' | 'amountMsat' | 'preimage'> & {
      expirySeconds: number
    },
  ): void
  /** Tells the listeners. @throws where nothing was invoiced under that hash, or it is settled already. */
  received(paymentHash: string, amountMsat: Msat, preimage: Preimage): IncomingPayment
  /** The payment of a hold invoice has arrived. Tells the listeners. @throws unless it is pending or expired. */
  accepted(paymentHash: string, amountMsat: Msat, settleDeadline: number): IncomingPayment
  /** A hold invoice has ended unpaid. @throws where it is settled. */
  cancelled(paymentHash: string): IncomingPayment
  onAccepted(listener: (payment: IncomingPayment) => void): () => void
  sending(payment: Pick<OutgoingPayment, 'paymentHash' | 'bolt11' | 'amountMsat'>): void
  /** Tells the listeners. */
  sent(paymentHash: string, preimage: Preimage, feesMsat: Msat): void
  failed(paymentHash: string): void
}

export const sha256Hex = (hex: string): string => createHash('sha256').update(Buffer.from(hex, 'hex')).digest('hex')

const NOT_HELD = { settledAt: null, settleDeadline: null } as const

export function createLedger(now: () => Millis): Ledger {
  const incoming = new Map<string, IncomingPayment>()
  const outgoing = new Map<string, OutgoingPayment>()
  const onSettled = new Set<(payment: IncomingPayment) => void>()
  const onAccepted = new Set<(payment: IncomingPayment) => void>()
  const onSent = new Set<(payment: OutgoingPayment) => void>()

  const asOfNow = (payment: IncomingPayment): IncomingPayment =>
    payment.state === 'pending' && payment.expiresAt <= now() ? { ...payment, state: 'expired' } : payment

  const incomingEntry = (paymentHash: string): IncomingPayment => {
    const invoiced = incoming.get(paymentHash)
    if (!invoiced) throw new Error('no invoice with this payment hash')
    return invoiced
  }

  const entry = (paymentHash: string): OutgoingPayment => {
    const payment = outgoing.get(paymentHash)
    if (!payment) throw new Error('no such outgoing payment')
    return payment
  }

  return {
    invoiced({ expirySeconds, ...payment }) {
      if (incoming.has(payment.paymentHash)) throw new Error('an invoice with this payment hash exists')
      const createdAt = now()
      const expiresAt = createdAt + expirySeconds * 1000
      incoming.set(payment.paymentHash, { ...payment, state: 'pending', createdAt, expiresAt, ...NOT_HELD })
    },
    received(paymentHash, amountMsat, preimage) {
      const invoiced = incomingEntry(paymentHash)
      if (invoiced.state === 'settled') throw new Error('this invoice is settled already')
      const paid = { amountMsat, preimage, settledAt: now(), settleDeadline: null }
      const settled: IncomingPayment = { ...invoiced, ...paid, state: 'settled' }
      incoming.set(paymentHash, settled)
      for (const listener of onSettled) listener(settled)
      return settled
    },
    accepted(paymentHash, amountMsat, settleDeadline) {
      const invoiced = incomingEntry(paymentHash)
      if (invoiced.state !== 'pending') throw new Error(`this invoice is ${invoiced.state}`)
      const accepted: IncomingPayment = { ...invoiced, state: 'accepted', amountMsat, settleDeadline }
      incoming.set(paymentHash, accepted)
      for (const listener of onAccepted) listener(accepted)
      return accepted
    },
    cancelled(paymentHash) {
      const invoiced = incomingEntry(paymentHash)
      if (invoiced.state === 'settled') throw new Error('this invoice is settled already')
      const cancelled: IncomingPayment = { ...invoiced, state: 'cancelled', settleDeadline: null }
      incoming.set(paymentHash, cancelled)
      return cancelled
    },
    sending(payment) {
      const unsettled = { state: 'pending', preimage: null, feesMsat: null, settledAt: null } as const
      // A second try after a failure is a new entry: deleted first, so that it is the newest in the order of the map.
      outgoing.delete(payment.paymentHash)
      outgoing.set(payment.paymentHash, { ...payment, ...unsettled, createdAt: now() })
    },
    sent(paymentHash, preimage, feesMsat) {
      const settled: OutgoingPayment = { ...entry(paymentHash), state: 'settled', preimage, feesMsat, settledAt: now() }
      outgoing.set(paymentHash, settled)
      for (const listener of onSent) listener(settled)
    },
    failed(paymentHash) {
      outgoing.set(paymentHash, { ...entry(paymentHash), state: 'failed' })
    },
    lookup(paymentHash) {
      const payment = incoming.get(paymentHash)
      return payment && asOfNow(payment)
    },
    incoming: () => Array.from(incoming.values(), asOfNow).reverse(),
    outgoing: (paymentHash) => outgoing.get(paymentHash),
    payments: () => [...outgoing.values()].reverse(),
    onSettled: (listener) => subscribe(onSettled, listener),
    onAccepted: (listener) => subscribe(onAccepted, listener),
    onSent: (listener) => subscribe(onSent, listener),
  }
}

function subscribe<T>(listeners: Set<(payment: T) => void>, listener: (payment: T) => void): () => void {
  // Wrapped, so that one function that listens twice is told twice and can stop listening once.
  const own = (payment: T) => listener(payment)
  listeners.add(own)
  return () => void listeners.delete(own)
}
