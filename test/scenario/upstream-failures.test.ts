/** Is what was paid for delivered although the upstream breaks, or the credential handed over where it never comes? */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { listJobs, retryJob } from '../../src/cli/jobs.js'
import type { Output } from '../../src/cli/output.js'
import { loadConfig } from '../../src/config/load.js'
import type { Msat } from '../../src/core/money.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'
import { startOddUpstream, type OddUpstream } from '../support/odd-upstream.js'

let bridge: Bridge
const stops: (() => unknown)[] = []
const open = async (options: BridgeOptions = {}): Promise<Bridge> => {
  bridge = await startBridge({ wallet: true, ...options })
  stops.push(() => bridge.stop())
  return bridge
}
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

const REUSABLE: BridgeOptions = { dialect: 'aperture' }
const JOKE = { path: '/joke' }
const ORDER = { method: 'POST', path: '/orders', body: '{"item":"tea"}' }
const ONE_PAID_JOB = ['payment-required', 'processing', 'result']

async function pay(params: Record<string, string>, before: () => unknown = () => undefined) {
  const job = await bridge.customer.publishJob(params)
  const { bolt11 } = await bridge.customer.offer(job.id)
  await before()
  return { job, preimage: await bridge.pay(bolt11) }
}

async function owedJobs(): Promise<Record<string, unknown>[]> {
  const objects: Record<string, unknown>[] = []
  const output: Output = {
    json: true,
    data: () => undefined,
    say: () => undefined,
    object: (job) => void objects.push({ ...job }),
  }
  await listJobs(bridge.stateDirectory, { open: false, owed: true, limit: 100 }, output)
  return objects
}
const silentOutput: Output = { json: true, data: () => undefined, object: () => undefined, say: () => undefined }

describe('after the payment', () => {
  it('a 500 and then a 200 is a result', async () => {
    await open(REUSABLE)
    const { job } = await pay(JOKE, () => bridge.gateway.failNext(500, { times: 2 }))
    await bridge.customer.result(job.id)
    expect(bridge.customer.statuses(job.id)).toEqual(ONE_PAID_JOB)
  })

  it('a 429 is waited for as long as it asks', async () => {
    await open({ ...REUSABLE, settings: { retryAfterSeconds: 1 } })
    const { job } = await pay(JOKE, () => bridge.gateway.failNext(429))
    const paidAt = Date.now()
    await bridge.customer.result(job.id)
    expect(Date.now() - paidAt).toBeGreaterThanOrEqual(900)
    expect(bridge.customer.statuses(job.id)).toEqual(ONE_PAID_JOB)
  })

  it('another challenge is never shown to anybody, and the same credential is tried again', async () => {
    await open(REUSABLE)
    const { job } = await pay(JOKE, () => bridge.gateway.failNext(402, { times: 2 }))
    await bridge.customer.result(job.id)
    expect(bridge.customer.statuses(job.id)).toEqual(ONE_PAID_JOB)
    expect(bridge.gateway.counters).toMatchObject({ invoicesMinted: 3, chargesSettled: 1 })
  })

  it.each(['reset', 'cutShort', 'resetAfterExecuting'] as const)(
    'a GET whose answer ends in %s is called again',
    async (fault) => {
      await open(REUSABLE)
      const { job } = await pay(JOKE, () => bridge.gateway.failNext(fault))
      await bridge.customer.result(job.id)
      expect(bridge.customer.statuses(job.id)).toEqual(ONE_PAID_JOB)
    },
  )

  it('a call that hangs is given up and made again', async () => {
    await open({ ...REUSABLE, upstream: { timeouts: { totalMs: 300 } } })
    const { job } = await pay(JOKE, () => bridge.gateway.failNext('hang'))
    await bridge.customer.result(job.id)
  })

  it('an upstream that is down is waited for', async () => {
    const first = await startOddUpstream()
    await open({ origin: first.origin })
    const { bolt11 } = await bridge.merchant.makeInvoice({
      amountMsat: 9_000 as Msat,
      description: '',
      expirySeconds: 600,
    })
    const serve = (upstream: OddUpstream) =>
      upstream.answer(({ headers }, response) => {
        if (headers.authorization?.startsWith('L402 opaque-token:')) return void response.end('at last')
        const challenge = `L402 version="0", token="opaque-token", invoice="${bolt11}"`
        response.writeHead(402, { 'www-authenticate': challenge }).end()
      })
    serve(first)
    const { job } = await pay(JOKE, () => first.stop())
    await vi.waitFor(() => expect(bridge.adapters.store.get(job.id)?.state).toBe('fetching'))
    const second = await startOddUpstream(first.port)
    stops.push(() => second.stop())
    serve(second)
    expect((await bridge.customer.result(job.id)).content).toBe('at last')
  })
})

