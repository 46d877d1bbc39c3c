/** Can a URL that a stranger chose lead the daemon into a private network, hold it up, or fill its memory? */
import type { LookupAddress } from 'node:dns'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import type { ResolveAll } from '../../../src/nostr/public-lookup.js'
import type { WebClient, WebRequest } from '../../../src/ports.js'
import { createWebClient, type WebClientSettings } from '../../../src/web/client.js'
import { startHttp, type Answer, type HttpFixture } from '../../support/http-fixture.js'

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function serve(answer: Answer): Promise<HttpFixture & { readonly url: string }> {
  const server = await startHttp(answer)
  stops.push(() => server.stop())
  return Object.assign(server, { url: `http://127.0.0.1:${server.port}` })
}

function open(settings: WebClientSettings = {}): WebClient {
  const client = createWebClient(settings)
  stops.push(() => client.stop())
  return client
}

const get = (url: string, more: Partial<WebRequest> = {}): WebRequest => ({
  ...{ method: 'GET', url, maxBytes: 1_000, timeoutMs: 5_000 },
  ...more,
})

const resolvingTo =
  (...addresses: string[]): ResolveAll =>
  (_name, _options, callback) =>
    callback(
      null,
      addresses.map((address): LookupAddress => ({ address, family: address.includes(':') ? 6 : 4 })),
    )

describe('the guarded client refuses', () => {
  it.each([
    ['http://127.0.0.1/'],
    ['http://127.1/'],
    ['http://2130706433/'],
    ['http://0x7f000001/'],
    ['http://0177.0.0.1/'],
    ['http://0.0.0.0/'],
    ['http://10.1.2.3/'],
    ['http://100.64.0.1/'],
    ['http://169.254.169.254/latest/meta-data/'],
    ['http://172.16.0.1/'],
    ['http://192.168.1.1/'],
    ['http://[::1]/'],
    ['http://[::]/'],
    ['http://[::ffff:127.0.0.1]/'],
    ['http://[::ffff:a9fe:a9fe]/'],
    ['http://[64:ff9b::a00:1]/'],
    ['http://[fd00::1]/'],
    ['http://[fe80::1]/'],
    ['http://255.255.255.255/'],
    ['http://224.0.0.1/'],
    ['http://localhost/'],
    ['http://localhost./'],
    ['http://intranet/'],
    ['http://metadata.google.internal/'],
    ['http://printer.local/'],
    ['http://１２７.０.０.１/'],
  ])('%s by its form, and looks nothing up', async (url) => {
    const looked: string[] = []
    const resolveAll: ResolveAll = (name, _options, callback) => (looked.push(name), callback(null, []))
    expect(await open({ resolveAll }).send(get(url))).toEqual({ type: 'failed', reason: 'the host is not public' })
    expect(looked).toEqual([])
  })

  it.each([
    ['file:///etc/passwd', 'not an http(s) URL'],
    ['ftp://example.com/', 'not an http(s) URL'],
    ['data:text/plain,x', 'not an http(s) URL'],
    ['http://user:pass@example.com/', 'a URL with a password'],
    ['http://user@example.com/', 'a URL with a password'],
    ['//example.com/', 'not a URL'],
    ['', 'not a URL'],
    [`http://example.com/${'x'.repeat(5_000)}`, 'not a URL'],
  ])('%s', async (url, reason) => {
    expect(await open().send(get(url))).toEqual({ type: 'failed', reason })
  })

  it.each([
    ['a private address', ['127.0.0.1']],
    ['one private address among public ones', ['198.51.100.7', '10.0.0.1']],
    ['a mapped address', ['::ffff:127.0.0.1']],
    ['the metadata address', ['169.254.169.254']],
  ])('a public name that resolves to %s, and connects nowhere', async (_, addresses) => {
    const server = await serve((response) => response.end('secret'))
    const outcome = await open({ resolveAll: resolvingTo(...addresses) }).send(get(`http://a.example:${server.port}/`))
    expect(outcome.type).toBe('failed')
    expect(server.connections).toBe(0)
  })
})

