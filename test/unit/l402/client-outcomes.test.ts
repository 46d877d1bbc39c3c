import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { describe, expect, it, vi } from 'vitest'
import type { UpstreamClientSettings } from '../../../src/l402/client.js'
import { startHttp, type Answer } from '../../support/http-fixture.js'
import { clientOf, hello, kept, request, serve, text, TLS } from '../../support/upstream-fixture.js'

describe('a response that is too much', () => {
  it('is cut off where the body never ends, and the connection with it', async () => {
    let closed: Promise<unknown> | undefined
    const { client } = await serve((response) => {
      closed = once(response, 'close')
      const pour = (): void => {
        while (!response.destroyed && response.write('x'.repeat(4096)));
      }
      response.on('drain', pour)
      pour()
    })
    expect(await client.send(request())).toEqual({ type: 'tooLarge', status: 200 })
    await closed
  })

  it('is not read at all where its length says so', async () => {
    const { client } = await serve((response) => response.writeHead(200, { 'content-length': '1001' }).write('x'))
    expect(await client.send(request())).toEqual({ type: 'tooLarge', status: 200 })
  })

  it('may be exactly as large as the cap, and the call may lower it', async () => {
    const { client } = await serve((response) => response.end('x'.repeat(1000)))
    expect(text(await client.send(request()))).toHaveLength(1000)
    expect(await client.send(request({ maxBytes: 999 }))).toEqual({ type: 'tooLarge', status: 200 })
  })

  it('is unknown where the headers pass 64 KiB', async () => {
    const { client } = await serve((response) => response.setHeader('x-huge', 'x'.repeat(70_000)).end())
    expect(await client.send(request())).toMatchObject({ type: 'unknown', reason: 'UND_ERR_HEADERS_OVERFLOW' })
  })

  it('takes a challenge above the usual 16 KiB of headers', async () => {
    const { client } = await serve((response) => response.setHeader('www-authenticate', 'x'.repeat(40_000)).end())
    expect(await client.send(request())).toMatchObject({ type: 'response' })
  })
})

describe('a body that is packed although nobody asked', () => {
  const packed = (coding: string, body: Buffer): Answer => {
    return (response) => response.writeHead(200, { 'content-encoding': coding }).end(body)
  }

  it.each<[string, Buffer]>([
    ['gzip', gzipSync('hello')],
    ['br', brotliCompressSync('hello')],
    ['identity', Buffer.from('hello')],
  ])('is unpacked from %s', async (coding, body) => {
    const { client } = await serve(packed(coding, body))
    expect(text(await client.send(request()))).toBe('hello')
  })

  it('is too large where it would unpack beyond the cap', async () => {
    const bomb = gzipSync(Buffer.alloc(500_000))
    expect(bomb.length).toBeLessThan(1000)
    const { client } = await serve(packed('gzip', bomb))
    expect(await client.send(request())).toEqual({ type: 'tooLarge', status: 200 })
  })

  it.each<[string, string, Buffer]>([
    ['cut short', 'gzip', gzipSync('hello').subarray(0, 12)],
    ['in a coding we lack', 'zstd', Buffer.from('hello')],
    ['packed twice', 'gzip, gzip', gzipSync(gzipSync('hello'))],
  ])('is unknown where it is %s', async (_, coding, body) => {
    const { client } = await serve(packed(coding, body))
    expect(await client.send(request())).toMatchObject({ type: 'unknown' })
  })
})

describe('a call without a whole answer is unknown', () => {
  it.each<[string, Answer, Partial<UpstreamClientSettings>]>([
    ['no headers come in time', () => undefined, { headersTimeoutMs: 100 }],
    ['the body stops coming', (response) => response.writeHead(200).write('x'), { bodyTimeoutMs: 100 }],
    ['the whole takes too long', (response) => response.writeHead(200).write('x'), { totalTimeoutMs: 1_000 }],
    ['the connection is reset before the headers', (_, { socket }) => socket.resetAndDestroy(), {}],
    ['the connection ends before the headers', (_, { socket }) => socket.destroy(), {}],
    [
      'the connection is reset within the body',
      (response, { socket }) => response.writeHead(200).write('x', () => socket.resetAndDestroy()),
      {},
    ],
    [
      'the body is shorter than its length',
      (response, { socket }) => response.writeHead(200, { 'content-length': '10' }).write('x', () => socket.end()),
      {},
    ],
    ['the answer is no HTTP', (_, { socket }) => void socket.write('220 smtp.example ESMTP\r\n\r\n'), {}],
  ])('where %s', async (_, answer, over) => {
    const { http, client } = await serve(answer, over)
    expect(await client.send(request({ method: 'POST', body: 'x' }))).toMatchObject({ type: 'unknown' })
    // undici may open a fresh connection in place of the one it gave up, and sends nothing on it.
    await vi.waitFor(() => expect(http.connections - http.sockets.size).toBeGreaterThan(0))
    expect(http.heard).toHaveLength(1)
  })

  it('where it is stopped on the way', async () => {
    const stop = new AbortController()
    const { client } = await serve(() => stop.abort())
    expect(await client.send(request(), stop.signal)).toEqual({ type: 'unknown', reason: 'stopped' })
  })

  it('where the client is stopped on the way, which also ends its connections', async () => {
    const { http, client } = await serve(() => void client.stop())
    expect(await client.send(request())).toMatchObject({ type: 'unknown' })
    await vi.waitFor(() => expect(http.sockets.size).toBe(0))
  })
})

