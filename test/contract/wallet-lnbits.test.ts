/** Does the adapter of LNbits keep the promises of the Wallet port, over its HTTP interface and WebSocket? */
import { startLnbits, type LnbitsServiceOptions } from '../../src/dev/wallets/lnbits.js'
import { createLnbitsWallet } from '../../src/wallets/lnbits.js'
import { createHttpWalletWorld } from '../support/http-wallet-world.js'
import { describeWallet } from '../support/wallet-contract.js'

const lnbits =
  (kind: 'admin' | 'invoice', options: Partial<LnbitsServiceOptions> = {}) =>
  async () => {
    const world = await createHttpWalletWorld({
      startService: (node) => startLnbits({ node, leaks: false, ...options }),
      createWallet: ({ url, adminKey, invoiceKey }, parts) =>
        createLnbitsWallet({ ...parts, url, key: kind === 'admin' ? adminKey : invoiceKey }),
    })
    await world.wallet.start()
    return world
  }

/** It holds nothing that could be relied on, knows no less than a sat, limits no cost, and does not say whose node it is. */
const LACKS = [
  'makeHoldInvoice',
  'settleHoldInvoice',
  'cancelHoldInvoice',
  'onAccepted',
  'estimateDelay',
  'msat',
  'fee',
  'delay',
  'network',
  'nodeId',
  'settleDeadline',
] as const

describeWallet('LNbits, admin key', lnbits('admin'), { lacks: LACKS })

describeWallet('LNbits, invoice key', lnbits('invoice'), { lacks: [...LACKS, 'payInvoice', 'misbehaviour'] })
