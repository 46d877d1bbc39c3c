/** Do Aperture and the plainer L402 servers answer as theirs do? */
import { importMacaroon } from 'macaroon'
import { describe, expect, it } from 'vitest'
import { useMarket } from './market.js'
import { ask, buy, challengeOf } from './payer.js'

const { customer, open } = useMarket()

const caveats = (token: string) =>
  importMacaroon(token).caveats.map(({ identifier }) => Buffer.from(identifier).toString())

describe('aperture', () => {
  it('sends two header lines with one token and one invoice, and a body of plain text', async () => {
    const heard = await ask(`${(await open('aperture')).url}/joke`)
    const { token, bolt11 } = challengeOf(heard)
    expect([heard.status, heard.text]).toEqual([402, 'payment required\n'])
    expect(heard.headers).toMatchObject({
      'www-authenticate': [
        `LSAT macaroon="${token}", invoice="${bolt11}"`,
        `L402 macaroon="${token}", invoice="${bolt11}"`,
      ],
      'content-type': ['text/plain; charset=utf-8'],
      'cache-control': ['no-store'],
      'x-content-type-options': ['nosniff'],
      'access-control-allow-origin': ['*'],
    })
    expect(caveats(token)).toEqual(['services=api:0', 'api_capabilities='])
  })

  it('takes a token for any path as often as it comes, under either name', async () => {
    const gateway = await open('aperture')
    const { token, preimage } = await buy(`${gateway.url}/joke`, customer)
    for (const [scheme, path] of [
      ['L402', '/joke'],
      ['LSAT', '/echo'],
      ['L402', '/binary'],
    ] as const) {
      const { status } = await ask(gateway.url + path, { headers: { authorization: `${scheme} ${token}:${preimage}` } })
      expect(status).toBe(200)
    }
    expect(gateway.counters.callsServed.map(({ use }) => use)).toEqual([1, 2, 3])
  })

  it('answers a credential that does not hold with a new invoice; a preimage in upper case is one', async () => {
    const gateway = await open('aperture')
    const bought = await buy(`${gateway.url}/joke`, customer)
    for (const authorization of [
      `L402 ${bought.token}:${bought.preimage.toUpperCase()}`,
      `l402 ${bought.token}:${bought.preimage}`,
      `L402 ${bought.token}:${'0'.repeat(64)}`,
    ]) {
      const heard = await ask(`${gateway.url}/joke`, { headers: { authorization } })
      expect(heard.status).toBe(402)
      expect(challengeOf(heard).bolt11).not.toBe(bought.bolt11)
    }
    expect(gateway.counters.invoicesMinted).toBe(4)
  })

  it('looks at the last of several Authorization lines only', async () => {
    const { url } = await open('aperture')
    const { authorization } = await buy(`${url}/joke`, customer)
    const call = (...lines: string[]) => ask(`${url}/joke`, { headers: { authorization: lines } })
    expect((await call('Bearer x', authorization)).status).toBe(200)
    expect((await call(authorization, 'Bearer x')).status).toBe(402)
  })

  it('tells gRPC in headers, with a status of 200', async () => {
    const heard = await ask(`${(await open('aperture')).url}/joke`, {
      method: 'POST',
      headers: { 'content-type': 'application/grpc+proto' },
    })
    expect([heard.status, heard.text]).toEqual([200, ''])
    expect(heard.headers).toMatchObject({ 'grpc-status': ['13'], 'grpc-message': ['payment required'] })
    expect(heard.headers['www-authenticate']).toHaveLength(2)
  })

  it('says when to come back after too many requests', async () => {
    const gateway = await open('aperture', { retryAfterSeconds: 7 })
    gateway.failNext(429, { at: 'challenge' })
    const heard = await ask(`${gateway.url}/joke`)
    expect(heard).toMatchObject({ status: 429, text: 'rate limit exceeded\n', headers: { 'retry-after': ['7'] } })
    expect(gateway.counters.invoicesMinted).toBe(0)
  })

  it('ends a token that has a lifetime', async () => {
    const { url } = await open('aperture', { tokenLifetimeSeconds: -1 })
    const { authorization, token } = await buy(`${url}/joke`, customer)
    expect(caveats(token)[2]).toMatch(/^api_valid_until=\d+$/)
    expect((await ask(`${url}/joke`, { headers: { authorization } })).status).toBe(402)
  })

  it('binds a token to its path where paths have prices, and never verifies one with a colon', async () => {
    const { url } = await open('aperture', { dynamicPrice: true })
    const statuses = async (path: string, then: string) => {
      const { authorization } = await buy(url + path, customer)
      return (await ask(url + then, { headers: { authorization } })).status
    }
    expect(await statuses('/echo?x=1', '/echo?x=2')).toBe(200)
    expect(await statuses('/echo', '/joke')).toBe(402)
    expect(await statuses('/echo:once', '/echo:once')).toBe(402)
  })

  it('answers a preflight without an invoice', async () => {
    const gateway = await open('aperture')
    const heard = await ask(`${gateway.url}/joke`, { method: 'OPTIONS' })
    expect([heard.status, heard.headers['access-control-allow-methods']]).toEqual([200, ['GET, POST, OPTIONS']])
    expect(gateway.counters.invoicesMinted).toBe(0)
  })
})

