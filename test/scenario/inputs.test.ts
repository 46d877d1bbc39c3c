/** Does a job get what its inputs point at, and nobody else's secrets? Over real relays, hosts and the real daemon. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { NostrEvent } from '../../src/core/event.js'
import { startBridge, type Bridge } from '../support/bridge.js'
import type { NostrCustomer } from '../support/nostr-customer.js'

let bridge: Bridge
let host: Server
let origin: string
const fetched: string[] = []

beforeAll(async () => {
  host = createServer((request, response) => {
    fetched.push(request.url ?? '')
    if (request.url === '/text') return void response.setHeader('content-type', 'text/markdown').end('# Funchal')
    if (request.url === '/large') return void response.end('x'.repeat(5_000))
    if (request.url === '/page') return void response.end('"quoted"\n'.repeat(100))
    if (request.url?.startsWith('/flaky')) {
      const isFirst = fetched.filter((url) => url === request.url).length === 1
      return void response.writeHead(isFirst ? 503 : 200).end('at last')
    }
    response.writeHead(404).end()
  })
  host.listen(0, '127.0.0.1')
  await once(host, 'listening')
  origin = `http://127.0.0.1:${(host.address() as AddressInfo).port}`
  const inputs = { allowPrivate: true, maxBytes: 4_000, waitSeconds: 30, maxDepth: 2 }
  bridge = await startBridge({ wallet: true, config: { inputs } })
})
afterAll(async () => {
  await bridge.stop()
  host.close()
})

const ECHO = { method: 'POST', path: '/free/echo' }
type Tag = readonly string[]
const input = (...tag: string[]): Tag => ['i', ...tag]
const echoed = (result: NostrEvent) => JSON.parse(result.content) as { body: string; query: Record<string, string> }
const stateOf = (id: string): string | undefined => bridge.adapters.store.get(id as never)?.state

async function run(tags: readonly Tag[], params: Record<string, string> = ECHO, customer = bridge.customer) {
  const { id } = await customer.publishJob(params, tags)
  return echoed(await customer.result(id))
}
async function refusalOf(tags: readonly Tag[], params: Record<string, string> = ECHO, customer = bridge.customer) {
  const { id } = await customer.publishJob(params, tags)
  return (await customer.error(id)).code
}
const note = (customer: NostrCustomer, content: string, tags: readonly Tag[] = []): NostrEvent =>
  customer.sign({ kind: 1, content, tags })

describe('an input', () => {
  it('of type url is the body of the call', async () => {
    expect((await run([input(`${origin}/text`, 'url')])).body).toBe('# Funchal')
  })

  it('goes where its marker says, several of them beside one another', async () => {
    const tags = [
      input(`${origin}/text`, 'url', '', 'query:page'),
      input('a&b=c', 'text', '', 'query:q'),
      input('x', 'text', '', 'body'),
    ]
    const { query, body } = await run(tags, { ...ECHO, path: '/free/echo?n=1' })
    expect(query).toEqual({ n: '1', page: '# Funchal', q: 'a&b=c' })
    expect(body).toBe('x')
  })

  it('of type event is its content, or the whole event where that is asked for', async () => {
    const event = note(bridge.customer, 'hello')
    await bridge.customer.publish(event)
    expect((await run([input(event.id, 'event')])).body).toBe('hello')
    const whole = JSON.parse((await run([input(event.id, 'event', bridge.relay.url, 'body:event')])).body) as NostrEvent
    expect(whole).toEqual(event)
  })

  it('that fails for a moment is tried again', async () => {
    expect((await run([input(`${origin}/flaky`, 'url')])).body).toBe('at last')
  })

  it('and a topic of the job stand in the result', async () => {
    const { id } = await bridge.customer.publishJob(ECHO, [input(`${origin}/text`, 'url'), ['t', 'weather']])
    const { tags } = await bridge.customer.result(id)
    expect(tags).toContainEqual(['i', `${origin}/text`, 'url'])
    expect(tags).toContainEqual(['t', 'weather'])
  })

  it.each([
    ['a type that nobody knows', [input('x', 'image')], 'input-unsupported'],
    ['a URL that is none', [input('weather', 'url')], 'input-invalid'],
    ['a URL with a password', [input('http://a:b@example.com/', 'url')], 'input-invalid'],
    ['a file', [input('file:///etc/passwd', 'url')], 'input-invalid'],
    ['an id that is none', [input('abc', 'event')], 'input-invalid'],
    ['nine of them', Array.from({ length: 9 }, (_, n) => input(`https://example.com/${n}`, 'url')), 'input-invalid'],
    ['two bodies', [input('a', 'text', '', 'body'), input('b', 'text', '', 'body')], 'invalid-request'],
  ])('that could not end well is refused before anything is fetched: %s', async (_, tags, code) => {
    const before = fetched.length
    expect(await refusalOf(tags)).toBe(code)
    expect(fetched.length).toBe(before)
  })

  it('that is too large, or missing, ends the job before anything is asked of the API', async () => {
    const before = bridge.gateway.counters.challenges
    expect(await refusalOf([input(`${origin}/large`, 'url')], { method: 'POST', path: '/echo' })).toBe(
      'input-too-large',
    )
    expect(await refusalOf([input(`${origin}/none`, 'url')], { method: 'POST', path: '/echo' })).toBe(
      'input-unavailable',
    )
    expect(bridge.gateway.counters.challenges).toBe(before)
  })

  it('too large together with others is refused, too', async () => {
    const five = Array.from({ length: 5 }, (_, n) => input(`${origin}/page#${n}`, 'url', '', `query:${n}`))
    expect(await refusalOf(five)).toBe('input-too-large')
  })

  it('survives a restart: it is gathered again, and the job is done once', async () => {
    const customer = await bridge.newCustomer()
    const event = note(customer, 'later')
    const { id } = await customer.publishJob(ECHO, [input(event.id, 'event')])
    await vi.waitFor(() => expect(stateOf(id)).toBe('gathering'))
    await bridge.restart()
    await customer.publish(event)
    expect(echoed(await customer.result(id)).body).toBe('later')
    expect(customer.statuses(id)).toEqual(['result'])
  })

  it('of a paid job is charged for only once it is there, and not fetched again after the payment', async () => {
    fetched.length = 0
    const { id } = await bridge.customer.publishJob({ method: 'POST', path: '/echo' }, [input(`${origin}/page`, 'url')])
    const { bolt11 } = await bridge.customer.offer(id)
    await bridge.restart()
    await bridge.pay(bolt11)
    expect(echoed(await bridge.customer.result(id)).body).toBe('"quoted"\n'.repeat(100))
    expect(fetched).toEqual(['/page'])
  })

  it('that is waited for is called off with its job', async () => {
    const { id } = await bridge.customer.publishJob(ECHO, [input('ab'.repeat(32), 'job')])
    await vi.waitFor(() => expect(stateOf(id)).toBe('gathering'))
    await bridge.customer.publish(
      bridge.customer.sign({
        kind: 5,
        tags: [
          ['e', id],
          ['k', '5800'],
        ],
      }),
    )
    expect((await bridge.customer.error(id)).code).toBe('cancelled')
  })
})

describe('the result of an earlier job', () => {
  const second = (jobId: string): readonly Tag[] => [input(jobId, 'job')]

  it('is waited for while that job waits for its payment', async () => {
    const customer = bridge.customer
    const first = await customer.publishJob({ path: '/joke' })
    const { bolt11 } = await customer.offer(first.id)
    const { id } = await customer.publishJob(ECHO, second(first.id))
    await vi.waitFor(() => expect(stateOf(id)).toBe('gathering'))
    await bridge.pay(bolt11)
    const { content } = await customer.result(first.id)
    expect(echoed(await customer.result(id)).body).toBe(content)
  })

  it('may come before that job, and is found when it is done', async () => {
    const job = bridge.customer.job({ path: '/free/joke' })
    const { id } = await bridge.customer.publishJob(ECHO, second(job.id))
    await vi.waitFor(() => expect(stateOf(id)).toBe('gathering'))
    await bridge.customer.publish(job)
    const { content } = await bridge.customer.result(job.id)
    expect(echoed(await bridge.customer.result(id)).body).toBe(content)
  })

  it('is not to be had where that job failed or was called off', async () => {
    const failed = await bridge.customer.publishJob({ path: '/free/status/404' })
    await bridge.customer.error(failed.id)
    expect(await refusalOf(second(failed.id))).toBe('input-unavailable')
  })

  it('of another service provider is found at the relays, signed by whom that job had asked', async () => {
    const [other, stranger] = [await bridge.newCustomer(), await bridge.newCustomer()]
    const job = bridge.customer.sign({ kind: 5050, tags: [['p', other.pubkey]] })
    const answer = (by: NostrCustomer, content: string) =>
      by.sign({
        kind: 6050,
        content,
        tags: [
          ['e', job.id],
          ['p', bridge.customer.pubkey],
        ],
      })
    await bridge.customer.publish(job)
    await stranger.publish(answer(stranger, 'forged'))
    const { id } = await bridge.customer.publishJob(ECHO, second(job.id))
    await vi.waitFor(() => expect(stateOf(id)).toBe('gathering'))
    await other.publish(answer(other, 'answered'))
    expect(echoed(await bridge.customer.result(id)).body).toBe('answered')
  })

  it('of another service provider that failed is given up at once', async () => {
    const other = await bridge.newCustomer()
    const job = bridge.customer.sign({ kind: 5050, tags: [['p', other.pubkey]] })
    await bridge.customer.publish(job)
    await other.publish(
      other.sign({
        kind: 7000,
        tags: [
          ['e', job.id],
          ['status', 'error', 'no'],
        ],
      }),
    )
    expect(await refusalOf(second(job.id))).toBe('input-unavailable')
  })

  it('that was encrypted is given to its author, and to nobody else', async () => {
    const [customer, stranger] = [bridge.customer, await bridge.newCustomer()]
    const content = customer.encrypt(
      JSON.stringify([
        ['param', 'method', 'GET'],
        ['param', 'path', '/free/joke'],
      ]),
    )
    const job = customer.sign({ kind: 5800, content, tags: [['p', bridge.daemon.pubkey], ['encrypted']] })
    await customer.publish(job)
    await customer.result(job.id)
    const secret = job.id
    expect((await run(second(secret))).body).toContain('satoshi')
    expect(await refusalOf(second(secret), ECHO, stranger)).toBe('input-unavailable')
  })

  it('is not waited for behind more jobs than allowed', async () => {
    const { customer } = bridge
    const base = customer.job(ECHO)
    const chain = [base.id]
    for (let length = 1; length <= 2; length += 1) {
      const { id } = await customer.publishJob(ECHO, second(chain.at(-1) ?? ''))
      chain.push(id)
      await vi.waitFor(() => expect(stateOf(id)).toBe('gathering'))
    }
    expect(await refusalOf(second(chain.at(-1) ?? ''))).toBe('input-invalid')
    await customer.publish(base)
    await customer.result(chain.at(-1) ?? '')
  })

  it('of what is said in messages is not read out to others', async () => {
    const [customer, stranger] = [await bridge.newCustomer(), await bridge.newCustomer()]
    const message = customer.sign({ kind: 4, content: 'secret', tags: [['p', bridge.customer.pubkey]] })
    await customer.publish(message)
    expect(await refusalOf([input(message.id, 'event')], ECHO, stranger)).toBe('input-unavailable')
    expect((await run([input(message.id, 'event')], ECHO, bridge.customer)).body).toBe('secret')
  })
})
