/** Has a payment arrived? A notification that proves it by itself is passed on; one that says less is a reason to look. */
import { isMalformed, type Millis, type PaymentHash } from '../core/identifiers.js'
import type { SettledIncoming } from '../ports.js'
import { isObject, parseJson } from './json.js'
import type { HeldInvoice, HeldInvoices } from './nwc-held.js'
import { parseTransaction, settledIncoming } from './nwc-transaction.js'
import type { WalletListeners } from './wallet-listeners.js'

/** `hint`: something happened to an incoming payment, or may have, and it must be looked up. */
export type Notified =
  | { readonly type: 'settled'; readonly settled: SettledIncoming }
  | { readonly type: 'accepted'; readonly paymentHash: PaymentHash; readonly held: HeldInvoice }
  | { readonly type: 'hint' }
  | { readonly type: 'other' }

const HINT: Notified = { type: 'hint' }
const OTHER: Notified = { type: 'other' }

const OF_INCOMING: readonly unknown[] = ['payment_received', 'hold_invoice_accepted']

/** Expects the plaintext of a verified event of the wallet; null where it could not be opened. */
export function parseNotification(plaintext: string | null, now: Millis): Notified {
  if (plaintext === null) return HINT
  const value = parseJson(plaintext)
  if (!isObject(value)) return HINT
  const { notification_type: type, notification } = value
  if (!OF_INCOMING.includes(type)) return typeof type === 'string' ? OTHER : HINT
  const transaction = parseTransaction(notification, now)
  if (isMalformed(transaction)) return HINT
  if (transaction.type === 'outgoing') return OTHER
  if (type === 'hold_invoice_accepted') {
    const { paymentHash, amountMsat, settleDeadline } = transaction
    return { type: 'accepted', paymentHash, held: { amountMsat, settleDeadline } }
  }
  const settled = settledIncoming(transaction)
  return settled ? { type: 'settled', settled } : HINT
}

/**
 * Tells the listeners what a notification says. What is accepted is noted in `held` before anybody hears of it, so that whoever looks it up
 * is told the same.
 */
export function createNotifier(now: () => Millis, held: HeldInvoices, listeners: WalletListeners) {
  return (plaintext: string | null): void => {
    const notified = parseNotification(plaintext, now())
    if (notified.type === 'hint') listeners.gap()
    if (notified.type === 'settled') listeners.tell(notified.settled)
    if (notified.type !== 'accepted') return
    held.note(notified.paymentHash, notified.held)
    listeners.tellAccepted(notified.paymentHash)
  }
}
