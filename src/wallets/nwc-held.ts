/** Which hold invoices has the wallet notified as accepted? Kept for look-ups that call them expired or name no deadline. */
import type { PaymentHash } from '../core/identifiers.js'
import type { Msat } from '../core/money.js'

export interface HeldInvoice {
  /** Null where the notification did not tell. */
  readonly amountMsat: Msat | null
  readonly settleDeadline: number | null
}

export interface HeldInvoices {
  note(paymentHash: PaymentHash, held: HeldInvoice): void
  get(paymentHash: PaymentHash): HeldInvoice | undefined
  forget(paymentHash: PaymentHash): void
}

const KEPT = 10_000

/** Not saved: what was notified before a restart is known again by its look-up, or not at all. */
export function createHeldInvoices(): HeldInvoices {
  const held = new Map<PaymentHash, HeldInvoice>()
  return {
    note(paymentHash, one) {
      const oldest = held.keys().next()
      if (held.size >= KEPT && !oldest.done) held.delete(oldest.value)
      held.set(paymentHash, one)
    },
    get: (paymentHash) => held.get(paymentHash),
    forget: (paymentHash) => void held.delete(paymentHash),
  }
}