describe('a POST whose connection breaks after it was executed', () => {
  it('is not repeated: the credential is handed over, the job is owed, and the operator may retry it', async () => {
    await open(REUSABLE)
    const { customer } = bridge
    const { job, preimage } = await pay(ORDER, () => bridge.gateway.failNext('resetAfterExecuting'))
    const { code, event } = await customer.error(job.id)
    expect(code).toBe('outcome-unknown')
    expect(customer.open(event)).toMatchObject({ preimage, method: 'POST', target: '/orders' })
    expect(bridge.gateway.api.orders).toBe(1)
    await vi.waitFor(async () =>
      expect(await owedJobs()).toEqual([
        expect.objectContaining({ id: job.id, state: 'failed', code: 'outcome-unknown', paid: true }),
      ]),
    )
    await bridge.restart()
    expect(await owedJobs()).toHaveLength(1)
    expect(bridge.gateway.api.orders).toBe(1)

    await retryJob(await loadConfig(bridge.configFile), job.id, silentOutput)
    const result = await customer.result(job.id)
    expect(JSON.parse(result.content)).toEqual({ order: { item: 'tea' }, number: 2 })
    await vi.waitFor(async () => expect(await owedJobs()).toEqual([]))
    expect(bridge.gateway.counters.chargesSettled).toBe(1)
    const again = loadConfig(bridge.configFile).then((config) => retryJob(config, job.id, silentOutput))
    await expect(again).rejects.toMatchObject({ code: 'job-not-retryable' })
  })

  it('is retried by the next start where no daemon runs', async () => {
    await open(REUSABLE)
    const { job } = await pay(ORDER, () => bridge.gateway.failNext('resetAfterExecuting'))
    await bridge.customer.error(job.id)
    await bridge.stopDaemon()
    await retryJob(await loadConfig(bridge.configFile), job.id, silentOutput)
    await bridge.startDaemon()
    await bridge.customer.result(job.id)
  })

  it('is repeated where the upstream honours our Idempotency-Key, and executed once', async () => {
    await open({ ...REUSABLE, settings: { idempotencyKeys: true }, route: { idempotencyKey: true } })
    const { job } = await pay(ORDER, () => bridge.gateway.failNext('resetAfterExecuting'))
    expect(JSON.parse((await bridge.customer.result(job.id)).content)).toEqual({ order: { item: 'tea' }, number: 1 })
    expect(bridge.gateway.counters.replays).toBe(1)
    expect(bridge.gateway.api.orders).toBe(1)
  })
})

describe('before the payment', () => {
  it('a gate that breaks is asked again, and an invoice is shown once', async () => {
    await open(REUSABLE)
    bridge.gateway.failNext('reset', { at: 'challenge', times: 2 })
    const { job } = await pay(JOKE)
    await bridge.customer.result(job.id)
    expect(bridge.customer.statuses(job.id)).toEqual(ONE_PAID_JOB)
  })

  it('a POST that may have been executed is not repeated, where the route does not say that its gate holds', async () => {
    await open({ route: { gated: false } })
    bridge.gateway.failNext('resetAfterExecuting', { at: 'challenge' })
    const job = await bridge.customer.publishJob(ORDER)
    expect((await bridge.customer.error(job.id)).code).toBe('outcome-unknown')
    expect(bridge.gateway.counters.challenges).toBe(1)
  })
})
