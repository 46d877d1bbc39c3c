/** What must every wallet do? One suite, run against each implementation of the Wallet port. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { claimsOfHolds } from './wallet-claims-hold.js'
import { claimsOfMisbehaviour } from './wallet-claims-misbehaviour.js'
import { claimsOfPaying } from './wallet-claims-pay.js'
import { claimsOfReceiving } from './wallet-claims-receive.js'
import { ALL_METHODS, SOON, UNKNOWN_HASH, type WalletLacks, type WalletWorld } from './wallet-world.js'

export type { ContractNode, Misbehaviour, Trait, WalletLacks, WalletWorld } from './wallet-world.js'

/** Claims about what the wallet lacks are not made; what it lacks among its methods and limits it must not promise either. */
export function describeWallet(
  name: string,
  startWorld: () => Promise<WalletWorld>,
  { lacks = [] }: WalletLacks = {},
): void {
  describe(`wallet: ${name}`, () => {
    let world: WalletWorld
    beforeEach(async () => {
      world = await startWorld()
    })
    afterEach(() => world.stop())

    const has = (...abilities: Parameters<typeof lacks.includes>[0][]) => !abilities.some((one) => lacks.includes(one))
    const contract = {
      has,
      get world() {
        return world
      },
    }

    it('knows its methods and limits once it has started, and promises no others', () => {
      const methods = ALL_METHODS.filter((method) => has(method))
      expect([...world.wallet.methods].sort()).toEqual([...methods].sort())
      const limits = (['fee', 'delay'] as const).filter((limit) => has(limit))
      expect([...world.wallet.limits].sort()).toEqual([...limits].sort())
    })

    it('refuses what it does not promise', async () => {
      const hold = {
        amountMsat: 1_000,
        description: '',
        expirySeconds: 60,
        paymentHash: UNKNOWN_HASH,
        minCltvDelta: 80,
      }
      const request = hold as Parameters<typeof world.wallet.makeHoldInvoice>[0]
      const refused = { name: 'TollbridgeError' }
      if (!has('makeInvoice')) await expect(world.wallet.makeInvoice(request)).rejects.toMatchObject(refused)
      if (!has('makeHoldInvoice')) await expect(world.wallet.makeHoldInvoice(request)).rejects.toMatchObject(refused)
      if (!has('estimateDelay')) {
        await expect(world.wallet.estimateDelay(world.other.id, request.amountMsat)).rejects.toMatchObject(refused)
      }
    })

    it('names its network, node and height, where it can', async () => {
      const info = await world.wallet.getInfo()
      if (has('network')) expect(info.network).toBe('regtest')
      if (has('nodeId')) expect(info.nodeId).toBe(world.node.id)
      if (has('settleDeadline')) expect(info.blockHeight).toBeGreaterThan(100)
    })

    it('calls nothing excessive that is needed', async () => {
      expect(await world.wallet.excessOver(world.wallet.methods)).toEqual([])
    })

    claimsOfReceiving(contract)
    claimsOfPaying(contract)
    claimsOfHolds(contract)
    claimsOfMisbehaviour(contract)

    it('leaves nothing open when it has stopped, and may be stopped twice', async () => {
      await world.wallet.stop()
      await world.wallet.stop()
      await vi.waitFor(() => expect(world.isClosed()).toBe(true), SOON)
      await expect(world.wallet.lookupInvoice(UNKNOWN_HASH)).rejects.toMatchObject({ name: 'TollbridgeError' })
    })
  })
}
