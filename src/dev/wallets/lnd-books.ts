/** What does a simulated LND keep beside its node? The indexes of its invoices, who listens to them, and payments that never left. */
import type { PaymentHash } from '../../core/identifiers.js'
import type { SimulatedNode } from '../lightning/simulated.js'
import type { IncomingPayment, OutgoingPayment } from '../lightning/node.js'
import { invoiceJson, paymentJson } from './lnd-messages.js'

export interface LndBooks {
  /** Undefined for an unknown hash. */
  invoice(paymentHash: string): Record<string, unknown> | undefined
  /** Every invoice, oldest first. */
  invoices(): readonly Record<string, unknown>[]
  /** Those settled after that index, in the order of their settlement; none for 0. */
  settledAfter(index: number): readonly Record<string, unknown>[]
  payment(paymentHash: string): Record<string, unknown> | undefined
  /** A payment that LND tried and found no way for: it keeps it as failed. */
  noteFailed(payment: OutgoingPayment): void
  /** Called with each invoice that changes. Returns the way to stop listening. */
  onChange(listener: (paymentHash: string) => void): () => void
  /** The node changed it and tells nobody. */
  readonly changed: (paymentHash: string) => void
  stop(): void
}

export function createLndBooks(node: SimulatedNode): LndBooks {
  const settled: string[] = []
  const accepted = new Set<string>()
  const unsent = new Map<string, OutgoingPayment>()
  const listeners = new Set<(paymentHash: string) => void>()

  const changed = (paymentHash: string): void => {
    for (const listener of [...listeners]) listener(paymentHash)
  }
  for (const payment of node.incoming().reverse()) if (payment.state === 'settled') settled.push(payment.paymentHash)
  const forget = [
    node.onSettled(({ paymentHash }) => {
      settled.push(paymentHash)
      changed(paymentHash)
    }),
    node.onAccepted(({ paymentHash }) => {
      accepted.add(paymentHash)
      changed(paymentHash)
    }),
  ]

  const json = (payment: IncomingPayment, addIndex: number): Record<string, unknown> =>
    invoiceJson(payment, {
      addIndex,
      settleIndex: settled.indexOf(payment.paymentHash) + 1,
      wasAccepted: accepted.has(payment.paymentHash),
      isHold: payment.preimage === null,
    })
  const invoices = (): Record<string, unknown>[] => {
    const oldestFirst = node.incoming().reverse()
    return oldestFirst.map((payment, index) => json(payment, index + 1))
  }
  const invoice = (paymentHash: string): Record<string, unknown> | undefined => {
    const known = node.lookup(paymentHash)
    return known && json(known, 1 + node.incoming().filter(({ createdAt }) => createdAt < known.createdAt).length)
  }

  return {
    invoice,
    invoices,
    settledAfter: (index) =>
      index === 0
        ? []
        : settled
            .slice(index)
            .map(invoice)
            .filter((one) => one !== undefined),
    payment(paymentHash) {
      const payment = node.outgoing(paymentHash) ?? unsent.get(paymentHash)
      return payment && paymentJson(payment)
    },
    noteFailed: (payment) => void unsent.set(payment.paymentHash, payment),
    onChange(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    changed,
    stop() {
      for (const stop of forget) stop()
      listeners.clear()
    },
  }
}

export const hashOfBase64 = (text: string): PaymentHash => Buffer.from(text, 'base64').toString('hex') as PaymentHash
