/** Is a configuration filled in from what an API or a listing says, and is nothing of a hostile one believed? */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { naddrEncode, neventEncode } from 'nostr-tools/nip19'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { findService, type ServiceSource } from '../../../src/cli/find-service.js'
import { init } from '../../../src/cli/init.js'
import { loadConfig } from '../../../src/config/load.js'
import type { NostrEvent } from '../../../src/core/event.js'
import { startGateway } from '../../../src/dev/gateways/gateway.js'
import { createSimulatedNetwork } from '../../../src/dev/lightning/simulated.js'
import { startRelay } from '../../../src/dev/relay/relay.js'
import { createKeySigner } from '../../../src/nostr/signer.js'
import { startOddUpstream, type OddUpstream } from '../../support/odd-upstream.js'
import { openRelayClient } from '../../support/relay-client.js'

const stops: (() => unknown)[] = []
let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tollbridge-service-'))
  stops.push(() => rm(directory, { recursive: true }))
})
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function configured(source: ServiceSource) {
  const written = await init(join(directory, 'bridge'), null, await findService(source))
  const config = await loadConfig(written.configFile, {})
  const [upstream] = config.upstreams
  if (!upstream || config.upstreams.length !== 1) throw new Error('one upstream is expected')
  return { upstream, routes: upstream.routes, written, text: await readFile(written.configFile, 'utf8') }
}

async function serve(documents: Record<string, unknown>): Promise<OddUpstream> {
  const upstream = await startOddUpstream()
  stops.push(() => upstream.stop())
  upstream.answer(({ url = '' }, response) => {
    const document = documents[url]
    if (document === undefined) return void response.writeHead(404).end()
    response.end(typeof document === 'string' ? document : JSON.stringify(document))
  })
  return upstream
}

const NGINX = {
  version: '1',
  service: { name: 'Stocks', description: 'Stocks' },
  routes: [
    { path: '/v1/quote/{symbol}', price: { type: 'static', amount_msat: 21_000 }, description: 'A quote' },
    { path: '/v1/deep', price: { type: 'static', amount_msat: 1_500 } },
    { path: '/v1/any', price: { type: 'dynamic' } },
  ],
}

describe('--from', () => {
  it('takes routes, exact prices and ceilings with a little room', async () => {
    const { origin } = await serve({ '/.well-known/l402-services': NGINX })
    const { upstream, routes, written, text } = await configured({ from: `${origin}/docs?x=1` })
    expect(upstream).toMatchObject({ origin, publicUrl: null, name: '127.0.0.1' })
    expect(routes).toMatchObject([
      { path: '/v1/quote/*', methods: ['GET'], maxSats: 24, priceSats: 21, description: 'A quote' },
      { path: '/v1/deep', maxSats: 3, priceSats: null, description: null },
      { path: '/v1/any', maxSats: 1000, priceSats: null },
    ])
    expect(written.nextSteps[0]).toBe('The price of /v1/any is not told in sats: set its maxSats yourself.')
    expect(text).toContain('# The paths that customers may call; anything else is refused.')
  })

  it('reads the manifest of a gate that sells by tokens, and says that its prices are none of calls', async () => {
    const network = createSimulatedNetwork()
    stops.push(() => network.stop())
    const gateway = await startGateway({ dialect: 'satgate', node: network.createNode() })
    stops.push(() => gateway.stop())
    const { routes, written } = await configured({ from: gateway.url })
    expect(routes).toMatchObject([
      { path: '/stream', methods: ['GET'], maxSats: 1000 },
      { path: '/orders', methods: ['POST'], maxSats: 1000 },
    ])
    expect(written.nextSteps.filter((step) => step.includes('not told in sats'))).toHaveLength(2)
  })

  it('reads OpenAPI with prices beside its operations', async () => {
    const operation = (sats: number) => ({ summary: 'It does', 'x-l402-price-sats': sats, parameters: [] })
    const document = {
      openapi: '3.1.0',
      info: { title: 'API' },
      paths: { '/a/{id}': { get: operation(5), post: operation(7), parameters: [] } },
    }
    const { origin } = await serve({ '/.well-known/l402.json': document })
    const { routes } = await configured({ from: origin })
    expect(routes).toMatchObject([
      { path: '/a/*', methods: ['GET'], priceSats: 5 },
      { path: '/a/*', methods: ['POST'], priceSats: 7 },
    ])
  })

  it('leaves out what is no path, what costs a fortune, and what stands there twice; and says so', async () => {
    const price = { amount_msat: 1000 }
    const hostile = [
      ...['/../admin', '/a//b', '/a%2fb', '/x\u0000y', 'joke', 'https://elsewhere.example/a', '/a*b', '/**/b', 7].map(
        (path) => ({ path, price }),
      ),
      ...[-1, 0, 1.5, 1e18, '99999999999999999'].map((amount_msat) => ({ path: '/dear', price: { amount_msat } })),
      { path: '/good', price, description: 'line\nbreak \u001b[31m\u202eend' },
      { path: '/good', price },
      { path: '/odd', methods: ['TRACE', 'CONNECT'], price },
    ]
    const { origin } = await serve({ '/.well-known/l402': { routes: hostile } })
    const { routes, written, text } = await configured({ from: origin })
    expect(routes).toMatchObject([{ path: '/good', methods: ['GET'], description: 'line break [31m end' }])
    expect(written.nextSteps.filter((step) => step.includes('left out')).length).toBeGreaterThanOrEqual(10)
    expect(text).not.toMatch(/[\u0000-\u0008\u001b\u202e]/)
  })

  it.each([
    ['huge', `{"routes":[${'{"path":"/a"},'.repeat(30_000)}{"path":"/a"}]}`, 'too large'],
    ['deep', `${'['.repeat(50)}${']'.repeat(50)}`, 'nested too deep'],
    ['no JSON', 'hello', 'no JSON object'],
    ['without routes', { routes: [] }, 'names no routes'],
    ['without a usable route', { routes: [{ path: '/../x' }] }, 'no route that can be offered'],
  ])('refuses a document that is %s, in a sentence, and writes nothing', async (_name, document, sentence) => {
    const { origin } = await serve({ '/.well-known/l402': document })
    await expect(configured({ from: origin })).rejects.toMatchObject({ code: 'usage' })
    await expect(findService({ from: origin })).rejects.toThrow(sentence)
    await expect(readFile(join(directory, 'bridge', 'tollbridge.key'))).rejects.toThrow()
  })

  it('follows no redirect, and asks nobody but the origin', async () => {
    const elsewhere = await serve({ '/': NGINX })
    const upstream = await startOddUpstream()
    stops.push(() => upstream.stop())
    upstream.answer((_request, response) => response.writeHead(302, { location: `${elsewhere.origin}/` }).end())
    await expect(findService({ from: upstream.origin })).rejects.toThrow('a redirect, which is not followed')
  })

  it.each(['ftp://a.example', 'not a url', 'https://user:pass@a.example', 'http://api.example.com'])(
    'refuses %s',
    async (from) => {
      await expect(findService({ from })).rejects.toMatchObject({ code: 'usage' })
    },
  )
})

