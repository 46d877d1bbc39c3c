/** Is the small API as predictable as its README says? */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { request } from 'undici'
import { startGateway, type Gateway } from '../../../src/dev/gateways/gateway.js'
import { createSimulatedNetwork } from '../../../src/dev/lightning/simulated.js'
import { ask } from './payer.js'

const network = createSimulatedNetwork()
let gateway: Gateway
beforeAll(async () => {
  gateway = await startGateway({ dialect: 'spec', node: network.createNode() })
})
afterAll(async () => {
  await gateway.stop()
  network.stop()
})

it('echoes method, query and body', async () => {
  const heard = await ask(`${gateway.url}/free/echo?a=1&b=%20`, { method: 'PUT', body: 'hello' })
  expect(heard.json()).toEqual({ method: 'PUT', query: { a: '1', b: ' ' }, body: 'hello' })
})

it('serves as many bytes as asked for, and bytes that are no text', async () => {
  expect((await ask(`${gateway.url}/free/bytes/1000`)).text).toHaveLength(1000)
  const { body, headers } = await request(`${gateway.url}/free/binary`)
  expect(new Uint8Array(await body.arrayBuffer())).toEqual(Uint8Array.from({ length: 256 }, (_, i) => i))
  expect(headers['content-type']).toBe('application/octet-stream')
})

it('answers with the status asked for', async () => {
  for (const status of [204, 404, 503]) expect((await ask(`${gateway.url}/free/status/${status}`)).status).toBe(status)
})

it('takes its time where asked to', async () => {
  const before = performance.now()
  expect((await ask(`${gateway.url}/free/slow?ms=30`)).json()).toEqual({ waitedMs: 30 })
  expect(performance.now() - before).toBeGreaterThan(25)
})

it('counts orders, each one anew', async () => {
  const order = () => ask(`${gateway.url}/free/orders`, { method: 'POST', body: '{"a":1}' })
  expect((await order()).json()).toEqual({ order: { a: 1 }, number: 1 })
  expect((await order()).json()).toEqual({ order: { a: 1 }, number: 2 })
  expect((await ask(`${gateway.url}/free/orders`)).status).toBe(405)
  expect((await ask(`${gateway.url}/free/orders`, { method: 'POST', body: 'no' })).status).toBe(400)
  expect(gateway.api.orders).toBe(2)
})
