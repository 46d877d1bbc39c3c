/** What is our own wallet like at the moment? The wallet that pays upstreams and is paid by customers, and what it tells of itself. */
import type { Millis } from '../core/identifiers.js'
import type { Clock, Wallet, WalletInfo } from '../ports.js'

/** A block takes ten minutes: what is older than this is asked for again. */
const FRESH_MS: Millis = 30_000

export interface Purse {
  readonly wallet: Wallet
  /** At most half a minute old. @throws where the wallet does not answer. */
  readonly info: () => Promise<WalletInfo>
}

function createPurse(wallet: Wallet, clock: Clock): Purse {
  let known: { readonly at: Millis; readonly told: Promise<WalletInfo> } | null = null
  return {
    wallet,
    info() {
      const now = clock.now()
      if (known && now - known.at < FRESH_MS) return known.told
      const told = wallet.getInfo()
      const asked = { at: now, told }
      known = asked
      told.catch(() => {
        if (known === asked) known = null
      })
      return told
    },
  }
}

export const createPurses = (wallets: ReadonlyMap<string, Wallet>, clock: Clock): ReadonlyMap<string, Purse> =>
  new Map([...wallets].map(([name, wallet]) => [name, createPurse(wallet, clock)]))
