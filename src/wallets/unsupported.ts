/** What does a wallet say to what it cannot do? One refusal for each method that an adapter does not fill in. */
import type { Wallet, WalletMethod } from '../ports.js'
import { walletFault } from './wallet-fault.js'

type Optional = Pick<
  Wallet,
  | 'limits'
  | 'makeInvoice'
  | 'makeHoldInvoice'
  | 'settleHoldInvoice'
  | 'cancelHoldInvoice'
  | 'onAccepted'
  | 'estimateDelay'
  | 'excessOver'
>

/** To be spread first into an adapter. What it says is never `paid`, `made` or done. */
export function unsupportedBy(name: string): Optional {
  const cannot = async (method: WalletMethod): Promise<never> => {
    throw walletFault(`wallet ${name} does not offer ${method}`)
  }
  return {
    limits: new Set(),
    makeInvoice: () => cannot('makeInvoice'),
    makeHoldInvoice: () => cannot('makeHoldInvoice'),
    settleHoldInvoice: () => cannot('settleHoldInvoice'),
    cancelHoldInvoice: () => cannot('cancelHoldInvoice'),
    onAccepted: () => () => undefined,
    estimateDelay: () => cannot('estimateDelay'),
    excessOver: async () => [],
  }
}
