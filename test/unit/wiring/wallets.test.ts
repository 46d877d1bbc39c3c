/** Does each type of wallet of the configuration come to its adapter, with its address and its secret? */
import { afterEach, describe, expect, it } from 'vitest'
import { resolve } from 'node:path'
import type { Config } from '../../../src/config/config.js'
import { createSimulatedNetwork } from '../../../src/dev/lightning/simulated.js'
import { startCln } from '../../../src/dev/wallets/cln.js'
import { startLnbits } from '../../../src/dev/wallets/lnbits.js'
import { startPhoenixd } from '../../../src/dev/wallets/phoenixd.js'
import { createWallets } from '../../../src/wiring/wallets.js'
import { createPoolFixture, systemClock } from '../../support/pool-fixture.js'

const network = createSimulatedNetwork()
const node = network.createNode()
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

const open = (type: string, origin: string, secret: string, certificate: string | null = null) => {
  const { pool, log } = createPoolFixture(systemClock)
  const config = {
    network: 'regtest',
    wallets: new Map([['till', { type, origin, certificate }]]),
    walletSecrets: new Map([['till', secret]]),
  } as unknown as Config
  const wallet = createWallets(config, { relayPool: pool, clock: systemClock, log }).get('till')
  if (!wallet) throw new Error('no wallet')
  stops.push(() => wallet.stop())
  return wallet
}

describe('a wallet of the configuration', () => {
  it('of type cln, phoenixd or lnbits starts, and looks up an invoice of its node', async () => {
    const [cln, phoenixd, lnbits] = [
      await startCln({ node }),
      await startPhoenixd({ node }),
      await startLnbits({ node }),
    ]
    for (const service of [cln, phoenixd, lnbits]) stops.push(() => service.stop())
    const { paymentHash } = await node.makeInvoice({ amountMsat: null, description: '', expirySeconds: 600 })
    for (const wallet of [open('cln', cln.url, cln.rune), open('phoenixd', phoenixd.url, phoenixd.limitedPassword)]) {
      await wallet.start()
      expect(await wallet.lookupInvoice(paymentHash)).toEqual({ state: 'pending' })
    }
    const wallet = open('lnbits', lnbits.url, lnbits.invoiceKey)
    await wallet.start()
    expect(wallet.methods).not.toContain('payInvoice')
  })

  it('whose certificate cannot be read is not used without it', () => {
    const missing = resolve('no-such-certificate.pem')
    expect(() => open('cln', 'https://127.0.0.1:1', Buffer.alloc(40).toString('base64url'), missing)).toThrow(
      /certificate/,
    )
  })
})
