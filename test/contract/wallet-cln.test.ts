/** Does the adapter of Core Lightning keep the promises of the Wallet port, over the wire format of clnrest? */
import { createClnWallet } from '../../src/wallets/cln.js'
import { clnCommandsFor } from '../../src/wallets/cln-abilities.js'
import { startCln, type ClnServiceOptions } from '../../src/dev/wallets/cln.js'
import { createHttpWalletWorld } from '../support/http-wallet-world.js'
import { describeWallet } from '../support/wallet-contract.js'
import { ALL_METHODS } from '../support/wallet-world.js'

/** What `check` tells operators to put into a rune for all of this. */
const LEAST = clnCommandsFor(new Set(ALL_METHODS))
  .map((command) => `method=${command}`)
  .join('|')

const cln =
  (options: Partial<ClnServiceOptions> = {}) =>
  async () => {
    const world = await createHttpWalletWorld({
      startService: (node, other) => startCln({ node, peers: [other.id], restrictions: [LEAST], ...options }),
      createWallet: ({ url, rune }, parts) => createClnWallet({ ...parts, url, rune }),
    })
    await world.wallet.start()
    return world
  }

/** The plugin pushes nothing, lists everything or one, and lets nobody choose expiry and delta. */
const LACKS = ['onAccepted', 'minCltvDelta', 'holdExpiry', 'listsHolds'] as const
const WITHOUT_HOLDS = ['makeHoldInvoice', 'settleHoldInvoice', 'cancelHoldInvoice', 'settleDeadline'] as const
const PLUGIN = ['holdinvoice', 'listholdinvoices', 'settleholdinvoice', 'cancelholdinvoice']

describeWallet('CLN, with the hold plugin', cln(), { lacks: [...LACKS, 'cancelOpen'] })

// What is late or wrong is the same for the others.
describeWallet('CLN, whose plugin cancels what nobody has paid', cln({ cancelsOpen: true }), {
  lacks: [...LACKS, 'misbehaviour'],
})

describeWallet('CLN, an older node without plugin', cln({ lacks: [...PLUGIN, 'xpay'], amountsInWords: true }), {
  lacks: [...LACKS, ...WITHOUT_HOLDS, 'misbehaviour'],
})
