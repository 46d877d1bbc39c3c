import { describe, expect, it, vi } from 'vitest'
import type { UpstreamClientSettings } from '../../../src/l402/client.js'
import { startHttp } from '../../support/http-fixture.js'
import { startSocks5Server, type Socks5Server, type Socks5ServerOptions } from '../../support/socks5-server.js'
import { clientOf, hello, kept, request, text, TLS } from '../../support/upstream-fixture.js'

describe('over SOCKS5', () => {
  const ONION = 'tollbridgetestservice.onion'
  const through = async (options: Socks5ServerOptions, over: Partial<UpstreamClientSettings> = {}, user = '') => {
    const proxy: Socks5Server = kept(await startSocks5Server(options))
    const url = proxy.url.replace('//', `//${user}`)
    return { proxy, client: clientOf(`http://${ONION}`, { proxy: url, ...over }) }
  }

  it('an onion service is reached by its name, which the proxy resolves', async () => {
    const http = kept(await startHttp(hello))
    const { proxy, client } = await through({ leadTo: http.port })
    expect(text(await client.send(request()))).toBe('hello')
    expect(proxy.asked).toEqual([{ host: ONION, port: 80, type: 3 }])
    expect(http.heard[0]?.headers.host).toBe(ONION)
  })

  it('TLS is spoken with the service, not with the proxy', async () => {
    const http = kept(await startHttp(hello, TLS))
    const { proxy, client } = await through({ leadTo: http.port }, { origin: `https://${ONION}:8443`, ca: TLS.cert })
    expect(text(await client.send(request()))).toBe('hello')
    expect(proxy.asked).toEqual([{ host: ONION, port: 8443, type: 3 }])
    const strict = await through({ leadTo: http.port }, { origin: `https://${ONION}` })
    expect(await strict.client.send(request())).toMatchObject({ type: 'unsent', reason: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
  })

  it('addresses are sent as addresses', async () => {
    const http = kept(await startHttp(hello))
    const v4 = await through({ leadTo: http.port }, { origin: 'http://127.0.0.1:81' })
    expect(text(await v4.client.send(request()))).toBe('hello')
    expect(v4.proxy.asked).toEqual([{ host: '127.0.0.1', port: 81, type: 1 }])
    const v6 = await through({ leadTo: http.port }, { origin: 'https://[2001:db8::7]' })
    await v6.client.send(request())
    expect(v6.proxy.asked).toEqual([{ host: '20010db8000000000000000000000007', port: 443, type: 4 }])
  })

  it('user and password are given where the proxy asks for them', async () => {
    const http = kept(await startHttp(hello))
    const credentials = { user: 'job@1', password: 'x y' }
    const known = await through({ leadTo: http.port, credentials }, {}, 'job%401:x%20y@')
    expect(text(await known.client.send(request()))).toBe('hello')
    const unknown = await through({ leadTo: http.port, credentials }, {}, 'job%401:wrong@')
    expect(await unknown.client.send(request())).toEqual({ type: 'unsent', reason: 'SOCKS5_AUTH_FAILED' })
    const nobody = await through({ leadTo: http.port, credentials })
    expect(await nobody.client.send(request())).toEqual({ type: 'unsent', reason: 'SOCKS5_AUTH_METHOD' })
  })

  it.each<[string, Socks5ServerOptions, string]>([
    ['the proxy refuses', { reply: 4 }, 'SOCKS5_REPLY_4'],
    ['the proxy hangs up', { circuit: 'hangUp' }, 'SOCKS5_CLOSED'],
    ['the proxy is up and the circuit dead', { circuit: 'silent' }, 'SOCKS5_TIMEOUT'],
  ])('a call is unsent where %s', async (_, options, reason) => {
    const { proxy, client } = await through(options, { connectTimeoutMs: options.circuit === 'silent' ? 500 : 5_000 })
    expect(await client.send(request())).toEqual({ type: 'unsent', reason })
    expect(proxy.asked).toHaveLength(1)
    await vi.waitFor(() => expect(proxy.open.size).toBe(0))
  })

  it('a call is unsent where there is no proxy', async () => {
    const proxy = await startSocks5Server()
    await proxy.stop()
    const client = clientOf(`http://${ONION}`, { proxy: proxy.url })
    expect(await client.send(request())).toEqual({ type: 'unsent', reason: 'ECONNREFUSED' })
  })

  it('stopping ends a circuit that is still being built', async () => {
    const { proxy, client } = await through({ circuit: 'silent' }, { connectTimeoutMs: 60_000 })
    const outcome = client.send(request())
    await vi.waitFor(() => expect(proxy.asked).toHaveLength(1))
    await client.stop()
    expect(await outcome).toMatchObject({ type: 'unsent' })
    await vi.waitFor(() => expect(proxy.open.size).toBe(0))
  })
})