describe('--listing', () => {
  const author = createKeySigner(Buffer.alloc(32, 5))
  const listing = (tags: string[][], capabilities: unknown, createdAt = 1_790_000_000): Promise<NostrEvent> =>
    author.sign({
      kind: 31_402,
      created_at: createdAt,
      tags: [['d', 'api'], ['name', 'Jokes'], ['url', 'https://jokes.example.com/v1'], ...tags],
      content: JSON.stringify({ capabilities }),
    })
  const JOKE = { name: 'joke', description: 'A joke', endpoint: '/joke' }
  const inFile = async (event: unknown): Promise<string> => {
    const file = join(directory, 'listing.json')
    await writeFile(file, JSON.stringify(event))
    return file
  }

  it.each([
    ['deployed', ['price', 'joke', '21', 'sats'], ['about', 'Jokes']],
    ['newest', ['price', 'joke', '21', 'sat'], ['summary', 'Jokes']],
  ])('reads the %s dialect from a file', async (_name, price, about) => {
    const post = { name: 'order', endpoint: 'https://jokes.example.com/orders', schema: {} }
    const event = await listing([price, about, ['price', 'order', '3', 'usd']], [JOKE, post])
    const { upstream, routes } = await configured({ listing: await inFile(event) })
    expect(upstream).toMatchObject({ name: 'jokes.example.com', origin: 'https://jokes.example.com' })
    expect(upstream.publicUrl).toMatch(/^https:\/\/jokes\.example\.com/)
    expect(routes).toMatchObject([
      { path: '/joke', methods: ['GET'], maxSats: 24, priceSats: 21, description: 'A joke' },
      { path: '/orders', methods: ['POST'], maxSats: 1000, priceSats: null },
    ])
  })

  it('finds the newest at a relay by naddr, and one event by nevent', async () => {
    const relay = await startRelay()
    stops.push(() => relay.stop())
    const client = await openRelayClient(relay.url)
    stops.push(() => client.close())
    const old = await listing([['price', 'joke', '1', 'sats']], [JOKE], 1_780_000_000)
    const fresh = await listing([['price', 'joke', '40', 'sats']], [JOKE])
    for (const event of [old, fresh]) await client.publish(event)
    const naddr = naddrEncode({ kind: 31_402, pubkey: author.pubkey, identifier: 'api', relays: [] })
    const found = await findService({ listing: naddr, relay: [relay.url] })
    expect(found?.routes).toMatchObject([{ priceMsat: 40_000 }])
    const nevent = neventEncode({ id: fresh.id, relays: [] })
    expect((await findService({ listing: nevent, relay: [relay.url] }))?.routes).toHaveLength(1)
    await expect(findService({ listing: naddr })).rejects.toThrow('--relay')
  })

  it('refuses what its author did not sign, another kind, and hosts that are not public', async () => {
    const event = await listing([], [JOKE])
    const altered = {
      ...event,
      tags: event.tags.map((tag) => (tag[0] === 'url' ? ['url', 'https://evil.example'] : tag)),
    }
    await expect(findService({ listing: await inFile(altered) })).rejects.toThrow('signature')
    const other = await author.sign({ kind: 1, created_at: 1, tags: [], content: '{}' })
    await expect(findService({ listing: await inFile(other) })).rejects.toThrow('31402')
    for (const url of ['https://127.0.0.1', 'https://10.0.0.7', 'https://localhost', 'http://jokes.example.com']) {
      const tags = [
        ['d', 'api'],
        ['url', url],
      ]
      const inside = await author.sign({
        kind: 31_402,
        created_at: 1,
        tags,
        content: JSON.stringify({ capabilities: [JOKE] }),
      })
      await expect(findService({ listing: await inFile(inside) })).rejects.toThrow('no public https URL')
    }
    await expect(findService({ listing: join(directory, 'missing') })).rejects.toThrow('neither an address nor a file')
    await expect(findService({ listing: 'naddr1nonsense' })).rejects.toThrow('not the address of a listing')
  })
})
