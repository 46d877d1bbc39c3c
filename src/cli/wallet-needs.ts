/** What does the configuration need of a wallet, and which credential is enough for it? */
import type { Config, WalletConfig } from '../config/config.js'
import type { WalletMethod } from '../ports.js'
import { NEEDED_TO_RESELL, NEEDED_TO_WRAP } from '../settlement/choose.js'
import { clnCommandsFor } from '../wallets/cln-abilities.js'

const TO_FOLLOW: readonly WalletMethod[] = ['getInfo', 'lookupInvoice', 'listIncoming', 'onSettled']
/** What is used where the wallet has it, beside what it must have. */
const TO_WRAP: readonly WalletMethod[] = [...NEEDED_TO_WRAP, 'onAccepted', 'estimateDelay']
const TO_RESELL: readonly WalletMethod[] = [...NEEDED_TO_RESELL, 'getInfo', 'listIncoming', 'onSettled']

/** The methods that its upstreams may use, by what they are allowed to do. */
export function neededOf(config: Pick<Config, 'upstreams'>, wallet: string): ReadonlySet<WalletMethod> {
  const needed = config.upstreams.flatMap((upstream) => {
    const { mode } = upstream
    const follows = upstream.merchantWallet === wallet ? TO_FOLLOW : []
    if (upstream.wallet !== wallet) return follows
    const wraps = mode === 'auto' || mode === 'wrap' ? TO_WRAP : []
    const resells = mode === 'resell' || (mode === 'auto' && upstream.resell.enabled) ? TO_RESELL : []
    return [...follows, ...wraps, ...resells]
  })
  return new Set(needed)
}

/** A sentence that says how to get a credential that can do this and no more. */
export function leastCredential(type: WalletConfig['type'], needed: ReadonlySet<WalletMethod>): string {
  if (needed.size === 0) return 'No upstream uses it.'
  const pays = needed.has('payInvoice')
  switch (type) {
    case 'nwc':
      return pays
        ? 'Make a connection with the commands that SECURITY.md names, and with a budget.'
        : 'Make a connection that only reads.'
    case 'lnd':
      return 'Bake a macaroon with the permissions that SECURITY.md names for this mode.'
    case 'cln': {
      const methods = clnCommandsFor(needed).map((command) => `"method=${command}"`)
      return `Make a rune for no more: lightning-cli createrune restrictions='[[${methods.join(',')}]]'`
    }
    case 'phoenixd':
      return 'The other password of its phoenix.conf, http-password-limited-access, is enough.'
    case 'lnbits':
      return pays
        ? 'Use a server that is your own.'
        : 'The invoice key of the wallet is enough; use a server that is your own.'
  }
}
