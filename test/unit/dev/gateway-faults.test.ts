/** Does a gateway fail, and lie, exactly as ordered? */
import { importMacaroon } from 'macaroon'
import { describe, expect, it } from 'vitest'
import type { DialectName, GatewaySettings } from '../../../src/dev/gateways/settings.js'
import type { TamperName } from '../../../src/dev/gateways/tampering.js'
import { decodeInvoice } from '../../../src/dev/lightning/sign-invoice.js'
import { useMarket } from './market.js'
import { ask, buy, challengeOf } from './payer.js'

const { customer, open } = useMarket()

const order = { method: 'POST', body: '{"item":"bridge"}' } as const

async function boughtOrder(settings: Partial<GatewaySettings> = {}, dialect: DialectName = 'spec') {
  const gateway = await open(dialect, settings)
  const { authorization } = await buy(`${gateway.url}/orders`, customer, order)
  const place = (headers: Record<string, string> = {}) =>
    ask(`${gateway.url}/orders`, { ...order, headers: { authorization, ...headers } })
  return { gateway, place }
}

describe('a paid call', () => {
  it('fails with the status ordered, once per order, without being executed', async () => {
    const { gateway, place } = await boughtOrder()
    gateway.failNext(500, { times: 2 })
    expect([(await place()).status, (await place()).status, (await place()).status]).toEqual([500, 500, 201])
    expect(gateway.api.orders).toBe(1)
  })

  it('is broken off before it is executed', async () => {
    const { gateway, place } = await boughtOrder({}, 'single-use')
    gateway.failNext('reset')
    await expect(place()).rejects.toThrow()
    expect(gateway.api.orders).toBe(0)
    expect((await place()).status).toBe(201)
  })

  it.each(['resetAfterExecuting', 'cutShort'] as const)('is executed and its answer lost: %s', async (fault) => {
    const { gateway, place } = await boughtOrder({}, 'single-use')
    gateway.failNext(fault)
    await expect(place()).rejects.toThrow()
    expect(gateway.api.orders).toBe(1)
    expect((await place()).status).toBe(401)
  })

  it('hangs until the gateway stops', async () => {
    const { gateway, place } = await boughtOrder()
    gateway.failNext('hang')
    const hanging = place().catch(() => 'broken off')
    await expect.poll(() => gateway.counters.requests).toBe(2)
    await gateway.stop()
    expect(await hanging).toBe('broken off')
  })

  it('is asked to pay again by a 402', async () => {
    const { gateway, place } = await boughtOrder()
    gateway.failNext(402)
    const heard = await place()
    expect([heard.status, gateway.counters.invoicesMinted]).toEqual([402, 2])
    expect((await place()).status).toBe(201)
  })

  it('is executed once per Idempotency-Key where that is set, though its answer was lost and its credential used', async () => {
    const { gateway, place } = await boughtOrder({ idempotencyKeys: true }, 'single-use')
    gateway.failNext('resetAfterExecuting')
    await expect(place({ 'idempotency-key': 'a' })).rejects.toThrow()
    const heard = await place({ 'idempotency-key': 'a' })
    expect([heard.status, heard.json()['number']]).toEqual([201, 1])
    expect(gateway.counters.replays).toBe(1)
    expect(gateway.counters.callsServed).toMatchObject([{ idempotencyKey: 'a', use: 1 }])
    expect((await place({ 'idempotency-key': 'b' })).status).toBe(401)
  })

  it('ignores Idempotency-Key where it is not set', async () => {
    const { gateway, place } = await boughtOrder()
    await place({ 'idempotency-key': 'a' })
    await place({ 'idempotency-key': 'a' })
    expect(gateway.api.orders).toBe(2)
  })
})

it('fails the challenge without an invoice, and the status page without an answer', async () => {
  const gateway = await open('toll-booth', { retryAfterSeconds: 3 })
  gateway.failNext(502, { at: 'challenge' })
  expect((await ask(`${gateway.url}/joke`)).status).toBe(502)
  expect(gateway.counters.invoicesMinted).toBe(0)
  const { l402 } = (await ask(`${gateway.url}/joke`)).json() as { l402: { payment_url: string } }
  gateway.failNext(429, { at: 'status' })
  gateway.failNext('reset', { at: 'status' })
  expect((await ask(gateway.url + l402.payment_url)).headers['retry-after']).toEqual(['3'])
  await expect(ask(gateway.url + l402.payment_url)).rejects.toThrow()
  expect((await ask(gateway.url + l402.payment_url)).status).toBe(200)
})

