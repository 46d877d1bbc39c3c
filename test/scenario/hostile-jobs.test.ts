/** Does a job that is built to harm cost anybody anything: a call that was not allowed, an invoice too many, another's turn? */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { startBridge, type Bridge } from '../support/bridge.js'
import { statusOf, type Params } from '../support/nostr-customer.js'

describe('a job that reads strangely', () => {
  let bridge: Bridge
  beforeAll(async () => {
    bridge = await startBridge({
      wallet: true,
      relay: { maxMessageBytes: 2_000_000, maxEventBytes: 2_000_000 },
      upstream: {
        routes: [
          { path: '/free/*', methods: ['GET', 'POST'], maxSats: 100, gated: true },
          { path: '/joke', maxSats: 100 },
        ],
      },
    })
  })
  afterAll(() => bridge.stop())

  it.each<[string, Params, string]>([
    ['a path that climbs', { path: '/free/../orders' }, 'path-not-allowed'],
    ['a path that climbs in disguise', { path: '/free/%2e%2e/orders' }, 'path-not-allowed'],
    ['a slash in disguise', { path: '/free%2forders' }, 'path-not-allowed'],
    ['a backslash', { path: '/free\\orders' }, 'path-not-allowed'],
    ['another host', { path: '//elsewhere.example/free/joke' }, 'path-not-allowed'],
    ['a whole URL', { path: 'http://elsewhere.example/free/joke' }, 'path-not-allowed'],
    ['an empty path', { path: '' }, 'path-not-allowed'],
    ['a path with a line break', { path: '/free/joke\r\nX-Injected: 1' }, 'path-not-allowed'],
    ['a query with a line break', { path: '/free/joke', query: 'a=1\r\nX-Injected: 1' }, 'invalid-request'],
    ['a method of two words', { method: 'GET /free/joke', path: '/joke' }, 'invalid-request'],
    ['no method', { method: '', path: '/joke' }, 'invalid-request'],
    ['an accept header with a line break', { path: '/joke', accept: 'text/plain\r\nX: 1' }, 'invalid-request'],
    ['a content type of gRPC', { path: '/joke', 'content-type': 'application/grpc' }, 'invalid-request'],
    ['a body beyond the limit', { method: 'POST', path: '/free/orders', body: 'x'.repeat(65_537) }, 'body-too-large'],
    ['a body far beyond', { method: 'POST', path: '/free/orders', body: 'x'.repeat(400_000) }, 'body-too-large'],
  ])('with %s is refused, and the upstream is not called', async (_what, params, code) => {
    const before = bridge.gateway.counters.requests
    const customer = bridge.customer
    const job = await customer.publishJob(params)
    const error = await customer.error(job.id)
    expect(error.code).toBe(code)
    expect(bridge.gateway.counters.requests).toBe(before)
  })

  it.each<[string, string[][], string]>([
    ['two hundred tags and more', Array.from({ length: 201 }, () => ['t', 'x']), 'invalid-request'],
    ['a negative bid', [['bid', '-1']], 'invalid-bid'],
    ['a bid beyond all money', [['bid', '99999999999999999999']], 'invalid-bid'],
  ])('with %s is refused', async (_what, tags, code) => {
    const job = await bridge.customer.publishJob({ path: '/joke' }, tags)
    const error = await bridge.customer.error(job.id)
    expect(error.code).toBe(code)
  })

  it('of a megabyte is not read, and keeps nobody else from being heard, now or after a restart', async () => {
    const { customer } = bridge
    const job = await customer.publishJob({ method: 'POST', path: '/free/orders', body: 'x'.repeat(1_000_000) })
    await bridge.fence()
    await bridge.restart()
    await bridge.fence()
    expect(customer.statuses(job.id)).toEqual([])
  })

  it('says the same thing twice and means the first', async () => {
    const job = await bridge.customer.publishJob({ path: '/free/echo' }, [
      ['param', 'path', '/free/orders'],
      ['param'],
      ['param', 'query'],
      ['relays'],
      ['i'],
    ])
    expect(JSON.parse((await bridge.customer.result(job.id)).content)).toMatchObject({ method: 'GET' })
  })
})

describe('many jobs at once', () => {
  let bridge: Bridge
  afterEach(() => bridge.stop())

  it('of one customer get no more invoices than are allowed, and one that is paid makes room', async () => {
    bridge = await startBridge({ wallet: true, dialect: 'aperture', config: { jobs: { maxUnpaidPerCustomer: 2 } } })
    const { customer } = bridge
    const jobs = Array.from({ length: 6 }, () => customer.job({ path: '/joke' }))
    await Promise.all(jobs.map((job) => customer.publish(job)))
    const answers = await Promise.all(
      jobs.map(({ id }) => Promise.any([customer.offer(id), customer.error(id)]).then(({ event }) => statusOf(event))),
    )
    expect(answers.sort()).toEqual([...Array<string>(4).fill('error'), ...Array<string>(2).fill('payment-required')])
    const open = jobs.find(({ id }) => customer.statuses(id).includes('payment-required'))
    await bridge.pay((await customer.offer(open?.id ?? '')).bolt11)
    await customer.result(open?.id ?? '')
    await customer.offer((await customer.publishJob({ path: '/joke' })).id)
  })

  it('of many customers are each paid and served once, with their own answer', async () => {
    bridge = await startBridge({ wallet: true, dialect: 'single-use' })
    const customers = await Promise.all(Array.from({ length: 20 }, () => bridge.newCustomer()))
    const results = await Promise.all(
      customers.map(async (customer, number) => {
        const job = await customer.publishJob({ path: '/echo', query: `n=${number}` })
        await bridge.pay((await customer.offer(job.id)).bolt11)
        const { content } = await customer.result(job.id)
        expect(customer.statuses(job.id)).toEqual(['payment-required', 'processing', 'result'])
        return (JSON.parse(content) as { query: { n: string } }).query.n
      }),
    )
    expect(results).toEqual(customers.map((_, number) => String(number)))
    expect(bridge.gateway.counters).toMatchObject({ invoicesMinted: 20, chargesSettled: 20 })
  })
})
