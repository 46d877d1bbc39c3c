/** Somebody says that a payment has arrived: is it so? Each hash is looked up once at a time, and whoever floods us gains a sweep. */
import { isMalformed, parsePaymentHash, type PaymentHash } from '../core/identifiers.js'
import type { Clock, IncomingState } from '../ports.js'
import { settledProof } from './preimage.js'
import type { WalletListeners } from './wallet-listeners.js'

const MOST_AT_ONCE = 16
const REMEMBERED = 1_000
/** Hints that cannot be followed one by one become one gap in this time. */
const GAP_EVERY_MS = 5_000

export interface HintedLookups {
  /** Something was said of this hash; of anything else, of something. */
  hint(paymentHash: unknown): void
  stop(): void
}

export function createHintedLookups(wiring: {
  readonly lookup: (paymentHash: PaymentHash) => Promise<IncomingState>
  readonly listeners: Pick<WalletListeners, 'tell' | 'gap'>
  readonly clock: Clock
}): HintedLookups {
  const { lookup, listeners, clock } = wiring
  const underWay = new Set<PaymentHash>()
  const told = new Set<PaymentHash>()
  let cancelGap: (() => void) | null = null

  const gapSoon = (): void => {
    cancelGap ??= clock.after(GAP_EVERY_MS, () => {
      cancelGap = null
      listeners.gap()
    })
  }

  async function follow(paymentHash: PaymentHash): Promise<void> {
    underWay.add(paymentHash)
    try {
      const seen = await lookup(paymentHash)
      if (seen.state !== 'settled') return
      const settled = settledProof(paymentHash, seen)
      // Paid, and not proven: others may know more.
      if (settled === null) return gapSoon()
      if (told.has(paymentHash)) return
      const oldest = told.values().next()
      if (told.size >= REMEMBERED && !oldest.done) told.delete(oldest.value)
      told.add(paymentHash)
      listeners.tell(settled)
    } catch {
      // Unknown is not unpaid: the sweep asks again.
      gapSoon()
    } finally {
      underWay.delete(paymentHash)
    }
  }

  return {
    hint(value) {
      const paymentHash = parsePaymentHash(typeof value === 'string' ? value.toLowerCase() : value)
      if (isMalformed(paymentHash)) return gapSoon()
      if (told.has(paymentHash) || underWay.has(paymentHash)) return
      if (underWay.size >= MOST_AT_ONCE) return gapSoon()
      void follow(paymentHash)
    },
    stop: () => cancelGap?.(),
  }
}
