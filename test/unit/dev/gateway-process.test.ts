/** Can a bench in another process pay at a gateway? */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { compileSources, type Compiled } from '../../support/compiled.js'
import { ask, challengeOf } from './payer.js'

const SOURCES = ['src/core', 'src/dev/gateways', 'src/dev/gateways/dialects', 'src/dev/lightning']
let compiled: Compiled
beforeAll(async () => {
  compiled = await compileSources(SOURCES)
})
afterAll(() => compiled.remove())

const children: ChildProcessByStdio<null, Readable, null>[] = []

async function spawnGateway(...args: string[]) {
  const child = spawn(process.execPath, [join(compiled.directory, 'src/dev/gateways/main.js'), ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
  return { child, ...(JSON.parse(line) as { url: string; controlUrl: string; dialect: string; nodeId: string }) }
}

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})

const post = (url: string, value: object) => ask(url, { method: 'POST', body: JSON.stringify(value) })

it('names its ports in one line, settles by invoice and by hash, counts, and ends on SIGTERM', async () => {
  const { child, url, controlUrl, dialect } = await spawnGateway('--dialect', 'toll-booth', '--set', 'bundleSats=50')
  expect(dialect).toBe('toll-booth')

  const first = await ask(`${url}/joke`)
  const { bolt11 } = challengeOf(first)
  const before = Date.now()
  const settled = (await post(`${controlUrl}/settle`, { bolt11 })).json()
  expect(settled['amountMsat']).toBe(50_000)
  expect(settled['settledAtMs']).toBeGreaterThan(before - 50)
  expect(settled['settledAtMs']).toBeLessThan(Date.now() + 50)

  const { l402 } = first.json() as { l402: { payment_url: string; macaroon: string } }
  const { preimage } = (await ask(url + l402.payment_url)).json() as { preimage: string }
  const authorization = `L402 ${l402.macaroon}:${preimage}`
  expect((await ask(`${url}/joke`, { headers: { authorization } })).status).toBe(200)

  const second = (await ask(`${url}/joke`)).json() as { l402: { payment_hash: string } }
  const byHash = { paymentHash: second.l402.payment_hash }
  expect((await post(`${controlUrl}/settle`, byHash)).status).toBe(200)
  expect((await post(`${controlUrl}/settle`, byHash)).status).toBe(409)
  expect((await ask(`${controlUrl}/counters`)).json()).toMatchObject({
    invoicesMinted: 2,
    chargesSettled: 2,
    callsServed: 1,
    orders: 0,
  })

  child.kill('SIGTERM')
  expect(await once(child, 'exit')).toEqual([0, null])
})

it('takes faults, prices and tamperings by its control port', async () => {
  const { url, controlUrl } = await spawnGateway('--dialect', 'spec')
  await post(`${controlUrl}/price`, { sats: 9 })
  expect(challengeOf(await ask(`${url}/joke`)).bolt11).toMatch(/^lnbcrt90n1/)
  await post(`${controlUrl}/fail`, { fault: 503, at: 'challenge' })
  expect((await ask(`${url}/joke`)).status).toBe(503)
  expect((await post(`${controlUrl}/tamper`, { name: 'no such' })).status).toBe(400)
  await post(`${controlUrl}/tamper`, { name: 'foreignNetwork' })
  expect(challengeOf(await ask(`${url}/joke`)).bolt11).toMatch(/^lnbc90n1/)
  await post(`${controlUrl}/tamper`, { name: null })
  expect(challengeOf(await ask(`${url}/joke`)).bolt11).toMatch(/^lnbcrt90n1/)
})
