/** Can a customer take a job back? Deletions of kind 5 before, during and after everything that a job goes through. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { NostrEvent } from '../../src/core/event.js'
import { startRelay, type DevRelay } from '../../src/dev/relay/relay.js'
import { startBridge, type Bridge } from '../support/bridge.js'
import type { NostrCustomer } from '../support/nostr-customer.js'
import { openRelayClient } from '../support/relay-client.js'

const PAID = { path: '/joke' }
let bridge: Bridge
/** Relays refuse what they have seen the deletion of: here the job still gets through. */
let other: DevRelay
beforeAll(async () => {
  other = await startRelay()
  bridge = await startBridge({ wallet: true, relays: [other.url] })
})
afterAll(async () => {
  await bridge.stop()
  await other.stop()
})

async function publishElsewhere(event: NostrEvent): Promise<void> {
  const client = await openRelayClient(other.url)
  await client.publish(event)
  client.close()
}

const deletionOf = (customer: NostrCustomer, jobId: string): NostrEvent =>
  customer.sign({
    kind: 5,
    tags: [
      ['e', jobId],
      ['k', '5800'],
    ],
  })
const stateOf = async (jobId: string): Promise<string | undefined> => {
  const { store } = bridge.adapters
  return (store.get(jobId as never) ?? (await store.findArchived(jobId as never)))?.state
}

describe('a job that is taken back', () => {
  it('after its offer is closed and said to be, and is served if it is paid all the same', async () => {
    const customer = await bridge.newCustomer()
    const { id } = await customer.publishJob(PAID)
    const { bolt11 } = await customer.offer(id)
    await customer.publish(deletionOf(customer, id))
    expect((await customer.error(id)).code).toBe('cancelled')
    await vi.waitFor(async () => expect(await stateOf(id)).toBe('cancelled'))
    await bridge.restart()
    await bridge.pay(bolt11)
    await customer.result(id)
    expect(customer.statuses(id)).toEqual(['payment-required', 'error', 'processing', 'result'])
  })

  it('by a stranger is not', async () => {
    const [customer, stranger] = [await bridge.newCustomer(), await bridge.newCustomer()]
    const { id } = await customer.publishJob(PAID)
    const { bolt11 } = await customer.offer(id)
    await stranger.publish(deletionOf(stranger, id))
    await bridge.fence()
    expect(await stateOf(id)).toBe('awaiting')
    await bridge.pay(bolt11)
    await customer.result(id)
    expect(customer.statuses(id)).toEqual(['payment-required', 'processing', 'result'])
  })

  it('before it arrives is not taken', async () => {
    const customer = await bridge.newCustomer()
    const job = customer.job(PAID)
    await customer.publish(deletionOf(customer, job.id))
    await bridge.fence()
    await publishElsewhere(job)
    expect((await customer.error(job.id)).code).toBe('cancelled')
    expect(customer.statuses(job.id)).toEqual(['error'])
  })

  it('before it arrives, with a restart between the two, is not taken', async () => {
    const customer = await bridge.newCustomer()
    const job = customer.job(PAID)
    await customer.publish(deletionOf(customer, job.id))
    await bridge.fence()
    await bridge.restart()
    await bridge.fence()
    await publishElsewhere(job)
    expect((await customer.error(job.id)).code).toBe('cancelled')
  })

  it('while the daemon is away is taken back when it returns', async () => {
    const customer = await bridge.newCustomer()
    const { id } = await customer.publishJob(PAID)
    await customer.offer(id)
    await bridge.stopDaemon()
    await customer.publish(deletionOf(customer, id))
    await bridge.startDaemon()
    expect((await customer.error(id)).code).toBe('cancelled')
  })
})