it.each([
  ['spec', /^L402 version="0", token="[A-Za-z0-9+/]+=*", invoice="lnbcrt[a-z0-9]+"$/],
  ['non-macaroon', /^L402 version="0" token="[\w-]+\.[0-9a-f]{64}", invoice="lnbcrt[a-z0-9]+"$/],
  ['single-use', /^L402 macaroon="[A-Za-z0-9+/]+=*", invoice="lnbcrt[a-z0-9]+"$/],
  ['lsat-only', /^LSAT macaroon="[A-Za-z0-9+/]+=*", invoice="lnbcrt[a-z0-9]+"$/],
] as const)('%s has a header of its own', async (dialect, form) => {
  const heard = await ask(`${(await open(dialect)).url}/joke`)
  expect(heard.status).toBe(402)
  expect(heard.headers['www-authenticate']).toEqual([expect.stringMatching(form)])
  if (dialect === 'lsat-only') expect(heard.text).toBe('')
})

it.each([
  ['spec', 401],
  ['non-macaroon', 401],
  ['single-use', 401],
  ['lsat-only', 402],
] as const)('%s answers a credential that does not hold with %i', async (dialect, status) => {
  const gateway = await open(dialect)
  const scheme = dialect === 'lsat-only' ? 'LSAT' : 'L402'
  const { token } = challengeOf(await ask(`${gateway.url}/joke`))
  const authorization = `${scheme} ${token}:${'0'.repeat(64)}`
  expect((await ask(`${gateway.url}/joke`, { headers: { authorization } })).status).toBe(status)
  expect(gateway.counters.refusals).toBe(status === 401 ? 1 : 0)
})

it.each(['spec', 'non-macaroon', 'lsat-only'] as const)('%s takes a credential again and again', async (dialect) => {
  const { url } = await open(dialect)
  const { authorization } = await buy(`${url}/joke`, customer, {}, dialect === 'lsat-only' ? 'LSAT' : 'L402')
  for (let i = 0; i < 3; i++) expect((await ask(`${url}/joke`, { headers: { authorization } })).status).toBe(200)
})

it.each([
  ['GET', '/joke', undefined, 200],
  ['POST', '/orders', '{"item":"bridge"}', 201],
] as const)('single-use serves a %s once, and 401 afterwards', async (method, path, body, status) => {
  const gateway = await open('single-use')
  const asked = { method, ...(body === undefined ? {} : { body }) }
  const { authorization, token } = await buy(gateway.url + path, customer, asked)
  expect(caveats(token)).toEqual([`RequestPath = ${path}`, `RequestMethod = ${method}`])
  const call = async () => (await ask(gateway.url + path, { ...asked, headers: { authorization } })).status
  expect(await call()).toBe(status)
  expect(await call()).toBe(401)
  expect(gateway.counters.callsServed).toHaveLength(1)
})

it('single-use sells one method and path', async () => {
  const { url } = await open('single-use')
  const { authorization } = await buy(`${url}/joke`, customer)
  expect((await ask(`${url}/echo`, { headers: { authorization } })).status).toBe(401)
  expect((await ask(`${url}/joke`, { headers: { authorization } })).status).toBe(200)
})
