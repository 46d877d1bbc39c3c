/** Does the operator decide who may ask? Ranks, work and bids, through the whole daemon. */
import { randomBytes } from 'node:crypto'
import { afterEach, expect, it } from 'vitest'
import { tagValue, type NostrEvent } from '../../src/core/event.js'
import { startRelay } from '../../src/dev/relay/relay.js'
import { pubkeyOf, signEvent } from '../../src/nostr/event.js'
import { provenWork } from '../../src/nostr/work.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'
import type { NostrCustomer } from '../support/nostr-customer.js'
import { openRelayClient } from '../support/relay-client.js'

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})
async function open(options: BridgeOptions): Promise<Bridge> {
  const bridge = await startBridge(options)
  stops.push(() => bridge.stop())
  return bridge
}

/** A provider of ranks at a relay of its own. */
async function startRanks() {
  const relay = await startRelay()
  stops.push(() => relay.stop())
  const key = randomBytes(32)
  const client = await openRelayClient(relay.url)
  stops.push(() => client.close())
  const rank = async (subject: string, value: number) => {
    const tags = [
      ['d', subject],
      ['rank', String(value)],
    ]
    const template = { kind: 30_382, created_at: Math.floor(Date.now() / 1000), tags, content: '' }
    await client.publish(signEvent(template, key, pubkeyOf(key), randomBytes(32)))
  }
  return { rank, provider: { pubkey: pubkeyOf(key), relay: relay.url } }
}

/** Tries nonces until the job proves so much work. */
function mine(customer: NostrCustomer, bits: number): NostrEvent {
  for (let nonce = 0; nonce < 10_000; nonce += 1) {
    const job = customer.job({ path: '/joke' }, [['nonce', String(nonce), String(bits)]])
    if (provenWork(job) >= bits) return job
  }
  throw new Error('no luck')
}

it('a key is served that those whom the operator asks think well of, and no other', async () => {
  const { rank, provider } = await startRanks()
  const bridge = await open({
    config: { admission: { rankProviders: { web: provider }, minRank: 60 } },
  })
  const { customer } = bridge
  const [low, unknown] = [await bridge.newCustomer(), await bridge.newCustomer()]
  await rank(customer.pubkey, 60)
  await rank(low.pubkey, 59)
  const jobs = await Promise.all([customer, low, unknown].map((who) => who.publishJob({ path: '/joke' })))
  await customer.offer(jobs[0]?.id ?? '')
  expect((await low.error(jobs[1]?.id ?? '')).code).toBe('rank-too-low')
  expect((await unknown.error(jobs[2]?.id ?? '')).code).toBe('rank-too-low')
})

it('work is demanded of strangers, of friends and the well-ranked it is not', async () => {
  const { rank, provider } = await startRanks()
  const bridge = await open({
    config: { admission: { workBits: 6, rankProviders: { web: provider }, any: ['rank', 'work'] } },
  })
  const { customer } = bridge
  const refused = await customer.publishJob({ path: '/joke' })
  const { code, event } = await customer.error(refused.id)
  expect([code, tagValue(event, 'pow')]).toEqual(['work-required', '6'])
  const worked = mine(customer, 6)
  await customer.publish(worked)
  await customer.offer(worked.id)
  const ranked = await bridge.newCustomer()
  await rank(ranked.pubkey, 90)
  await ranked.offer((await ranked.publishJob({ path: '/joke' })).id)
})

it('a quota of unpaid invoices outlives a restart', async () => {
  const bridge = await open({
    config: { admission: { unpaidPerDayPerCustomer: 1 }, jobs: { maxUnpaidPerCustomer: 5 } },
  })
  const { customer } = bridge
  await customer.offer((await customer.publishJob({ path: '/joke' })).id)
  await bridge.restart()
  const { code, event } = await customer.error((await customer.publishJob({ path: '/joke' })).id)
  expect(code).toBe('unpaid-quota-used')
  expect(Number(tagValue(event, 'retry-after'))).toBeGreaterThan(86_000)
})

it('who pays is not held to it', async () => {
  const bridge = await open({ wallet: true, config: { admission: { unpaidPerHourPerCustomer: 1 } } })
  const { customer } = bridge
  for (let time = 0; time < 3; time += 1) {
    const job = await customer.publishJob({ path: '/joke' })
    await bridge.pay((await customer.offer(job.id)).bolt11)
    await customer.result(job.id)
  }
})
