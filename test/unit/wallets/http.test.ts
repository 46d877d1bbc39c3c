/** Is a wallet's HTTP interface called within its limits, and is it always known whether a call was sent? */
import { createServer, type Server } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { createCertificate } from '../../../src/dev/wallets/certificate.js'
import { createWalletHttp, type WalletHttp, type WalletHttpSettings } from '../../../src/wallets/http.js'
import { createLineSplitter } from '../../../src/wallets/lines.js'
import { startHttp, type Answer, type HttpFixture } from '../../support/http-fixture.js'

const SECRET = 'canary-of-the-credential'
const open: { stop(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.stop()
})

const clientOf = (origin: string, settings: Partial<WalletHttpSettings> = {}): WalletHttp => {
  const http = createWalletHttp({ name: 'till', origin, headers: { 'x-key': SECRET }, timeoutMs: 5_000, ...settings })
  open.push(http)
  return http
}
async function world(
  answer: Answer,
  settings: Partial<WalletHttpSettings> = {},
): Promise<{ server: HttpFixture; http: WalletHttp }> {
  const server = await startHttp(answer)
  open.push(server)
  return { server, http: clientOf(`http://127.0.0.1:${server.port}`, settings) }
}
const GET = { method: 'GET', path: '/v1/getinfo' } as const

describe('a call', () => {
  it('carries the credential, and its JSON both ways', async () => {
    const { server, http } = await world((response) => response.end('{"ok":true}'))
    const answer = await http.ask({ method: 'POST', path: '/v1/pay?x=1', json: { amount: '1' } })
    expect(answer).toEqual({ status: 200, body: { ok: true } })
    expect(server.heard[0]).toMatchObject({ method: 'POST', target: '/v1/pay?x=1', body: '{"amount":"1"}' })
    expect(server.heard[0]?.headers).toMatchObject({ 'x-key': SECRET, 'content-type': 'application/json' })
  })

  it('gives the answer of any status, and follows no redirect', async () => {
    const { server, http } = await world((response) => response.writeHead(302, { location: '/other' }).end('{}'))
    expect(await http.ask(GET)).toEqual({ status: 302, body: {} })
    expect(server.heard).toHaveLength(1)
  })

  it('was not sent where nobody listens, and says so without the credential', async () => {
    const server = await startHttp(() => undefined)
    await server.stop()
    const http = clientOf(`http://127.0.0.1:${server.port}`)
    expect(await http.send(GET)).toEqual({ type: 'unsent', reason: 'nothing listens at its url' })
    const fault = await http.ask(GET).catch((error: unknown) => error)
    expect(fault).toMatchObject({ name: 'TollbridgeError', code: 'wallet-unusable' })
    expect(String(fault)).not.toContain(SECRET)
  })

  it('is unknown once it was sent: cut off, never answered, or answered without end', async () => {
    const cut = await world((response) =>
      response.writeHead(200, { 'content-length': '10' }).write('{"a"', () => response.destroy()),
    )
    expect((await cut.http.send(GET)).type).toBe('unknown')
    const silent = await world(() => undefined, { timeoutMs: 400 })
    expect(await silent.http.send(GET)).toEqual({ type: 'unknown', reason: 'it took too long' })
    await expect(silent.http.ask(GET)).rejects.toMatchObject({ code: 'timeout' })
    const endless = await world(
      (response) => {
        const more = (): void => void (response.destroyed || response.write('x'.repeat(10_000), more))
        more()
      },
      { maxBytes: 100_000 },
    )
    expect(await endless.http.send(GET)).toEqual({ type: 'unknown', reason: 'the answer is too long' })
  })

  it('is refused as JSON where it is none', async () => {
    const { http } = await world((response) => response.writeHead(502).end('<html>bad gateway</html>'))
    await expect(http.ask(GET)).rejects.toThrow('answered 502 with what is no JSON')
  })

  it('is not sent after the stop, and none stays under way', async () => {
    const { server, http } = await world(() => undefined)
    const waiting = http.send(GET)
    await expect.poll(() => server.heard.length).toBe(1)
    await http.stop()
    expect((await waiting).type).toBe('unknown')
    expect(await http.send(GET)).toEqual({ type: 'unsent', reason: 'stopped' })
    await expect.poll(() => server.sockets.size).toBe(0)
  })

  it('that spends goes over a connection of its own', async () => {
    const { server, http } = await world((response) => response.end('{}'))
    for (let i = 0; i < 5; i++) await http.ask(GET)
    const kept = server.connections
    expect(kept).toBeLessThan(5)
    await http.send({ method: 'POST', path: '/', fresh: true })
    await http.send({ method: 'POST', path: '/', fresh: true })
    expect(server.connections).toBe(kept + 2)
  })
})

