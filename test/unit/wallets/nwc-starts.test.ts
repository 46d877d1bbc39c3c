/** Which wallets are refused at the start, and what is said of them? */
import { describe, expect, it, vi } from 'vitest'
import type { WalletMethod } from '../../../src/ports.js'
import { createNwcWallet } from '../../../src/wallets/nwc.js'
import { createPoolFixture, systemClock } from '../../support/pool-fixture.js'
import { SOON, told, watchNwcWorld } from '../../support/watched-nwc-world.js'

describe('an NWC wallet that starts', () => {
  const nwc = watchNwcWorld()

  const createWallet = (uri: string) => {
    const { pool, log } = createPoolFixture(systemClock)
    return { pool, wallet: createNwcWallet({ name: 'till', uri, relayPool: pool, clock: systemClock, log }) }
  }

  it('refuses a wallet of another network, and may be started again', async () => {
    await nwc.create({ wallet: { network: 'mainnet' } })
    await expect(nwc.world.wallet.start()).rejects.toThrow(/regtest, and mainnet is expected/)
    await vi.waitFor(() => expect(nwc.world.isClosed()).toBe(true), SOON)
    nwc.world.service.behave(told({ network: 'bitcoin' }))
    await nwc.world.wallet.start()
    expect(await nwc.world.wallet.getInfo()).toMatchObject({ network: 'mainnet' })
  })

  it('refuses a wallet that says nothing of itself', async () => {
    await nwc.create({ service: { announced: false, behaviour: { refuseWith: 'UNAUTHORIZED' } } })
    await expect(nwc.world.wallet.start()).rejects.toMatchObject({ code: 'wallet-unusable' })
  })

  it('knows what a read-only connection can do, and asks for nothing else', async () => {
    await nwc.start({ service: { permissions: 'read' } })
    expect([...nwc.world.wallet.methods].sort()).toEqual([
      'getInfo',
      'listIncoming',
      'lookupInvoice',
      'lookupPayment',
      'onSettled',
    ])
    const { bolt11, paymentHash } = await nwc.invoiceOf(nwc.world.other)
    expect(await nwc.world.wallet.payInvoice(bolt11, paymentHash)).toEqual({ type: 'refused', reason: 'RESTRICTED' })
  })

  it('names what the connection may do beyond what is needed, by its own word before its info event', async () => {
    await nwc.start({ service: { permissions: 'full' } })
    const needed = new Set<WalletMethod>(['lookupInvoice', 'listIncoming', 'onSettled'])
    expect(await nwc.world.wallet.excessOver(needed)).toHaveLength(2)
    nwc.world.service.behave(told({ methods: ['get_info', 'lookup_invoice'] }))
    expect(await nwc.world.wallet.excessOver(needed)).toEqual([])
    nwc.world.service.behave({ refuseWith: 'INTERNAL' })
    expect(await nwc.world.wallet.excessOver(needed)).toHaveLength(2)
    await nwc.world.wallet.stop()
    expect(await nwc.world.wallet.excessOver(needed)).toHaveLength(2)
  })

  it('names height and backend where the wallet tells them, and no backend by its alias', async () => {
    await nwc.start({ service: { behaviour: told({ alias: 'lnd' }) } })
    const blockHeight = nwc.world.node.blockHeight()
    expect(await nwc.world.wallet.getInfo()).toMatchObject({ blockHeight, backend: null })
    nwc.world.service.behave(told({ backend: 'LND', block_height: 0 }))
    expect(await nwc.world.wallet.getInfo()).toMatchObject({ blockHeight: null, backend: 'lnd' })
  })

  it('refuses a wallet whose relay is not there, without naming its address', async () => {
    await nwc.create()
    const { uri } = nwc.world.service
    await nwc.world.relay.stop()
    const { pool, wallet } = createWallet(uri)
    const error: unknown = await wallet.start().catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'wallet-unusable' })
    expect(String(error)).not.toMatch(/walletconnect|[0-9a-f]{64}/)
    await pool.stop()
  })

  it('refuses an address that cannot be read, without quoting it', async () => {
    await nwc.create()
    const broken = nwc.world.service.uri.replace('secret=', 'secret=x')
    expect(() => createWallet(broken)).toThrow(/one secret of 64/)
    expect(() => createWallet(broken)).not.toThrow(/[0-9a-f]{16}/)
  })
})
