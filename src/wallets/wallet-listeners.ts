/** Who wants to know what arrives at a wallet? Its listeners: told of each payment, of each gap and of what is accepted. */
import type { PaymentHash } from '../core/identifiers.js'
import type { SettledIncoming, Wallet } from '../ports.js'

export interface WalletListeners extends Pick<Wallet, 'onSettled' | 'onAccepted'> {
  readonly tell: (settled: SettledIncoming) => void
  /** Payments may have been missed. */
  readonly gap: () => void
  readonly tellAccepted: (paymentHash: PaymentHash) => void
  /** Whether anybody listens for what is accepted. */
  readonly awaitAccepted: () => boolean
  readonly clear: () => void
}

export function createWalletListeners(): WalletListeners {
  const pairs = new Set<{ readonly onSettled: (settled: SettledIncoming) => void; readonly onGap: () => void }>()
  const ofAccepted = new Set<{ readonly onAccepted: (paymentHash: PaymentHash) => void }>()
  return {
    onSettled: (onSettled, onGap) => added(pairs, { onSettled, onGap }),
    onAccepted: (onAccepted) => added(ofAccepted, { onAccepted }),
    tell: (settled) => pairs.forEach(({ onSettled }) => onSettled(settled)),
    gap: () => pairs.forEach(({ onGap }) => onGap()),
    tellAccepted: (paymentHash) => ofAccepted.forEach(({ onAccepted }) => onAccepted(paymentHash)),
    awaitAccepted: () => ofAccepted.size > 0,
    clear() {
      pairs.clear()
      ofAccepted.clear()
    },
  }
}

/** The way to take the entry out again; the same function may be in more than one. */
function added<T>(entries: Set<T>, entry: T): () => void {
  entries.add(entry)
  return () => void entries.delete(entry)
}
