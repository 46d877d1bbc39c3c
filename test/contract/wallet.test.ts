/** Does each implementation of the Wallet port keep its promises? */
import type { NwcWalletServiceOptions } from '../../src/dev/nwc-wallet.js'
import { createNwcWorld } from '../support/nwc-world.js'
import { describeWallet, type WalletLacks } from '../support/wallet-contract.js'

/** NIP-47 has no limits of a payment and no routes. */
const NWC_LACKS: NonNullable<WalletLacks['lacks']> = ['fee', 'delay', 'estimateDelay']
const WITHOUT_HOLDS: typeof NWC_LACKS = ['makeHoldInvoice', 'settleHoldInvoice', 'cancelHoldInvoice', 'onAccepted']

const nwc = (service: Partial<NwcWalletServiceOptions>) => async () => {
  const world = await createNwcWorld({ service })
  await world.wallet.start()
  return world
}

describeWallet('NWC, NIP-44', nwc({}), { lacks: NWC_LACKS })

describeWallet('NWC, NIP-04 only', nwc({ encryptions: ['nip04'] }), { lacks: NWC_LACKS })

describeWallet('NWC, without an info event', nwc({ announced: false }), { lacks: NWC_LACKS })

describeWallet('NWC, without hold invoices', nwc({ permissions: 'full' }), { lacks: [...NWC_LACKS, ...WITHOUT_HOLDS] })

describeWallet(
  'NWC, that cancels and settles what is accepted only, and shows the outgoing side first',
  nwc({ behaviour: { holds: 'strict', shows: 'outgoing' } }),
  { lacks: [...NWC_LACKS, 'cancelOpen'] },
)
