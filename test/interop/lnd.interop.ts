/** Does the LND adapter keep the contract against real nodes? */
import { afterAll, describe, expect, it, vi } from 'vitest'
import type { PaymentHash } from '../../src/core/identifiers.js'
import type { Msat } from '../../src/core/money.js'
import type { SettledIncoming } from '../../src/ports.js'
import { createLndWallet } from '../../src/wallets/lnd.js'
import { describeWallet } from '../support/wallet-contract.js'
import { acceptedHold, untilState } from '../support/wallet-world.js'
import { NEEDED } from '../support/lnd-world.js'
import { createReadableLog, systemClock } from '../support/pool-fixture.js'
import { startRealNetwork } from './network.js'
import { startTunnel } from './tunnel.js'

const programs = process.env['TOLLBRIDGE_INTEROP']
if (programs === undefined) throw new Error('to be run by test/interop/run.js')
const network = await startRealNetwork(programs)
afterAll(() => network.stop())
const { node, other } = network

const walletAt = (url: string, macaroon: string) =>
  createLndWallet({
    name: 'till',
    url,
    macaroon,
    certificate: node.certificate,
    clock: systemClock,
    log: createReadableLog(),
    network: 'regtest',
  })

async function startWorld() {
  const tunnel = await startTunnel(Number(new URL(node.url).port))
  const wallet = walletAt(`https://127.0.0.1:${tunnel.port}`, await node.bake(NEEDED))
  await wallet.start()
  // Times are told in seconds: what was settled in this one belongs to an earlier world.
  await new Promise((resolve) => setTimeout(resolve, 1_050 - (Date.now() % 1_000)))
  return {
    wallet,
    node,
    other,
    async interrupt(meanwhile: () => Promise<void>) {
      tunnel.cutOff(true)
      await meanwhile()
      tunnel.cutOff(false)
    },
    isClosed: () => tunnel.connections === 0,
    async stop() {
      await wallet.stop()
      await tunnel.stop()
    },
  }
}

describeWallet('LND, two real nodes', startWorld, { lacks: ['simulated', 'misbehaviour', 'fresh'] })

describe('two real nodes', () => {
  const world = async <T>(claim: (given: Awaited<ReturnType<typeof startWorld>>) => Promise<T>): Promise<T> => {
    const given = await startWorld()
    return claim(given).finally(() => given.stop())
  }
  const invoice = (of: typeof node, minCltvDelta = 80) =>
    of.makeInvoice({ amountMsat: 21_000 as Msat, description: 'a job', expirySeconds: 600, minCltvDelta })
  const limits = (maxDelayBlocks: number | null) => ({ maxFeeMsat: 0 as Msat, maxDelayBlocks })

  it('refuse a payment whose delay no route can keep, and pay it within one that it can', () =>
    world(async ({ wallet }) => {
      const { bolt11, paymentHash, preimage } = await invoice(other)
      for (const blocks of [0, 5, 80]) {
        expect(await wallet.payInvoice(bolt11, paymentHash, limits(blocks))).toMatchObject({ type: 'refused' })
      }
      expect(['not_found', 'failed']).toContain((await wallet.lookupPayment(paymentHash)).state)
      expect(await wallet.payInvoice(bolt11, paymentHash, limits(200))).toMatchObject({ type: 'paid', preimage })
    }))

  it('do not pay twice what is paid, nor what is under way', () =>
    world(async ({ wallet }) => {
      const { bolt11, paymentHash } = await invoice(other)
      expect((await wallet.payInvoice(bolt11, paymentHash)).type).toBe('paid')
      expect((await wallet.payInvoice(bolt11, paymentHash)).type).toBe('unknown')
      expect((await wallet.lookupPayment(paymentHash)).state).toBe('settled')
    }))

  it('deny what a macaroon does not allow, without a word of it', () =>
    world(async () => {
      const macaroon = await node.bake(['invoices:read', 'info:read'])
      const reader = walletAt(node.url, macaroon)
      await reader.start()
      expect([...reader.methods].sort()).toEqual(
        ['estimateDelay', 'getInfo', 'listIncoming', 'lookupInvoice', 'onAccepted', 'onSettled'].sort(),
      )
      const fault: unknown = await reader
        .makeInvoice({ amountMsat: 1_000 as Msat, description: '', expirySeconds: 60 })
        .catch((error: unknown) => error)
      expect(fault).toMatchObject({ code: 'wallet-unusable' })
      expect(String(fault)).not.toContain(macaroon)
      const { bolt11, paymentHash } = await invoice(other)
      expect((await reader.payInvoice(bolt11, paymentHash)).type).toBe('refused')
      await reader.stop()
    }))

  it('tell what each macaroon may do beyond what is needed', () =>
    world(async () => {
      const admin = walletAt(node.url, await node.bake([...NEEDED, 'onchain:write', 'macaroon:generate']))
      const said = await admin.excessOver(new Set(['lookupInvoice']))
      for (const permission of ['offchain:write', 'onchain:write', 'macaroon:generate', 'invoices:write']) {
        expect(said.join('\n')).toContain(permission)
      }
      const uris = await node.bake(['uri:/lnrpc.Lightning/LookupInvoice', 'uri:/routerrpc.Router/SendPaymentV2'])
      const wallet = walletAt(node.url, uris)
      expect((await wallet.excessOver(new Set(['lookupInvoice']))).join()).toContain('SendPaymentV2')
      await Promise.all([admin.stop(), wallet.stop()])
    }))

  it('are heard again after the node was started anew, and what was held by then is still held', () =>
    world(async (given) => {
      const { wallet } = given
      const heard: SettledIncoming[] = []
      let gaps = 0
      wallet.onSettled(
        (settled) => heard.push(settled),
        () => (gaps += 1),
      )
      const before = await invoice(node)
      await other.pay(before.bolt11)
      await vi.waitFor(() => expect(heard).toHaveLength(1), { timeout: 20_000 })
      const held = await acceptedHold(given)
      await node.restart()
      await network.channelReady()
      await untilState(wallet, held.paymentHash, 'accepted')
      await wallet.settleHoldInvoice(held.preimage, held.paymentHash)
      expect(await held.ended).toBe(held.preimage)
      await vi.waitFor(() => expect(gaps).toBeGreaterThan(0), { timeout: 60_000 })
      const after = await invoice(node)
      await other.pay(after.bolt11)
      const hashes = (): PaymentHash[] => heard.map(({ paymentHash }) => paymentHash)
      await vi.waitFor(() => expect(hashes()).toContain(after.paymentHash), { timeout: 60_000 })
    }))
})
