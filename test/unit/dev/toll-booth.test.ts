/** Does the emulated toll-booth answer as the real one does, key by key and header by header? */
import { importMacaroon } from 'macaroon'
import { expect, it } from 'vitest'
import { encodeMacaroon } from '../../../src/dev/gateways/token.js'
import { decodeInvoice } from '../../../src/dev/lightning/sign-invoice.js'
import { useMarket } from './market.js'
import { ask, buy, challengeOf } from './payer.js'

const { customer, open } = useMarket()

const caveats = (token: string) =>
  importMacaroon(token).caveats.map(({ identifier }) => Buffer.from(identifier).toString())
const json = (value: object) => ({ method: 'POST', body: JSON.stringify(value) }) as const

it('joins L402 and Payment in one header line, each with an invoice of its own', async () => {
  const { url, counters } = await open('toll-booth')
  const { status, headers } = await ask(`${url}/joke`)
  expect(status).toBe(402)
  expect(headers).toMatchObject({
    'cache-control': ['no-store'],
    pragma: ['no-cache'],
    'x-content-type-options': ['nosniff'],
    'content-type': ['application/json'],
  })
  expect(headers['www-authenticate']).toHaveLength(1)
  const [, request = ''] =
    /^L402 macaroon="[^"]+", invoice="lnbcrt10u1[^"]+", Payment id="[\w-]+", realm="demo", method="lightning", intent="charge", request="([\w-]+)", expires="[^"]+"$/.exec(
      headers['www-authenticate']?.[0] ?? '',
    ) ?? []
  const charge = JSON.parse(Buffer.from(request, 'base64url').toString()) as Record<string, never>
  expect(charge).toMatchObject({ amount: '21', currency: 'sat', methodDetails: { network: 'regtest' } })
  expect(counters.invoicesMinted).toBe(1)
})

it('says in the body what the header says, with the bundle as amount and the price beside it', async () => {
  const { url } = await open('toll-booth', { serviceName: 'Jokes' })
  const heard = await ask(`${url}/joke`)
  const { token, bolt11 } = challengeOf(heard)
  const { paymentHash, amountMsat } = decodeInvoice(bolt11)
  const body = heard.json() as { l402: Record<string, string>; ietf_payment: object }
  expect(Object.keys(body)).toEqual(['l402', 'ietf_payment', 'message', 'booth', 'auth_hint'])
  expect(amountMsat).toBe(1_000_000)
  const statusToken = body.l402['status_token'] ?? ''
  expect(statusToken).toMatch(/^[0-9a-f]{64}$/)
  expect(body.l402).toEqual({
    scheme: 'L402',
    description: 'Buy credits — pay once, reuse for multiple requests',
    invoice: bolt11,
    macaroon: token,
    payment_hash: paymentHash,
    amount_sats: 1000,
    payment_url: `/invoice-status/${paymentHash}?token=${statusToken}`,
    status_token: statusToken,
  })
  expect(body.ietf_payment).toMatchObject({ scheme: 'Payment', amount_sats: 21 })
  expect(caveats(token)).toEqual([`payment_hash = ${paymentHash}`, 'credit_balance = 1000', 'currency = sat'])
})

it('tells the price to HEAD without an invoice', async () => {
  const gateway = await open('toll-booth')
  gateway.setPrice(34)
  const { status, headers, text } = await ask(`${gateway.url}/joke`, { method: 'HEAD' })
  expect([status, text]).toEqual([402, ''])
  expect(headers).toMatchObject({ 'www-authenticate': ['L402 price-only'], 'x-l402-price-sats': ['34'] })
  expect(gateway.counters.invoicesMinted).toBe(0)
})