describe('the guarded client', () => {
  it('reads from an origin that is allowed, and from no other port of that host', async () => {
    const server = await serve((response) => response.setHeader('x-kind', 'test').end('hello'))
    const other = await serve((response) => response.end('secret'))
    const client = open({ allowedOrigins: new Set([server.url]) })
    expect(await client.send(get(`${server.url}/a?b=c`))).toMatchObject({
      ...{ type: 'response', status: 200, headers: { 'x-kind': 'test' }, body: Buffer.from('hello') },
    })
    expect(server.heard[0]).toMatchObject({ method: 'GET', target: '/a?b=c' })
    expect(await client.send(get(other.url))).toEqual({ type: 'failed', reason: 'the host is not public' })
  })

  it('connects to the address that was looked at, under the name that was asked for', async () => {
    const server = await serve((response) => response.end('hello'))
    const looked: string[] = []
    const client = open({ allowPrivate: true })
    expect((await client.send(get(`http://localhost:${server.port}/`))).type).toBe('response')
    expect(server.heard[0]?.headers.host).toBe(`localhost:${server.port}`)
    // Looked up once: a second answer, which could differ, is never asked for.
    const resolveAll: ResolveAll = (name, options, callback) => (
      looked.push(name),
      resolvingTo('198.51.100.7')(name, options, callback)
    )
    const guarded = open({ resolveAll })
    await guarded.send(get(`http://a.example:${server.port}/`, { timeoutMs: 100 }))
    expect(looked).toEqual(['a.example'])
  })

  it('uploads a body with the headers that it is given', async () => {
    const server = await serve((response) => response.writeHead(201).end('{}'))
    const body = Buffer.from('blob')
    const headers = { authorization: 'Nostr abc', cookie: 'a=b', host: 'evil' }
    const client = open({ allowPrivate: true })
    const outcome = await client.send({ ...get(`${server.url}/upload`, { headers, body }), method: 'PUT' })
    expect(outcome).toMatchObject({ type: 'response', status: 201 })
    expect(server.heard[0]).toMatchObject({ method: 'PUT', body: 'blob', headers: { authorization: 'Nostr abc' } })
    expect(server.heard[0]?.headers.cookie).toBeUndefined()
    expect(server.heard[0]?.headers.host).toBe(`127.0.0.1:${server.port}`)
  })

  it('answers a HEAD without waiting for a body', async () => {
    const server = await serve((response) => response.setHeader('content-length', 5_000_000).end())
    const outcome = await open({ allowPrivate: true }).send({ ...get(server.url), method: 'HEAD' })
    expect(outcome).toMatchObject({ type: 'response', headers: { 'content-length': '5000000' } })
  })

  it('keeps no cookie and no connection', async () => {
    const server = await serve((response) => response.setHeader('set-cookie', 'a=b').end('x'))
    const client = open({ allowPrivate: true })
    const first = await client.send(get(server.url))
    expect(first.type === 'response' && first.headers).not.toHaveProperty('set-cookie')
    await client.send(get(server.url))
    expect(server.heard[1]?.headers.cookie).toBeUndefined()
    expect(server.connections).toBe(2)
  })
})

describe('a redirect', () => {
  const redirecting = (to: () => string): Answer => {
    return (response, { url }) => {
      if (url === '/end') response.end('there')
      else response.writeHead(302, { location: to() }).end()
    }
  }

  it('is followed as often as allowed, and not once more', async () => {
    let hops = 0
    const server = await serve(redirecting(() => ((hops += 1) < 3 ? `/${hops}` : '/end')))
    const client = open({ allowPrivate: true })
    expect(await client.send(get(server.url, { redirects: 3 }))).toMatchObject({ body: Buffer.from('there') })
    hops = 0
    const tooFew = await client.send(get(server.url, { redirects: 2 }))
    expect(tooFew).toEqual({ type: 'failed', reason: 'too many redirects' })
  })

  it('is an answer like any other where none is followed', async () => {
    const server = await serve(redirecting(() => '/end'))
    expect(await open({ allowPrivate: true }).send(get(server.url))).toMatchObject({ type: 'response', status: 302 })
  })

  it.each(['http://169.254.169.254/', 'file:///etc/passwd', 'http://a:b@example.com/', '//10.0.0.1/x'])(
    'to %s is refused like a first URL',
    async (location) => {
      const server = await serve(redirecting(() => location))
      const client = open({ allowedOrigins: new Set([server.url]) })
      expect((await client.send(get(server.url, { redirects: 3 }))).type).toBe('failed')
    },
  )

  it('from an allowed origin does not allow another', async () => {
    const inner = await serve((response) => response.end('secret'))
    const server = await serve(redirecting(() => inner.url))
    const client = open({ allowedOrigins: new Set([server.url]) })
    const outcome = await client.send(get(server.url, { redirects: 3 }))
    expect(outcome).toEqual({ type: 'failed', reason: 'the host is not public' })
    expect(inner.connections).toBe(0)
  })

  it('carries no credential to another origin', async () => {
    const other = await serve((response) => response.end('x'))
    const server = await serve(redirecting(() => other.url))
    const headers = { authorization: 'Nostr abc', accept: 'text/plain', 'x-mine': '1' }
    await open({ allowPrivate: true }).send(get(server.url, { redirects: 1, headers }))
    expect(server.heard[0]?.headers.authorization).toBe('Nostr abc')
    expect(other.heard[0]?.headers.authorization).toBeUndefined()
    expect(other.heard[0]?.headers['x-mine']).toBeUndefined()
    expect(other.heard[0]?.headers.accept).toBe('text/plain')
  })
})

