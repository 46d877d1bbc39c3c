/** Is every refusal of the table said, once, with its code and its sentence, to the customer whom it concerns? */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { CUSTOMER_ERRORS, type CustomerErrorCode } from '../../src/core/errors.js'
import { startRelay } from '../../src/dev/relay/relay.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'
import { startOddUpstream } from '../support/odd-upstream.js'
import type { Params } from '../support/nostr-customer.js'

interface Scenario {
  readonly options?: BridgeOptions
  /** Before the job is published. */
  readonly before?: (bridge: Bridge) => unknown
  readonly params?: Params
  readonly tags?: readonly (readonly string[])[]
  /** For what goes wrong after the payment: run when the offer is there, before it is paid. */
  readonly paid?: (bridge: Bridge) => unknown
}

const BUNDLES: BridgeOptions = { settings: { createInvoice: false } }
const JOKE: Params = { path: '/joke' }
const offered = async (bridge: Bridge) => bridge.customer.offer((await bridge.customer.publishJob(JOKE)).id)

const UNPAID: Partial<Record<CustomerErrorCode, Scenario>> = {
  'invalid-request': { params: { prompt: 'a poem, please' } },
  'encryption-unsupported': { options: { config: { encryption: { jobs: 'refuse' } } }, tags: [['encrypted']] },
  'encryption-required': { options: { config: { encryption: { jobs: 'require' } } } },
  undecipherable: { tags: [['encrypted']] },
  'input-unsupported': { tags: [['i', 'a song', 'tune']] },
  'input-invalid': { tags: [['i', 'no url', 'url']] },
  'input-unavailable': {
    options: { config: { inputs: { timeoutSeconds: 1, waitSeconds: 1 } } },
    tags: [['i', 'e'.repeat(64), 'event']],
  },
  'method-not-allowed': { params: { method: 'DELETE', path: '/joke' } },
  'path-not-allowed': { options: { route: { path: '/joke' } }, params: { path: '/secret' } },
  'body-too-large': {
    options: { upstream: { maxRequestBytes: 10 } },
    params: { method: 'POST', path: '/orders', body: 'x'.repeat(11) },
  },
  'invalid-bid': { tags: [['bid', '21.5']] },
  'too-many-unpaid': { options: { config: { jobs: { maxUnpaidPerCustomer: 1 } } }, before: offered },
  'too-many-open': { options: { config: { jobs: { maxOpenPerCustomer: 1 } } }, before: offered },
  'not-admitted': { options: { config: { admission: { allow: ['a'.repeat(64)] } } } },
  'work-required': { options: { config: { admission: { workBits: 20 } } } },
  'rank-unavailable': {
    options: {
      config: { admission: { rankProviders: { gone: { pubkey: 'a'.repeat(64), relay: 'ws://127.0.0.1:9' } } } },
    },
  },
  'rate-limited': { options: { config: { admission: { jobsPerMinutePerCustomer: 1 } } }, before: offered },
  'unpaid-quota-used': { options: { config: { admission: { unpaidPerHourPerCustomer: 1 } } }, before: offered },
  'free-quota-used': {
    options: { config: { admission: { freePerDayPerCustomer: 1 } } },
    before: async ({ customer }) => customer.result((await customer.publishJob({ path: '/free/joke' })).id),
  },
  'at-capacity': { options: { config: { jobs: { maxOpen: 1 } } }, before: offered },
  'storage-full': {
    options: { wrap: (adapters) => ({ ...adapters, store: { ...adapters.store, acceptsJobs: () => false } }) },
  },
  'upstream-unavailable': { before: ({ gateway }) => gateway.stop() },
  'upstream-refused': { params: { path: '/free/status/404' } },
  'challenge-invalid': {
    options: { dialect: 'aperture', wallet: true },
    before: ({ gateway }) => gateway.tamper('garbageHeader'),
  },
  'invoice-invalid': { before: ({ gateway }) => gateway.tamper('expiredInvoice'), options: BUNDLES },
  'price-exceeds-bid': { tags: [['bid', '20999']] },
  'price-exceeds-cap': { options: { route: { maxSats: 20 } } },
  'no-settlement-path': { options: { dialect: 'aperture' } },
}

const AFTER_PAYMENT: Partial<Record<CustomerErrorCode, Scenario>> = {
  'result-too-large': { params: { path: '/bytes/60000' } },
  'credential-refused': { paid: ({ gateway }) => gateway.failNext(402, { times: 20 }) },
  'credential-consumed': {
    options: { dialect: 'single-use', wallet: true },
    paid: ({ gateway }) => gateway.failNext('resetAfterExecuting'),
  },
  'outcome-unknown': {
    params: { method: 'POST', path: '/orders', body: '{"item":"tea"}' },
    paid: ({ gateway }) => gateway.failNext('resetAfterExecuting'),
  },
  'upstream-failed': {
    options: BUNDLES,
    paid: ({ gateway }) => gateway.failNext(404),
  },
}

