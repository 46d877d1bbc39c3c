/** Is a job that is sold for zaps (NIP-57) served when it is zapped, once, and is every other zap given back? */
import { describe, expect, it, vi, type TestContext } from 'vitest'
import type { NostrEvent } from '../../src/core/event.js'
import { startLnurl, type LnurlServer } from '../../src/dev/lnurl.js'
import { createSimulatedNetwork } from '../../src/dev/lightning/simulated.js'
import { startBridge, type Bridge } from '../support/bridge.js'

const PATIENCE = { timeout: 10_000 }

async function open({ onTestFinished }: TestContext): Promise<{ bridge: Bridge; server: LnurlServer }> {
  const early: { bridge?: Bridge; server?: LnurlServer } = {}
  const bridge = await startBridge({
    purse: { permissions: 'full' },
    dialect: 'aperture',
    upstream: { mode: 'resell', resell: { enabled: true, zaps: true } },
    config: {
      inputs: { allowPrivate: true },
      announce: { enabled: false, lud16: 'till@till.test' },
    },
    wrap: (adapters) => ({
      ...adapters,
      // Only the port is not known when the daemon is configured.
      web: {
        ...adapters.web,
        send: (request) => {
          const here = `http://${early.server?.address.replace('till@', '') ?? ''}`
          return adapters.web.send({ ...request, url: request.url.replace('https://till.test', here) })
        },
      },
    }),
  })
  onTestFinished(() => bridge.stop())
  const server = await startLnurl({
    node: bridge.purse.node,
    onReceipt: (receipt) => void bridge.customer.publish(receipt),
  })
  early.server = server
  onTestFinished(() => server.stop())
  return { bridge, server }
}

/** Asks for an invoice as a client of NIP-57 does. */
async function zapInvoice(
  { bridge, server }: { bridge: Bridge; server: LnurlServer },
  zapped: string,
  amountMsat: number,
  amountTag = amountMsat,
): Promise<string> {
  const tags = [
    ['relays', bridge.relay.url],
    ['amount', String(amountTag)],
    ['p', bridge.adapters.signer.pubkey],
    ['e', zapped],
  ]
  const request = bridge.customer.sign({ kind: 9734, tags })
  const url = new URL(`http://${server.address.slice(5)}/callback`)
  url.searchParams.set('amount', String(amountMsat))
  url.searchParams.set('nostr', JSON.stringify(request))
  const { pr } = (await (await fetch(url)).json()) as { pr: string }
  return pr
}

const strays = ({ adapters }: Bridge) =>
  [...adapters.store.live()].filter((job) => 'refund' in job && job.refund?.strayOf !== undefined)

describe.concurrent('a job that is sold for zaps', () => {
  it('is served when it is zapped, by its own id or by that of our feedback', async (test) => {
    const world = await open(test)
    const { customer } = world.bridge
    for (const of of ['job', 'feedback'] as const) {
      const job = await customer.publishJob({ path: '/joke' })
      const { amountMsat, event } = await customer.offer(job.id)
      await world.bridge.pay(await zapInvoice(world, of === 'job' ? job.id : event.id, amountMsat))
      await customer.result(job.id)
    }
    expect(strays(world.bridge)).toEqual([])
  })

  it('is not served for a receipt whose payment is not in our wallet', async (test) => {
    const world = await open(test)
    const { bridge, server } = world
    const job = await bridge.customer.publishJob({ path: '/joke' })
    const { amountMsat } = await bridge.customer.offer(job.id)
    const elsewhere = createSimulatedNetwork()
    test.onTestFinished(() => elsewhere.stop())
    const bolt11 = await zapInvoice(world, job.id, amountMsat)
    const forged: NostrEvent = server.sign({
      kind: 9735,
      created_at: Math.floor(Date.now() / 1000),
      tags: [
        ['p', bridge.adapters.signer.pubkey],
        ['e', job.id],
        ['bolt11', bolt11],
        ['description', '{}'],
      ],
      content: '',
    })
    await bridge.customer.publish(forged)
    await vi.waitFor(
      () => expect(bridge.log.lines.map(({ event }) => event)).toContain('a zap receipt that does not hold'),
      PATIENCE,
    )
    expect(bridge.customer.statuses(job.id)).toEqual(['payment-required'])
  })

  it('gives back a zap of too little, a second zap, and what is too much: each is stored, and owed where no place is named', async (test) => {
    const world = await open(test)
    const { bridge } = world
    const job = await bridge.customer.publishJob({ path: '/joke' })
    const { amountMsat } = await bridge.customer.offer(job.id)
    await bridge.pay(await zapInvoice(world, job.id, amountMsat - 5_000))
    await vi.waitFor(
      () => expect(strays(bridge)).toMatchObject([{ state: 'failed', offer: { amountMsat: 26_000 } }]),
      PATIENCE,
    )
    expect((await bridge.customer.error(job.id)).code).toBe('refund-owed')
    await bridge.pay(await zapInvoice(world, job.id, amountMsat + 17_000))
    await bridge.customer.result(job.id)
    await bridge.pay(await zapInvoice(world, job.id, amountMsat))
    await vi.waitFor(() => {
      const owed = strays(bridge).map((stray) => ('offer' in stray ? stray.offer?.amountMsat : 0))
      expect(owed.sort()).toEqual([17_000, 26_000, 31_000])
    }, PATIENCE)
  })

  it('gives the second payment back to the place that the job names, less what that may cost', async (test) => {
    const world = await open(test)
    const { bridge } = world
    const home = await startLnurl({ node: bridge.payer })
    test.onTestFinished(() => home.stop())
    const job = await bridge.customer.publishJob({ path: '/joke', refund: home.address })
    const { bolt11, amountMsat } = await bridge.customer.offer(job.id)
    const zap = await zapInvoice(world, job.id, amountMsat)
    await bridge.pay(bolt11)
    await bridge.customer.result(job.id)
    await bridge.pay(zap)
    expect((await bridge.customer.error(job.id)).code).toBe('payment-not-needed')
    expect(bridge.payer.incoming()).toMatchObject([{ state: 'settled', amountMsat: amountMsat - 10_000 }])
  })
})
