/** Is each wallet usable? Starts them, and tries again for as long as one does not answer; the daemon runs meanwhile. */
import type { MerchantWallet } from '../settlement/merchant-wallet.js'
import type { Clock, Logger, Wallet } from '../ports.js'
import type { Drive } from './drive.js'

const FIRST_RETRY_MS = 2_000
const MAX_RETRY_MS = 60_000

/** Returns the way to stop trying. */
export function keepWalletsStarted(wiring: {
  readonly wallets: ReadonlyMap<string, Wallet>
  readonly tills: ReadonlyMap<string, MerchantWallet>
  /** What had to wait for a wallet need not wait any longer. */
  readonly drive?: Pick<Drive, 'retryFaulted'>
  readonly clock: Clock
  readonly log: Logger
}): () => void {
  const { wallets, tills, drive, clock, log } = wiring
  const cancels = new Map<string, () => void>()
  let stopped = false

  async function begin(name: string, wallet: Wallet, delayMs: number): Promise<void> {
    try {
      await wallet.start()
      log.info({ wallet: name, methods: [...wallet.methods] }, 'wallet usable')
      tills.get(name)?.refresh()
      drive?.retryFaulted()
    } catch (error) {
      if (stopped) return
      log.warn({ wallet: name, reason: error instanceof Error ? error.message : 'unknown' }, 'wallet not usable yet')
      cancels.set(
        name,
        clock.after(delayMs, () => void begin(name, wallet, Math.min(MAX_RETRY_MS, delayMs * 2))),
      )
    }
  }

  for (const [name, wallet] of wallets) void begin(name, wallet, FIRST_RETRY_MS)
  return () => {
    stopped = true
    for (const cancel of cancels.values()) cancel()
  }
}
