import { describe, expect, it } from 'vitest'
import { isFault } from '../../../src/core/errors.js'
import type { UpstreamClientSettings } from '../../../src/l402/client.js'
import type { Answer } from '../../support/http-fixture.js'
import { clientOf, hello, request, serve, text } from '../../support/upstream-fixture.js'

describe('a call', () => {
  it('carries method, target, body and allowed headers', async () => {
    const { http, client } = await serve(hello, { allowRequestHeaders: ['X-Trace'] })
    const headers = {
      Accept: 'text/plain',
      'Content-Type': 'text/plain; charset=utf-8',
      'x-trace': '1',
      'x-other': '2',
    }
    const outcome = await client.send(request({ method: 'POST', target: '/a?b=%20c', headers, body: 'größe' }))
    expect(text(outcome)).toBe('hello')
    expect(http.heard[0]).toMatchObject({ method: 'POST', target: '/a?b=%20c', body: 'größe' })
    expect(http.heard[0]?.headers).toMatchObject({
      accept: 'text/plain',
      'x-trace': '1',
      'accept-encoding': 'identity',
    })
    expect(http.heard[0]?.headers).not.toHaveProperty('x-other')
  })

  it('never takes a header of ours from a job, whatever the configuration allows', async () => {
    const names = [
      'authorization',
      'cookie',
      'connection',
      'transfer-encoding',
      'content-length',
      'te',
      'macaroon',
      'expect',
    ]
    const { http, client } = await serve(hello, { allowRequestHeaders: [...names, 'host'] })
    const headers = Object.fromEntries([...names, 'host'].map((name) => [name, 'evil']))
    expect(text(await client.send(request({ headers })))).toBe('hello')
    for (const name of names) expect(http.heard[0]?.headers[name]).not.toBe('evil')
    expect(http.heard[0]?.headers.host).toBe(`127.0.0.1:${http.port}`)
  })

  it('drops header values that would break the message, and every gRPC content type', async () => {
    const { http, client } = await serve(hello, { allowRequestHeaders: ['x-trace'] })
    const headers = { 'x-trace': '1\r\nx-evil: 1', accept: 'a\0b', 'content-type': ' Application/gRPC+proto' }
    expect(text(await client.send(request({ method: 'POST', headers, body: 'x' })))).toBe('hello')
    expect(http.heard[0]?.headers).not.toHaveProperty('x-evil')
    expect(http.heard[0]?.headers).not.toHaveProperty('x-trace')
    expect(http.heard[0]?.headers).not.toHaveProperty('content-type')
  })

  it('sends the credential and the idempotency key it is given', async () => {
    const { http, client } = await serve(hello)
    await client.send(request({ authorization: 'L402 AgE=:00ff', idempotencyKey: 'job-1' }))
    expect(http.heard[0]?.headers).toMatchObject({ authorization: 'L402 AgE=:00ff', 'idempotency-key': 'job-1' })
  })

  it('does not send a credential that cannot stand in a header, nor name it', async () => {
    const { http, client } = await serve(hello)
    const outcome = await client.send(request({ authorization: 'L402 se\ncret' }))
    expect(outcome.type).toBe('unsent')
    expect(JSON.stringify(outcome)).not.toContain('cret')
    expect(http.connections).toBe(0)
  })

  it('keeps what the daemon reads of the headers, and several lines of one name apart', async () => {
    const answer: Answer = (response) => {
      response.writeHead(
        402,
        [
          ['WWW-Authenticate', 'LSAT macaroon="M", invoice="I"'],
          ['WWW-Authenticate', 'L402 macaroon="M", invoice="I"'],
          ['X-Credit-Balance', '7'],
          ['Set-Cookie', 'a=b'],
          ['X-Allowed', 'yes'],
          ['X-Other', 'no'],
        ].flat(),
      )
      response.end()
    }
    const { client } = await serve(answer, { allowResponseHeaders: ['X-Allowed', 'set-cookie'] })
    expect(await client.send(request())).toMatchObject({
      type: 'response',
      status: 402,
      headers: {
        'www-authenticate': ['LSAT macaroon="M", invoice="I"', 'L402 macaroon="M", invoice="I"'],
        'x-credit-balance': ['7'],
        'x-allowed': ['yes'],
      },
    })
    const outcome = await client.send(request())
    expect(outcome.type === 'response' && Object.keys(outcome.headers)).toEqual([
      'www-authenticate',
      'x-credit-balance',
      'x-allowed',
    ])
  })

  it('follows no redirect', async () => {
    const { http, client } = await serve((response) => response.writeHead(302, { location: '/elsewhere' }).end())
    expect(await client.send(request({ authorization: 'L402 AgE=:00ff' }))).toMatchObject({
      type: 'response',
      status: 302,
    })
    expect(http.heard).toHaveLength(1)
  })

  it('reads past early hints to the answer', async () => {
    const { client } = await serve((response) => {
      response.writeEarlyHints({ link: '</a>; rel=preload' })
      response.end('hello')
    })
    expect(text(await client.send(request()))).toBe('hello')
  })

  it('reads the headers of HEAD although the length is that of a body', async () => {
    const { client } = await serve((response) =>
      response.writeHead(402, { 'content-length': '5000', 'x-l402-price-sats': '21' }).end(),
    )
    expect(await client.send(request({ method: 'HEAD' }))).toMatchObject({
      status: 402,
      headers: { 'x-l402-price-sats': ['21'] },
    })
  })

  it.each(['//evil.example/', 'https://evil.example/', '/\\evil.example', '@evil.example', 'joke', ''])(
    'does not send to %j',
    async (target) => {
      const { http, client } = await serve(hello)
      expect(await client.send(request({ target }))).toMatchObject({ type: 'unsent' })
      expect(http.connections).toBe(0)
    },
  )

  it.each(['CONNECT', 'TRACE', 'get', 'GET /x HTTP/1.1\r\n', ''])('does not send the method %j', async (method) => {
    const { http, client } = await serve(hello)
    expect(await client.send(request({ method }))).toMatchObject({ type: 'unsent' })
    expect(http.connections).toBe(0)
  })

  it('does not send a body above the cap, which counts bytes', async () => {
    const { http, client } = await serve(hello)
    expect(await client.send(request({ method: 'POST', body: 'ö'.repeat(501) }))).toMatchObject({ type: 'unsent' })
    expect(text(await client.send(request({ method: 'POST', body: 'ö'.repeat(500) })))).toBe('hello')
    expect(http.heard).toHaveLength(1)
  })
})

