/** Does an LND node keep the promises of the Wallet port, over the wire format of its REST interface? */
import { createLndWorld, createTlsWorld } from '../support/lnd-world.js'
import { describeWallet } from '../support/wallet-contract.js'

describeWallet('LND', async () => {
  const world = await createLndWorld()
  await world.wallet.start()
  return world
})

describeWallet('LND, over TLS with its own certificate', async () => {
  const world = await createTlsWorld()
  await world.wallet.start()
  return world
})