it.each([
  ['toll-booth', { paid: false }, (preimage: string) => ({ paid: true, preimage, token_suffix: preimage })],
  ['toll-booth-flat', { paid: false }, (preimage: string) => ({ paid: true, preimage, token_suffix: preimage })],
  ['toll-booth-mock', { settled: false }, (preimage: string) => ({ settled: true, preimage })],
] as const)('%s tells whoever has the status token when the invoice is paid', async (dialect, unpaid, paid) => {
  const gateway = await open(dialect)
  const heard = await ask(`${gateway.url}/joke`)
  const body = heard.json()
  const { payment_url } = (body['l402'] ?? body) as { payment_url: string }
  const { bolt11 } = dialect === 'toll-booth-mock' ? (body['l402'] as { bolt11: string }) : challengeOf(heard)
  expect((await ask(gateway.url + payment_url)).json()).toEqual(unpaid)
  const { preimage } = await customer.pay(bolt11)
  expect((await ask(gateway.url + payment_url)).json()).toEqual(paid(preimage))
  expect(gateway.counters.statusPolls).toBe(2)
})

it('keeps the state of an invoice from whoever lacks the token, and shows people a page', async () => {
  const { url } = await open('toll-booth')
  const { l402 } = (await ask(`${url}/joke`)).json() as { l402: { payment_hash: string; payment_url: string } }
  const status = (path: string) => ask(`${url}/invoice-status/${path}`)
  expect(await status('ABC')).toMatchObject({ status: 400, text: '{"error":"Invalid payment hash"}' })
  expect(await status(l402.payment_hash)).toMatchObject({ status: 404, text: '{"error":"Invoice not found"}' })
  expect((await status(`${l402.payment_hash}?token=${'0'.repeat(64)}`)).status).toBe(404)
  const page = await ask(url + l402.payment_url, { headers: { accept: 'text/html' } })
  expect(page.headers).toMatchObject({ 'content-type': ['text/html; charset=utf-8'], vary: ['Accept'] })
})

it('debits each call before it is made, keeps the debit when it fails, and asks anew when credit is out', async () => {
  const gateway = await open('toll-booth', { bundleSats: 60 })
  const { authorization } = await buy(`${gateway.url}/joke`, customer)
  const call = (path: string) => ask(gateway.url + path, { headers: { authorization } })
  expect((await call('/joke')).headers['x-credit-balance']).toEqual(['39'])
  const failed = await call('/status/500')
  expect([failed.status, failed.headers['x-credit-balance']]).toEqual([500, ['18']])
  const spent = await call('/joke')
  expect(spent.status).toBe(402)
  expect(decodeInvoice(challengeOf(spent).bolt11).amountMsat).toBe(60_000)
  expect(gateway.counters.callsServed.map(({ use }) => use)).toEqual([1, 2])
})

it('answers 502 without a balance when the API is out of reach, and the debit stays', async () => {
  const gateway = await open('toll-booth', { bundleSats: 63 })
  const { authorization } = await buy(`${gateway.url}/joke`, customer)
  gateway.failNext(502)
  const failed = await ask(`${gateway.url}/joke`, { headers: { authorization } })
  expect(failed).toMatchObject({ status: 502, text: '{"error":"Upstream unavailable"}' })
  expect(failed.headers['x-credit-balance']).toBeUndefined()
  const next = await ask(`${gateway.url}/joke`, { headers: { authorization } })
  expect(next.headers['x-credit-balance']).toEqual(['21'])
})

it('takes the scheme L402 in any case, and LSAT in none', async () => {
  const { url } = await open('toll-booth')
  const { token, preimage } = await buy(`${url}/joke`, customer)
  const call = (scheme: string) => ask(`${url}/joke`, { headers: { authorization: `${scheme} ${token}:${preimage}` } })
  expect((await call('l402')).status).toBe(200)
  expect((await call('LSAT')).status).toBe(402)
})

it('makes an invoice to measure: one call, bound to its path, and no more', async () => {
  const { url, counters } = await open('toll-booth')
  const heard = await ask(`${url}/create-invoice`, json({ amountSats: 21, caveats: ['route = /joke'] }))
  const made = heard.json() as Record<string, string>
  const keys = ['bolt11', 'payment_hash', 'payment_url', 'amount_sats', 'credit_sats', 'macaroon', 'qr_svg']
  expect([heard.status, Object.keys(made)]).toEqual([200, keys])
  expect(made).toMatchObject({ amount_sats: 21, credit_sats: 21 })
  expect(made['qr_svg']).toMatch(/^<svg/)
  const { preimage } = await customer.pay(made['bolt11'] ?? '')
  const call = (path: string) => ask(url + path, { headers: { authorization: `L402 ${made['macaroon']}:${preimage}` } })
  expect((await call('/echo')).status).toBe(402)
  expect((await call('/joke')).headers['x-credit-balance']).toEqual(['0'])
  expect((await call('/joke')).status).toBe(402)
  expect((await ask(url + made['payment_url'])).json()).toMatchObject({ paid: true, preimage })
  expect(counters.callsServed).toHaveLength(1)
})