describe('createUpstreamClient', () => {
  it.each([
    ['http://127.0.0.1:1', {}],
    ['http://[::1]:1', {}],
    ['http://localhost:1', {}],
    ['https://api.example', {}],
    ['https://API.example:443/', {}],
    ['http://api.example', { allowInsecure: true }],
    ['http://abc.onion', { proxy: 'socks5://127.0.0.1:9050' }],
    ['https://api.example', { proxy: 'socks5h://user:pw@localhost' }],
  ])('accepts the origin %s', (origin, over) => {
    expect(clientOf(origin, over).name).toBe('api')
  })

  it.each<[string, Partial<UpstreamClientSettings>]>([
    ['http://api.example', {}],
    ['http://127.0.0.1.evil.example', {}],
    ['http://10.0.0.1', {}],
    ['http://abc.onion', {}],
    ['https://abc.onion', {}],
    ['https://api.example/v1', {}],
    ['https://api.example/?a=1', {}],
    ['https://user:pw@api.example', {}],
    ['ftp://api.example', {}],
    ['api.example', {}],
    ['', {}],
    ['https://api.example', { proxy: 'http://127.0.0.1:8080' }],
    ['https://api.example', { proxy: '127.0.0.1:9050' }],
    ['https://api.example', { proxy: 'socks5://' }],
  ])('refuses the origin %s with %j', (origin, over) => {
    let fault: unknown
    try {
      clientOf(origin, over)
    } catch (error) {
      fault = error
    }
    expect(isFault(fault, 'config-invalid')).toBe(true)
    expect(String(fault)).not.toContain('pw')
  })

  it.each([
    ['/a?b=1', '/a?b=1'],
    ['https://api.example/a?b=1#c', '/a?b=1'],
    ['https://api.example:443/a', '/a'],
    ['a/../b', '/b'],
    ['https://api.example:444/a', null],
    ['http://api.example/a', null],
    ['https://user@api.example/a', null],
    ['https://api.example.evil.example/a', null],
    ['//evil.example/a', null],
    ['/\\evil.example', null],
    ['javascript:alert(1)', null],
    ['https://', null],
  ])('resolves %s to %s', (reference, target) => {
    expect(clientOf('https://api.example').sameOriginTarget(reference)).toBe(target)
  })
})