/** Those with a test of their own below. */
const APART: readonly CustomerErrorCode[] = [
  'payment-scheme-unsupported',
  'internal-error',
  'undeliverable',
  // in admission.test.ts
  'rank-too-low',
  // in inputs.test.ts
  'input-too-large',
  // in cancellations.test.ts
  'cancelled',
  // in dispatch.test.ts
  'task-unknown',
  'deadline-too-close',
  // in wrap.test.ts
  'payment-returned',
  // in resell.test.ts
  'upstream-unpayable',
  'refund-owed',
  // in zaps.test.ts
  'payment-not-needed',
]

let bridge: Bridge
const stops: (() => Promise<void>)[] = []
const open = async (options: BridgeOptions = {}): Promise<Bridge> => {
  bridge = await startBridge(options)
  stops.push(() => bridge.stop())
  return bridge
}
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

/** The error of that code is the last word on the job, and the only one. */
async function expectOnce(jobId: string, code: CustomerErrorCode) {
  const { customer } = bridge
  const { event } = await customer.error(jobId)
  expect(event.tags).toContainEqual(['status', 'error', code, CUSTOMER_ERRORS[code]])
  expect(event.tags).toContainEqual(['e', jobId, `${bridge.relay.url}/`])
  return event
}

it('has a scenario for each code of the table', () => {
  const covered = [...Object.keys(UNPAID), ...Object.keys(AFTER_PAYMENT), ...APART]
  expect(covered.sort()).toEqual(Object.keys(CUSTOMER_ERRORS).sort())
})

describe('before anybody paid', () => {
  it.each(Object.entries(UNPAID))('%s is said once, and no invoice is shown', async (code, scenario) => {
    await open(scenario.options)
    await scenario.before?.(bridge)
    const { customer } = bridge
    const job = await customer.publishJob(scenario.params ?? JOKE, scenario.tags)
    const event = await expectOnce(job.id, code as CustomerErrorCode)
    expect(event.content).toBe('')
    // A restart hears it again, and nobody is told twice. With a full disk nothing can be remembered over one.
    if (code !== 'storage-full') await bridge.restart()
    expect(customer.statuses(job.id)).toEqual(['error'])
    expect(bridge.daemon.status().intake.refused).toBe(code === 'storage-full' ? 1 : 0)
  })

  it('payment-scheme-unsupported is said where the gate wants another kind of money', async () => {
    const upstream = await startOddUpstream()
    stops.push(() => upstream.stop())
    upstream.answer((_request, response) => {
      const payment = 'Payment id="1", realm="api", method="tempo", intent="charge", request="e30"'
      response.writeHead(402, { 'www-authenticate': payment, 'x-cashu': 'creqAe30' }).end()
    })
    await open({ origin: upstream.origin })
    const job = await bridge.customer.publishJob(JOKE)
    await expectOnce(job.id, 'payment-scheme-unsupported')
  })

  it('internal-error is said where a handler throws', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tollbridge-handler-'))
    stops.push(() => rm(directory, { recursive: true }))
    const file = join(directory, 'broken.mjs')
    await writeFile(file, "export default { kinds: [5801], toRequest() { throw new Error('no') }, toOutput() {} }\n")
    await open({ config: { handlers: [file] } })
    const job = bridge.customer.job(JOKE, [], { kind: 5801 })
    await bridge.customer.publish(job)
    await expectOnce(job.id, 'internal-error')
  })
})

describe('after the payment', () => {
  it.each(Object.entries(AFTER_PAYMENT))('%s is said once, with the credential sealed', async (code, scenario) => {
    await open(scenario.options)
    const { customer } = bridge
    const job = await customer.publishJob(scenario.params ?? JOKE)
    const offer = await customer.offer(job.id)
    await scenario.paid?.(bridge)
    const preimage = await bridge.pay(offer.bolt11)
    const event = await expectOnce(job.id, code as CustomerErrorCode)
    expect(customer.open(event)).toMatchObject({ preimage, job: job.id, scheme: 'L402' })
    await bridge.restart()
    await bridge.fence()
    expect(customer.statuses(job.id).filter((status) => status === 'error')).toHaveLength(1)
    expect(bridge.gateway.counters.chargesSettled).toBe(1)
  })

  it('undeliverable is said where no relay that the customer reads takes the result', async () => {
    const strict = await startRelay({ answer: () => ({ ok: false, reason: 'blocked: not on the list' }) })
    stops.push(() => strict.stop())
    await open()
    const { customer } = bridge
    const job = await customer.publishJob(JOKE, [['relays', strict.url]])
    const { bolt11 } = await customer.offer(job.id)
    const preimage = await bridge.pay(bolt11)
    const event = await expectOnce(job.id, 'undeliverable')
    expect(customer.open(event)).toMatchObject({ preimage })
  })
})
