/** Does a job go on where it stood when the daemon stops in the middle, and is a late payment honoured? */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { silentLog } from '../../src/cli/log.js'
import { loadConfig } from '../../src/config/load.js'
import type { EventId } from '../../src/core/identifiers.js'
import type { Job } from '../../src/core/job.js'
import { startDaemon } from '../../src/daemon.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'

let bridge: Bridge
const open = async (options: BridgeOptions = {}): Promise<Bridge> => (bridge = await startBridge(options))
afterEach(() => bridge.stop())

const JOKE = { path: '/joke' }
const PROMISE = { path: '/joke', settlement: 'proof' }

async function offered(params: Record<string, string> = JOKE) {
  const job = await bridge.customer.publishJob(params)
  return { job, offer: await bridge.customer.offer(job.id) }
}

const stateOf = async (jobId: string): Promise<Job['state'] | undefined> => {
  const { store } = bridge.adapters
  return (store.get(jobId as EventId) ?? (await store.findArchived(jobId as EventId)))?.state
}
const untilState = (jobId: string, state: Job['state'], timeout = 8_000) =>
  vi.waitFor(async () => expect(await stateOf(jobId)).toBe(state), { timeout, interval: 10 })
const paidCalls = () => bridge.gateway.counters.callsServed.filter(({ use }) => use > 0)
const ONE_PAID_JOB = ['payment-required', 'processing', 'result']

describe.each([
  ['the status endpoint', { dialect: 'toll-booth' }],
  ['the merchant wallet', { dialect: 'aperture', wallet: true }],
] satisfies [string, BridgeOptions][])('settled by %s', (_name, options) => {
  it('a job offered before a restart is served after it', async () => {
    await open(options)
    const { job, offer } = await offered()
    await bridge.restart()
    await bridge.pay(offer.bolt11)
    await bridge.customer.result(job.id)
    expect(bridge.customer.statuses(job.id)).toEqual(ONE_PAID_JOB)
    expect(bridge.gateway.counters.invoicesMinted).toBe(options.dialect === 'toll-booth' ? 2 : 1)
  })

  it('a job paid while the daemon was down is served when it is up', async () => {
    await open(options)
    const { job, offer } = await offered()
    await bridge.stopDaemon()
    await bridge.pay(offer.bolt11)
    await bridge.startDaemon()
    await bridge.customer.result(job.id)
    expect(bridge.customer.statuses(job.id)).toEqual(ONE_PAID_JOB)
    expect(paidCalls()).toHaveLength(1)
  })

  it('a job published while the daemon was down is served while it is fresh', async () => {
    await open(options)
    await bridge.stopDaemon()
    const job = await bridge.customer.publishJob(JOKE)
    await bridge.startDaemon()
    await bridge.pay((await bridge.customer.offer(job.id)).bolt11)
    await bridge.customer.result(job.id)
  })
})

describe('stopped between payment and result', () => {
  it('while the upstream is down, it serves the job when both are up again', async () => {
    await open({ dialect: 'aperture', wallet: true })
    const { job, offer } = await offered()
    bridge.gateway.failNext(503, { times: 3 })
    await bridge.pay(offer.bolt11)
    await untilState(job.id, 'fetching')
    await bridge.restart()
    await bridge.customer.result(job.id)
    expect(bridge.gateway.counters).toMatchObject({ invoicesMinted: 1, chargesSettled: 1 })
  })

  it('while no relay of the customer takes the result, it publishes the same result later', async () => {
    await open({ wallet: true })
    const { job, offer } = await offered()
    bridge.relay.refuse(({ kind }) => (kind === 6800 ? { ok: false, reason: 'error: busy' } : undefined))
    await bridge.pay(offer.bolt11)
    await untilState(job.id, 'publishing')
    const before = bridge.adapters.store.get(job.id)?.outbox.find(({ purpose }) => purpose === 'result')
    await bridge.stopDaemon()
    bridge.relay.refuse(undefined)
    await bridge.startDaemon()
    const result = await bridge.customer.result(job.id)
    expect(result.id).toBe(before?.eventId)
    expect(paidCalls()).toHaveLength(1)
  })

  it('a replay after all that runs nothing', async () => {
    await open({ wallet: true })
    const { job, offer } = await offered()
    await bridge.pay(offer.bolt11)
    await bridge.customer.result(job.id)
    await untilState(job.id, 'completed')
    await bridge.restart()
    await bridge.customer.publish(job)
    await bridge.restart()
    await bridge.fence()
    expect(bridge.customer.statuses(job.id)).toEqual(ONE_PAID_JOB)
    expect(bridge.gateway.counters.invoicesMinted).toBe(2)
  })
})

describe('a payment that comes after the invoice has expired', () => {
  const SHORT: BridgeOptions = {
    settings: { invoiceExpirySeconds: 6 },
    config: { settlement: { minPaymentWindowSeconds: 5, graceSeconds: 0 } },
  }

  it('revives the job: by push, by proof, and after a restart', { timeout: 30_000 }, async () => {
    await open({ ...SHORT, dialect: 'aperture', wallet: true })
    const [pushed, proved, whileDown] = [await offered(PROMISE), await offered(PROMISE), await offered(PROMISE)]
    const jobs = [pushed, proved, whileDown]
    const hashOf = ({ offer }: { offer: { bolt11: string } }) => bridge.hashOf(offer.bolt11)
    for (const { job } of jobs) await untilState(job.id, 'expired', 12_000)

    bridge.network.settle(hashOf(pushed))
    await bridge.customer.result(pushed.job.id)

    bridge.walletService.behave({ notifications: 'dropped' })
    const { preimage } = bridge.network.settle(hashOf(proved))
    await bridge.customer.publish(bridge.customer.proof(proved.job.id, hashOf(proved), preimage ?? ''))
    await bridge.customer.result(proved.job.id)

    await bridge.stopDaemon()
    bridge.network.settle(hashOf(whileDown))
    await bridge.startDaemon()
    await bridge.customer.result(whileDown.job.id)
    for (const { job } of jobs) expect(bridge.customer.statuses(job.id)).toEqual(ONE_PAID_JOB)
  })
})

describe('two daemons', () => {
  it('with one key and different state: the later one stands down', async () => {
    await open({ wallet: true })
    const { job, offer } = await offered()
    const twin = await startBridge({ twin: bridge, wallet: true, origin: bridge.gateway.url })
    await vi.waitFor(() => expect(twin.log.lines.map(({ event }) => event)).toContain('cancelled'), { timeout: 5_000 })
    await bridge.pay(offer.bolt11)
    await bridge.customer.result(job.id)
    expect(bridge.customer.statuses(job.id)).toEqual(ONE_PAID_JOB)
    await twin.stop()
  })

  it('on one state directory: the second fails with lease-held and harms nothing', async () => {
    await open({ wallet: true })
    const config = await loadConfig(bridge.configFile)
    await expect(startDaemon(config, silentLog)).rejects.toMatchObject({ code: 'lease-held' })
    const { job, offer } = await offered()
    await bridge.pay(offer.bolt11)
    await bridge.customer.result(job.id)
    await bridge.stopDaemon()
    const third = await startDaemon(config, silentLog)
    await third.stop()
  })
})
