/** Does the adapter of phoenixd keep the promises of the Wallet port, over its HTTP interface and WebSocket? */
import { startPhoenixd, type PhoenixdServiceOptions } from '../../src/dev/wallets/phoenixd.js'
import { createPhoenixdWallet } from '../../src/wallets/phoenixd.js'
import { createHttpWalletWorld } from '../support/http-wallet-world.js'
import { describeWallet } from '../support/wallet-contract.js'

type Access = 'full' | 'limited'

const phoenixd =
  (access: Access, options: Partial<PhoenixdServiceOptions> = {}) =>
  async () => {
    const world = await createHttpWalletWorld({
      startService: (node) => startPhoenixd({ node, ...options }),
      createWallet: ({ url, password, limitedPassword }, parts) =>
        createPhoenixdWallet({ ...parts, url, password: access === 'full' ? password : limitedPassword }),
    })
    await world.wallet.start()
    return world
  }

/** It holds nothing, knows no less than a sat, and lets nobody limit what a payment costs. */
const LACKS = [
  'makeHoldInvoice',
  'settleHoldInvoice',
  'cancelHoldInvoice',
  'onAccepted',
  'estimateDelay',
  'msat',
  'fee',
  'delay',
  'settleDeadline',
] as const

describeWallet('phoenixd, full access', phoenixd('full'), { lacks: LACKS })

describeWallet('phoenixd, limited access', phoenixd('limited'), { lacks: [...LACKS, 'payInvoice', 'misbehaviour'] })

describeWallet('phoenixd, an older one', phoenixd('limited', { isOld: true }), {
  lacks: [...LACKS, 'payInvoice', 'lookupPayment', 'listIncoming', 'misbehaviour'],
})