it('changes its price for the next challenge', async () => {
  const gateway = await open('spec')
  gateway.setPrice(55)
  expect(decodeInvoice(challengeOf(await ask(`${gateway.url}/joke`)).bolt11).amountMsat).toBe(55_000)
})

it('breaks off what is slow when it stops', async () => {
  const gateway = await open('toll-booth')
  const slow = ask(`${gateway.url}/free/slow?ms=600000`).catch(() => 'broken off')
  await expect.poll(() => gateway.counters.requests).toBe(1)
  await gateway.stop()
  expect(await slow).toBe('broken off')
})

it('refuses a body of more than four megabytes', async () => {
  const { url } = await open('toll-booth')
  const outcome = await ask(`${url}/orders`, { method: 'POST', body: 'x'.repeat(5_000_000) }).catch(() => ({
    status: 413,
  }))
  expect(outcome.status).toBe(413)
})

describe('a tampered challenge', () => {
  async function tampered(name: TamperName, dialect: DialectName = 'toll-booth') {
    const gateway = await open(dialect, { paymentRail: false })
    const before = challengeOf(await ask(`${gateway.url}/joke`))
    gateway.tamper(name)
    const heard = await ask(`${gateway.url}/joke`)
    const challenged = challengeOf(heard)
    const l402 = () => heard.json()['l402'] as Record<string, string | number>
    const invoice = () => decodeInvoice(challenged.bolt11)
    return { before, heard, challenged, l402, invoice }
  }

  it('names another amount in the body', async () => {
    const { l402, invoice } = await tampered('bodyAmount')
    expect([l402()['amount_sats'], invoice().amountMsat]).toEqual([1, 1_000_000])
  })

  it('names another hash in the body', async () => {
    const { l402, invoice } = await tampered('bodyHash')
    expect(l402()['payment_hash']).not.toBe(invoice().paymentHash)
  })

  it('asks on another network', async () => {
    expect((await tampered('foreignNetwork')).invoice().prefix).toBe('bc')
  })

  it('asks with an invoice that has expired', async () => {
    expect((await tampered('expiredInvoice')).invoice().expiresAt).toBeLessThan(Date.now())
  })

  it('asks for no amount', async () => {
    expect((await tampered('amountlessInvoice')).invoice().amountMsat).toBeNull()
  })

  it('asks for ten times as much, in all places', async () => {
    const { l402, invoice } = await tampered('dearInvoice')
    expect([l402()['amount_sats'], invoice().amountMsat]).toEqual([10_000, 10_000_000])
  })

  it('uses the hash of the invoice before', async () => {
    const { before, challenged } = await tampered('reusedHash', 'spec')
    expect(challenged.bolt11).toBe(before.bolt11)
  })

  it('gives a token for another hash', async () => {
    const { challenged, invoice } = await tampered('tokenOfAnotherHash')
    const hash = Buffer.from(importMacaroon(challenged.token).identifier).toString('hex', 2, 34)
    expect(hash).not.toBe(invoice().paymentHash)
  })

  it('requires a feature that nobody knows, and is a valid invoice', async () => {
    expect((await tampered('unknownFeature')).invoice().amountMsat).toBe(1_000_000)
  })

  it.each(['corruptInvoice', 'emptyInvoice', 'garbageHeader'] as const)('cannot be read: %s', async (name) => {
    const { invoice } = await tampered(name, 'spec')
    expect(invoice).toThrow()
  })

  it('asks for the status elsewhere', async () => {
    expect((await tampered('foreignStatusOrigin')).l402()['payment_url']).toMatch(/^https:\/\/elsewhere\.example\//)
  })

  it('has a token that no header may carry', async () => {
    expect((await tampered('tokenWithLineBreak')).l402()['macaroon']).toContain('\r\n')
  })

  it('has a body of a megabyte', async () => {
    expect((await tampered('hugeBody')).heard.text.length).toBeGreaterThan(1_048_576)
  })

  it('leads elsewhere', async () => {
    const { heard } = await tampered('redirect')
    expect([heard.status, heard.headers['location']]).toEqual([307, ['https://elsewhere.example/']])
  })
})
