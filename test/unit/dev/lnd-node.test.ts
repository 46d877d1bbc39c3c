/** Does the simulated LND speak as the real one does? Its oddities are those that an adapter stumbles over. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Msat } from '../../../src/core/money.js'
import { createLndWorld, type LndWorld } from '../../support/lnd-world.js'

let world: LndWorld
beforeEach(async () => {
  world = await createLndWorld()
})
afterEach(() => world.stop())

const call = async (path: string, init: RequestInit = {}, macaroon = world.lnd.adminMacaroon) => {
  const response = await fetch(world.lnd.url + path, { ...init, headers: { 'Grpc-Metadata-macaroon': macaroon } })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}
const post = (path: string, body: object) => call(path, { method: 'POST', body: JSON.stringify(body) })
const terms = { amountMsat: 21_000 as Msat, description: 'a job', expirySeconds: 600 }

describe('an invoice', () => {
  it('shows its preimage from the start, unless it is a hold invoice', async () => {
    const { paymentHash, preimage } = await world.node.makeInvoice(terms)
    const { body } = await call(`/v1/invoice/${paymentHash}`)
    const encoded = Buffer.from(preimage ?? '', 'hex').toString('base64')
    expect(body).toMatchObject({ state: 'OPEN', r_preimage: encoded, value_msat: '21000', settle_index: '0' })
    const hash = Buffer.from('cd'.repeat(32), 'hex').toString('base64')
    await post('/v2/invoices/hodl', { hash, value_msat: '1000' })
    expect((await call(`/v1/invoice/${'cd'.repeat(32)}`)).body).toMatchObject({ state: 'OPEN', r_preimage: '' })
  })

  it('that is unknown is not found in two ways, and a hold on a known hash is refused in words', async () => {
    const unknown = `/v1/invoice/${'ab'.repeat(32)}`
    expect(await call(unknown)).toMatchObject({
      status: 404,
      body: { code: 5, message: 'there are no existing invoices' },
    })
    const { paymentHash } = await world.node.makeInvoice(terms)
    expect(await call(unknown)).toMatchObject({ status: 404, body: { code: 5, message: 'unable to locate invoice' } })
    const hash = Buffer.from(paymentHash, 'hex').toString('base64')
    expect(await post('/v2/invoices/hodl', { hash, value_msat: '21000' })).toMatchObject({
      status: 500,
      body: { code: 2, message: 'invoice with payment hash already exists' },
    })
  })
})

describe('a payment', () => {
  it('costs no fee unless one is allowed', async () => {
    world.node.faults.feeMsat = 1
    const { bolt11, paymentHash } = await world.other.makeInvoice(terms)
    const { body } = await post('/v2/router/send', { payment_request: bolt11, timeout_seconds: 5 })
    expect(body).toMatchObject({ result: { status: 'FAILED', failure_reason: 'FAILURE_REASON_NO_ROUTE' } })
    const path = `/v2/router/track/${Buffer.from(paymentHash, 'hex').toString('base64url')}`
    expect((await call(path)).body).toMatchObject({ result: { status: 'FAILED' } })
  })

  it('that was never begun is not found, within an error of a stream', async () => {
    const path = `/v2/router/track/${Buffer.from('ab'.repeat(32), 'hex').toString('base64url')}`
    expect(await call(path)).toMatchObject({ status: 404, body: { error: { code: 5 } } })
  })
})

it('a macaroon is refused in words, with a code that says nothing', async () => {
  const reader = world.lnd.bake(['invoices:read'])
  const denied = await call('/v1/getinfo', {}, reader)
  expect(denied).toMatchObject({ status: 500, body: { code: 2, message: 'permission denied' } })
  expect((await call('/v1/getinfo', {}, '0201')).body).toMatchObject({
    message: expect.stringMatching(/^verification failed/) as string,
  })
  const byName = world.lnd.bake(['uri:/lnrpc.Lightning/GetInfo'])
  expect((await call('/v1/getinfo', {}, byName)).status).toBe(200)
})

it('pages of invoices go backwards, each in order', async () => {
  for (let i = 0; i < 5; i++) await world.node.makeInvoice(terms)
  const page = async (offset: string) => {
    const { body } = await call(`/v1/invoices?reversed=true&num_max_invoices=2&index_offset=${offset}`)
    const invoices = body['invoices'] as { add_index: string }[]
    return [invoices.map((one) => one.add_index), body['first_index_offset']]
  }
  expect(await page('0')).toEqual([['4', '5'], '4'])
  expect(await page('4')).toEqual([['2', '3'], '2'])
  expect(await page('2')).toEqual([['1'], '1'])
  expect(await page('1')).toEqual([[], '0'])
})
