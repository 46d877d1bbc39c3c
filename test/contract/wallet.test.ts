/** Does each implementation of the Wallet port keep its promises? */
import { createNwcWorld } from '../support/nwc-world.js'
import { describeWallet } from '../support/wallet-contract.js'

describeWallet('NWC, NIP-44', async () => {
  const world = await createNwcWorld()
  await world.wallet.start()
  return world
})

describeWallet('NWC, NIP-04 only', async () => {
  const world = await createNwcWorld({ service: { encryptions: ['nip04'] } })
  await world.wallet.start()
  return world
})

describeWallet('NWC, without an info event', async () => {
  const world = await createNwcWorld({ service: { announced: false } })
  await world.wallet.start()
  return world
})