describe('a body', () => {
  const client = () => open({ allowPrivate: true })

  it('of the largest size is read whole, and one byte more is too much', async () => {
    const server = await serve((response, { url }) => response.end(Buffer.alloc(url === '/fits' ? 1_000 : 1_001)))
    expect(await client().send(get(`${server.url}/fits`))).toMatchObject({ type: 'response', status: 200 })
    expect(await client().send(get(server.url))).toEqual({ type: 'tooLarge' })
  })

  it('without end is given up at the cap', async () => {
    const server = await serve((response) => {
      const timer = setInterval(() => response.write(Buffer.alloc(600)), 5)
      response.on('close', () => clearInterval(timer))
    })
    expect(await client().send(get(server.url))).toEqual({ type: 'tooLarge' })
  })

  it.each([
    ['gzip', gzipSync],
    ['br', brotliCompressSync],
  ])('packed with %s is unpacked, and counted as it is unpacked', async (coding, pack) => {
    const server = await serve((response, { url }) => {
      const content = Buffer.alloc(url === '/bomb' ? 50_000_000 : 1_000, 'a')
      response.setHeader('content-encoding', coding).end(pack(content))
    })
    expect(await client().send(get(server.url))).toMatchObject({ body: Buffer.alloc(1_000, 'a') })
    expect(await client().send(get(`${server.url}/bomb`))).toEqual({ type: 'tooLarge' })
  })

  it('of empty packed pieces without end is given up', async () => {
    const server = await serve((response) => {
      response.setHeader('content-encoding', 'gzip')
      const empty = Buffer.concat(Array.from({ length: 1_000 }, () => gzipSync('')))
      const timer = setInterval(() => response.write(empty), 1)
      response.on('close', () => clearInterval(timer))
    })
    expect(await client().send(get(server.url))).toEqual({ type: 'tooLarge' })
  })

  it.each(['zstd', 'gzip, gzip', 'constructor'])('with the coding %s is not read', async (coding) => {
    const server = await serve((response) => response.setHeader('content-encoding', coding).end('x'))
    expect((await client().send(get(server.url))).type).toBe('failed')
  })

  it('that says it is packed and is not is not read', async () => {
    const server = await serve((response) => response.setHeader('content-encoding', 'gzip').end('plain'))
    expect((await client().send(get(server.url))).type).toBe('failed')
  })

  it('that breaks off is not taken for a whole one', async () => {
    const server = await serve((response) => {
      response.setHeader('content-length', 500)
      response.write('half')
      setImmediate(() => response.destroy())
    })
    expect((await client().send(get(server.url))).type).toBe('failed')
  })
})

describe('the deadline', () => {
  it.each<[string, Answer]>([
    ['headers', () => undefined],
    [
      'a body that drips',
      (response) => {
        const timer = setInterval(() => response.write('x'), 10)
        response.on('close', () => clearInterval(timer))
      },
    ],
    ['redirects that go round', (response) => setTimeout(() => response.writeHead(302, { location: '/' }).end(), 20)],
  ])('holds for %s', async (_, answer) => {
    const server = await serve(answer)
    const client = open({ allowPrivate: true })
    const outcome = await client.send(get(server.url, { timeoutMs: 150, redirects: 1_000 }))
    expect(outcome).toEqual({ type: 'failed', reason: 'took too long' })
    await expect.poll(() => server.sockets.size).toBe(0)
  })

  it('holds for a name that nobody answers', async () => {
    const client = open({ resolveAll: () => undefined })
    const outcome = await client.send(get('http://a.example/', { timeoutMs: 50 }))
    expect(outcome).toEqual({ type: 'failed', reason: 'took too long' })
  })

  it('holds for a server that accepts and says nothing', async () => {
    const silent = createServer((socket) => socket.on('error', () => socket.destroy()))
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    stops.push(() => silent.close())
    const { port } = silent.address() as AddressInfo
    const client = open({ allowPrivate: true })
    const outcome = await client.send(get(`http://127.0.0.1:${port}/`, { timeoutMs: 50 }))
    expect(outcome.type).toBe('failed')
  })

  it('is now when the client is stopped', async () => {
    const server = await serve(() => undefined)
    const client = open({ allowPrivate: true })
    const sent = client.send(get(server.url, { timeoutMs: 60_000 }))
    await expect.poll(() => server.heard.length).toBe(1)
    await client.stop()
    expect((await sent).type).toBe('failed')
    expect((await client.send(get(server.url))).type).toBe('failed')
  })
})
