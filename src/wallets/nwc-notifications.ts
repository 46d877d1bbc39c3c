/** Has a payment arrived? A notification that proves it by itself is passed on; one that says less is a reason to look. */
import { isMalformed, type Millis } from '../core/identifiers.js'
import type { SettledIncoming } from '../ports.js'
import { parseTransaction, settledIncoming } from './nwc-transaction.js'

/** `hint`: something happened to an incoming payment, or may have, and it must be looked up. */
export type Notified =
  | { readonly type: 'settled'; readonly settled: SettledIncoming }
  | { readonly type: 'hint' }
  | { readonly type: 'other' }

const HINT: Notified = { type: 'hint' }
const OTHER: Notified = { type: 'other' }

/** Expects the plaintext of a verified event of the wallet; null where it could not be opened. */
export function parseNotification(plaintext: string | null, now: Millis): Notified {
  if (plaintext === null) return HINT
  let value: unknown
  try {
    value = JSON.parse(plaintext)
  } catch {
    return HINT
  }
  if (typeof value !== 'object' || value === null) return HINT
  const { notification_type: type, notification } = value as Record<string, unknown>
  if (type !== 'payment_received') return typeof type === 'string' ? OTHER : HINT
  const transaction = parseTransaction(notification, now)
  if (isMalformed(transaction)) return HINT
  if (transaction.type === 'outgoing') return OTHER
  const settled = settledIncoming(transaction)
  return settled ? { type: 'settled', settled } : HINT
}

export interface NwcListeners {
  readonly add: (onSettled: (settled: SettledIncoming) => void, onGap: () => void) => () => void
  readonly notify: (plaintext: string | null) => void
  /** Payments may have been missed. */
  readonly gap: () => void
  readonly clear: () => void
}

export function createNwcListeners(now: () => Millis): NwcListeners {
  interface Pair {
    readonly onSettled: (settled: SettledIncoming) => void
    readonly onGap: () => void
  }
  const pairs = new Set<Pair>()
  const gap = (): void => pairs.forEach(({ onGap }) => onGap())
  return {
    add(onSettled, onGap) {
      const pair = { onSettled, onGap }
      pairs.add(pair)
      return () => void pairs.delete(pair)
    },
    notify(plaintext) {
      const notified = parseNotification(plaintext, now())
      if (notified.type === 'hint') gap()
      if (notified.type === 'settled') pairs.forEach(({ onSettled }) => onSettled(notified.settled))
    },
    gap,
    clear: () => pairs.clear(),
  }
}