describe('a call is unsent only where nothing left', () => {
  const deadPort = async (): Promise<number> => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    server.close()
    await once(server, 'close')
    return port
  }
  /** Accepts and never says a word. */
  const mute = async () => {
    const sockets = new Set<Socket>()
    const server = createServer((socket) => sockets.add(socket.on('error', () => socket.destroy())))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return kept({
      port: (server.address() as AddressInfo).port,
      async stop() {
        for (const socket of sockets) socket.destroy()
        server.close()
        await once(server, 'close')
      },
    })
  }

  it('where the connection is refused', async () => {
    const client = clientOf(`http://127.0.0.1:${await deadPort()}`)
    expect(await client.send(request())).toEqual({ type: 'unsent', reason: 'ECONNREFUSED' })
  })

  it('where the name does not resolve', async () => {
    const client = clientOf('https://nowhere.invalid', { connectTimeoutMs: 1_000 })
    expect(await client.send(request())).toMatchObject({ type: 'unsent' })
  })

  it('where TLS never comes about', async () => {
    const { port } = await mute()
    const client = clientOf(`https://127.0.0.1:${port}`, { connectTimeoutMs: 100 })
    expect(await client.send(request())).toEqual({ type: 'unsent', reason: 'UND_ERR_CONNECT_TIMEOUT' })
  })

  it('where the certificate is not trusted, and sent where it is', async () => {
    const http = kept(await startHttp(hello, TLS))
    const origin = `https://localhost:${http.port}`
    expect(await clientOf(origin).send(request())).toEqual({ type: 'unsent', reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    expect(http.heard).toHaveLength(0)
    expect(text(await clientOf(origin, { ca: TLS.cert }).send(request()))).toBe('hello')
  })

  it('where it was stopped before', async () => {
    const { http, client } = await serve(hello)
    expect(await client.send(request(), AbortSignal.abort())).toEqual({ type: 'unsent', reason: 'stopped' })
    await client.stop()
    await client.stop()
    expect(await client.send(request())).toMatchObject({ type: 'unsent' })
    expect(http.heard).toHaveLength(0)
  })

  it('where it was stopped while it waited for a connection, and it is not sent afterwards', async () => {
    const answers: ServerResponse[] = []
    const { http, client } = await serve((response) => answers.push(response), { connections: 1 })
    const first = client.send(request({ target: '/1' }))
    await vi.waitFor(() => expect(answers).toHaveLength(1))
    const stop = new AbortController()
    const second = client.send(request({ method: 'POST', target: '/2', body: 'x' }), stop.signal)
    const third = client.send(request({ target: '/3' }))
    stop.abort()
    expect(await second).toEqual({ type: 'unsent', reason: 'stopped' })
    answers[0]?.end('hello')
    expect(text(await first)).toBe('hello')
    await vi.waitFor(() => expect(answers).toHaveLength(2))
    answers[1]?.end('hello')
    expect(text(await third)).toBe('hello')
    expect(http.heard.map(({ target }) => target)).toEqual(['/1', '/3'])
  })

  it('where its time was over before it had a connection', async () => {
    const { port } = await mute()
    const client = clientOf(`https://127.0.0.1:${port}`, { totalTimeoutMs: 100 })
    expect(await client.send(request())).toEqual({ type: 'unsent', reason: 'took too long' })
  })
})

describe('kept connections', () => {
  it('serve one call after the other', async () => {
    const { http, client } = await serve(hello)
    for (let i = 0; i < 6; i++) expect(text(await client.send(request()))).toBe('hello')
    // A call made within the very tick in which the last one ended may take a second connection.
    expect(http.connections).toBeLessThanOrEqual(2)
  })

  it('are replaced where the server has closed them meanwhile', async () => {
    const { http, client } = await serve(hello)
    await client.send(request())
    for (const socket of http.sockets) socket.end()
    await vi.waitFor(() => expect(http.sockets.size).toBe(0))
    expect(text(await client.send(request({ method: 'POST', body: 'x' })))).toBe('hello')
    expect(http.heard).toHaveLength(2)
  })

  it('leave a call unknown, and never repeat it, where the server resets one while it is being used', async () => {
    let calls = 0
    const { http, client } = await serve((response, { socket }) => {
      calls += 1
      if (calls === 1) response.end('hello')
      else socket.resetAndDestroy()
    })
    await client.send(request())
    expect(await client.send(request({ method: 'POST', body: 'x' }))).toMatchObject({ type: 'unknown' })
    expect(await client.send(request())).toMatchObject({ type: 'unknown' })
    expect(http.heard).toHaveLength(3)
  })

  it('are no more than allowed', async () => {
    const { http, client } = await serve((response) => void setImmediate(() => response.end('hello')), {
      connections: 2,
    })
    const outcomes = await Promise.all(Array.from({ length: 10 }, () => client.send(request())))
    expect(outcomes.map(text)).toEqual(Array(10).fill('hello'))
    expect(http.connections).toBe(2)
  })
})
