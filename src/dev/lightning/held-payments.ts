/** What does a simulated node hold? Payments of hold invoices that it has accepted and neither settled nor sent back. */
import type { Preimage } from '../../core/identifiers.js'
import type { Msat } from '../../core/money.js'
import { sha256Hex, type Ledger } from './ledger.js'
import type { IncomingPayment } from './node.js'

/** The payer's side of one held payment. */
interface Payer {
  settled(preimage: Preimage): void
  cancelled(): void
}

export interface HeldPayments {
  /** @throws unless the invoice is open. `minCltvDelta`: blocks that the payer leaves before it has the money back. */
  accept(paymentHash: string, amountMsat: Msat, minCltvDelta: number, payer: Payer): void
  readonly settle: (preimage: Preimage) => IncomingPayment
  readonly cancel: (paymentHash: string) => IncomingPayment
  /** Sends back what has reached its deadline. */
  giveBackOverdue(): void
}

/** `credit` is told what has become the node's own. */
export function createHeldPayments(
  ledger: Ledger,
  height: () => number,
  credit: (amountMsat: Msat) => void,
): HeldPayments {
  const payers = new Map<string, Payer>()

  function cancel(paymentHash: string): IncomingPayment {
    const cancelled = ledger.cancelled(paymentHash)
    const payer = payers.get(paymentHash)
    payers.delete(paymentHash)
    payer?.cancelled()
    return cancelled
  }

  return {
    accept(paymentHash, amountMsat, minCltvDelta, payer) {
      payers.set(paymentHash, payer)
      ledger.accepted(paymentHash, amountMsat, height() + minCltvDelta)
    },
    settle(preimage) {
      const paymentHash = sha256Hex(preimage)
      const held = ledger.lookup(paymentHash)
      if (held?.state === 'settled') return held
      if (held?.state !== 'accepted' || held.amountMsat === null) throw new Error('no accepted payment of this hash')
      const settled = ledger.received(paymentHash, held.amountMsat, preimage)
      credit(held.amountMsat)
      const payer = payers.get(paymentHash)
      payers.delete(paymentHash)
      payer?.settled(preimage)
      return settled
    },
    cancel,
    giveBackOverdue() {
      for (const paymentHash of [...payers.keys()]) {
        const deadline = ledger.lookup(paymentHash)?.settleDeadline
        if (typeof deadline === 'number' && height() >= deadline) cancel(paymentHash)
      }
    },
  }
}
