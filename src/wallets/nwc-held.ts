/**
 * What is known of hold invoices beside their look-ups? Which the wallet notified as accepted, and which were given back here: wallets
 * call both expired once the time of the invoice is over.
 */
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
  /** It was given back, and the wallet said so. */
  cancelled(paymentHash: PaymentHash): void
  wasCancelled(paymentHash: PaymentHash): boolean
}

const KEPT = 10_000

/** Not saved: what was notified before a restart is known again by its look-up, or not at all. */
export function createHeldInvoices(): HeldInvoices {
  const held = new Map<PaymentHash, HeldInvoice>()
  const cancelled = new Map<PaymentHash, true>()
  return {
    note: (paymentHash, one) => keep(held, paymentHash, one),
    get: (paymentHash) => held.get(paymentHash),
    forget: (paymentHash) => void held.delete(paymentHash),
    cancelled(paymentHash) {
      held.delete(paymentHash)
      keep(cancelled, paymentHash, true)
    },
    wasCancelled: (paymentHash) => cancelled.has(paymentHash),
  }
}

/** The newest so many. */
function keep<T>(map: Map<PaymentHash, T>, paymentHash: PaymentHash, value: T): void {
  map.delete(paymentHash)
  map.set(paymentHash, value)
  const oldest = map.keys().next()
  if (map.size > KEPT && !oldest.done) map.delete(oldest.value)
}