describe('TLS', () => {
  const own = createCertificate()
  const serve = async (tls: { key: string; cert: string }): Promise<string> => {
    const server = await startHttp((response) => response.end('{}'), tls)
    open.push(server)
    return `https://127.0.0.1:${server.port}`
  }

  it('takes a certificate that the wallet has signed itself, where it is the named one', async () => {
    const http = clientOf(await serve(own), { certificate: own.cert })
    expect(await http.ask(GET)).toEqual({ status: 200, body: {} })
  })

  it('is not spoken with another certificate, and nothing is sent', async () => {
    const origin = await serve(createCertificate())
    for (const http of [clientOf(origin, { certificate: own.cert }), clientOf(origin)]) {
      const outcome = await http.send(GET)
      expect(outcome.type).toBe('unsent')
      expect(outcome).toMatchObject({ reason: expect.stringContaining('setting certificate') as string })
    }
  })

  it('is not spoken under another host name', async () => {
    const elsewhere = createCertificate({ hosts: ['node.example'] })
    const http = clientOf(await serve(elsewhere), { certificate: elsewhere.cert })
    await expect(http.ask(GET)).rejects.toThrow('another host name')
  })

  it('is missed where the wallet speaks plain http', async () => {
    const { server } = await world((response) => response.end('{}'))
    expect((await clientOf(`https://127.0.0.1:${server.port}`).send(GET)).type).toBe('unsent')
  })

  it('with a certificate that is none fails before anything is sent', async () => {
    const http = clientOf(await serve(own), { certificate: 'not a certificate' })
    expect((await http.send(GET)).type).toBe('unsent')
  })
})

describe('a stream of lines', () => {
  it('is told line by line, whatever the pieces, and ends when enough is known', async () => {
    const { server, http } = await world((response) => {
      const bytes = Buffer.from('{"a":"é"}\n\n{"b":1}\n{"c":')
      response.writeHead(200)
      for (const byte of bytes) response.write(Buffer.from([byte]))
    })
    const told: string[] = []
    const end = await http.lines(GET, { onLine: (line) => (told.push(line) === 2 ? 'enough' : 'more') })
    expect(end).toEqual({ type: 'enough' })
    expect(told).toEqual(['{"a":"é"}', '{"b":1}'])
    await expect.poll(() => server.sockets.size).toBe(0)
  })

  it('tells what an answer ends with, and not what it was cut off in', async () => {
    const told: string[] = []
    const onLine = (line: string, status: number) => (told.push(`${status} ${line}`), 'more' as const)
    const whole = await world((response) => response.writeHead(404).end('{"code":5}'))
    expect(await whole.http.lines(GET, { onLine })).toEqual({ type: 'complete' })
    const cut = await world((response) => response.writeHead(200).write('{"x":1}\n{"y":', () => response.destroy()))
    expect((await cut.http.lines(GET, { onLine })).type).toBe('unknown')
    expect(told).toEqual(['404 {"code":5}', '200 {"x":1}'])
  })

  it('ends where nothing comes for too long, from the last line on', async () => {
    const { http } = await world((response) => response.writeHead(200).write('1\n'))
    const told: string[] = []
    const end = await http.lines(GET, { onLine: (line) => (told.push(line), 'more'), idleMs: 100 })
    expect(end).toEqual({ type: 'unknown', reason: 'it took too long' })
    expect(told).toEqual(['1'])
  })

  it('ends where a line has no end', async () => {
    const { http } = await world((response) => void response.writeHead(200).write('x'.repeat(2_000)), {
      maxBytes: 1_000,
    })
    const end = await http.lines(GET, { onLine: () => 'more' })
    expect(end).toEqual({ type: 'unknown', reason: 'a line of the answer is too long' })
  })

  it('says when it has been sent, though no answer begins, and ends when it is told to', async () => {
    const { http } = await world(() => undefined)
    const ending = new AbortController()
    const end = http.lines(GET, { onLine: () => 'more', onSent: () => ending.abort(), signal: ending.signal })
    expect((await end).type).toBe('unknown')
  })

  it('is cut at the ends of lines only', () => {
    const split = createLineSplitter(10)
    expect(split.push(Buffer.from('ab\r\ncd'))).toEqual(['ab'])
    expect(split.push(Buffer.from('ef\n'))).toEqual(['cdef'])
    expect(split.push(Buffer.from('0123456789'))).toEqual([])
    expect(split.push(Buffer.from('0'))).toBe('tooLong')
  })
})

it('a port that takes connections and says nothing is given up in time', async () => {
  const server: Server = createServer(() => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const http = clientOf(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, { timeoutMs: 400 })
  expect((await http.send(GET)).type).toBe('unknown')
  await http.stop()
  server.close()
})

it('an origin that is none is refused at once', () => {
  for (const origin of ['', 'lnd:8080', 'ftp://host', 'https://user:password@host']) {
    expect(() => createWalletHttp({ name: 'till', origin, headers: {} })).toThrow('scheme, host and port')
  }
})