it('says what is wrong with a request for an invoice', async () => {
  const { url, counters } = await open('toll-booth')
  const create = async (body: string) => (await ask(`${url}/create-invoice`, { method: 'POST', body })).json()['error']
  expect(await create('{')).toBe('Invalid JSON body')
  expect(await create('{"amountSats":0}')).toBe('amountSats must be a positive integer')
  expect(await create('{"amountSats":1.5}')).toBe('amountSats must be a positive integer')
  expect(await create('{"caveats":[1]}')).toBe('caveats must be an array of strings')
  expect(await create('{"caveats":["currency = usd"]}')).toBe('caveat key "currency" is reserved')
  expect(counters.invoicesMinted).toBe(0)
})

it('has neither page where its operator did not mount them', async () => {
  const { url } = await open('toll-booth', { createInvoice: false, statusEndpoint: false })
  expect((await ask(`${url}/create-invoice`, json({}))).status).toBe(404)
  const { l402 } = (await ask(`${url}/joke`)).json() as { l402: { payment_url: string } }
  expect((await ask(url + l402.payment_url)).status).toBe(404)
})

it('refuses a token to which a client appended a caveat in another form', async () => {
  const { url } = await open('toll-booth')
  const { token, preimage } = await buy(`${url}/joke`, customer)
  const macaroon = importMacaroon(token)
  macaroon.addFirstPartyCaveat(`preimage=${preimage}`)
  const changed = encodeMacaroon(macaroon).toString('base64')
  expect((await ask(`${url}/joke`, { headers: { authorization: `L402 ${changed}:${preimage}` } })).status).toBe(402)
})

it('speaks flat in its older form, and names itself', async () => {
  const heard = await ask(`${(await open('toll-booth-flat')).url}/joke`)
  const keys = ['error', 'macaroon', 'payment_hash', 'payment_url', 'amount_sats', 'invoice']
  expect(Object.keys(heard.json())).toEqual(keys)
  expect(heard.headers['x-powered-by']).toEqual(['toll-booth'])
  expect(heard.headers['www-authenticate']).toEqual([expect.stringMatching(/^L402 macaroon="[^"]+", invoice="[^"]+"$/)])
})

it('says bolt11 and settled, and nothing in the header, as mocks of it do', async () => {
  const heard = await ask(`${(await open('toll-booth-mock')).url}/joke`)
  expect(heard.headers['www-authenticate']).toBeUndefined()
  expect(heard.json()).toMatchObject({ l402: { bolt11: expect.stringMatching(/^lnbcrt/) as string } })
})

it('gives only a suffix where it keeps the preimage, and takes it after the colon once paid', async () => {
  const { url } = await open('token-suffix')
  const heard = await ask(`${url}/joke`)
  const { token, bolt11 } = challengeOf(heard)
  const { payment_url } = heard.json()['l402'] as { payment_url: string }
  expect((await ask(url + payment_url)).json()).toEqual({ paid: false })
  const { preimage } = await customer.pay(bolt11)
  const { paid, token_suffix, ...rest } = (await ask(url + payment_url)).json()
  expect([paid, rest]).toEqual([true, {}])
  expect(token_suffix).toMatch(/^[0-9a-f]{64}$/)
  expect(token_suffix).not.toBe(preimage)
  for (const key of [token_suffix, preimage]) {
    const { status } = await ask(`${url}/joke`, { headers: { authorization: `L402 ${token}:${String(key)}` } })
    expect(status).toBe(200)
  }
})
