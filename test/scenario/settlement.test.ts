/** Is a payment learned of, whichever way the word of it comes, and is nothing served without one? */
import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'

let bridge: Bridge
const open = async (options: BridgeOptions): Promise<Bridge> => (bridge = await startBridge(options))
afterEach(() => bridge.stop())

const sourcesSaid = () => bridge.log.lines.flatMap(({ fields }) => (fields['source'] as string | undefined) ?? [])
const PROMISE = { path: '/joke', settlement: 'proof' }

async function offerOf(params: Record<string, string> = { path: '/joke' }) {
  const job = await bridge.customer.publishJob(params)
  return { job, offer: await bridge.customer.offer(job.id) }
}

describe('real Lightning', () => {
  it('is learned of from the merchant wallet', async () => {
    await open({ lightning: 'ldk', dialect: 'aperture', wallet: true })
    const { job, offer } = await offerOf()
    await bridge.pay(offer.bolt11)
    expect(JSON.parse((await bridge.customer.result(job.id)).content)).toHaveProperty('joke')
    expect(sourcesSaid()).toEqual(['merchantWallet'])
  })

  it('is learned of from the status endpoint', async () => {
    await open({ lightning: 'ldk', dialect: 'toll-booth' })
    const { job, offer } = await offerOf()
    await bridge.pay(offer.bolt11)
    expect(JSON.parse((await bridge.customer.result(job.id)).content)).toHaveProperty('joke')
    expect(sourcesSaid()).toEqual(['statusEndpoint'])
  })
})

describe('the merchant wallet', () => {
  it('is swept where its notifications are lost', async () => {
    await open({ dialect: 'aperture', wallet: true })
    bridge.walletService.behave({ notifications: 'dropped' })
    const { job, offer } = await offerOf()
    await bridge.pay(offer.bolt11)
    await bridge.customer.result(job.id)
    expect(sourcesSaid()).toEqual(['merchantWallet'])
    expect(bridge.walletService.counts.notifications).toBe(0)
  })

  it('is swept where its notifications cannot be opened', async () => {
    await open({ dialect: 'aperture', wallet: true })
    bridge.walletService.behave({ notifications: 'garbled' })
    const { job, offer } = await offerOf()
    await bridge.pay(offer.bolt11)
    await bridge.customer.result(job.id)
  })

  it('and the status endpoint are both watched, and the call is made once', async () => {
    await open({ dialect: 'toll-booth', wallet: true })
    const { job, offer } = await offerOf()
    await bridge.pay(offer.bolt11)
    await bridge.customer.result(job.id)
    await bridge.fence()
    expect(bridge.customer.statuses(job.id)).toEqual(['payment-required', 'processing', 'result'])
    expect(bridge.gateway.counters.callsServed.filter(({ use }) => use > 0)).toHaveLength(1)
  })
})

describe("the customer's proof", () => {
  it('settles a job that promised one, at a gate that nothing else can follow', async () => {
    await open({ dialect: 'aperture' })
    const { job, offer } = await offerOf(PROMISE)
    const preimage = await bridge.pay(offer.bolt11)
    await bridge.customer.publish(bridge.customer.proof(job.id, bridge.hashOf(offer.bolt11), preimage))
    await bridge.customer.result(job.id)
    expect(sourcesSaid()).toEqual(['customerProof'])
  })

  it('is listened for without a promise where another way is slow', async () => {
    await open({ dialect: 'toll-booth', settings: { statusEndpoint: false } })
    const { job, offer } = await offerOf()
    const preimage = await bridge.pay(offer.bolt11)
    await bridge.customer.publish(bridge.customer.proof(job.id, bridge.hashOf(offer.bolt11), preimage))
    await bridge.customer.result(job.id)
    expect(sourcesSaid()).toEqual(['customerProof'])
  })

  it('counts also when it was published while the daemon was down', async () => {
    await open({ dialect: 'aperture' })
    const { job, offer } = await offerOf(PROMISE)
    await bridge.stopDaemon()
    const preimage = await bridge.pay(offer.bolt11)
    await bridge.customer.publish(bridge.customer.proof(job.id, bridge.hashOf(offer.bolt11), preimage))
    await bridge.startDaemon()
    await bridge.customer.result(job.id)
  })

  it("counts from anybody's key: the preimage is the proof, and the answer is the customer's", async () => {
    await open({ dialect: 'aperture' })
    const { job, offer } = await offerOf(PROMISE)
    const preimage = await bridge.pay(offer.bolt11)
    const stranger = await bridge.newCustomer()
    await stranger.publish(stranger.proof(job.id, bridge.hashOf(offer.bolt11), preimage))
    await bridge.customer.result(job.id)
    expect(stranger.events(job.id)).toEqual([])
  })

  it('is not crowded out by garbage from strangers, nor by wrong preimages of the customer', async () => {
    await open({ dialect: 'aperture' })
    const { customer } = bridge
    const { job, offer } = await offerOf(PROMISE)
    const hash = bridge.hashOf(offer.bolt11)
    const stranger = await bridge.newCustomer()
    const addressed = [
      ['e', job.id],
      ['p', bridge.daemon.pubkey],
    ]
    for (let i = 0; i < 30; i++) {
      await stranger.publish(stranger.proof(job.id, hash, randomBytes(32).toString('hex')))
    }
    await stranger.publish(stranger.sign({ kind: 7402, tags: addressed, content: 'not sealed' }))
    await customer.publish(customer.sign({ kind: 7402, tags: addressed, content: '' }))
    await customer.publish(customer.proof(job.id, hash, 'ff'.repeat(32)))
    await customer.publish(customer.proof(job.id, 'aa'.repeat(32), 'ff'.repeat(32)))
    await customer.publish(
      customer.sign({
        kind: 7402,
        tags: [
          ['e', 'nothing'],
          ['p', bridge.daemon.pubkey],
        ],
      }),
    )
    await bridge.fence()
    expect(customer.statuses(job.id)).toEqual(['payment-required'])

    const preimage = await bridge.pay(offer.bolt11)
    await customer.publish(customer.proof(job.id, hash, preimage))
    await customer.result(job.id)
    expect(bridge.gateway.counters.callsServed.filter(({ use }) => use > 0)).toHaveLength(1)
  })
})
