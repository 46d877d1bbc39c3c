/** Does a daemon whose relay has gone deaf notice, and serve the job that it missed? And does it say how it was proven that it hears? */
import { afterEach, expect, it, vi } from 'vitest'
import { pubkeyOf, signEvent } from '../../src/nostr/event.js'
import { buildProbe } from '../../src/nostr/kinds/probe.js'
import { startRelay } from '../../src/dev/relay/relay.js'
import { showStatus } from '../../src/cli/status.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'

let bridge: Bridge
const open = async (options: BridgeOptions = {}): Promise<Bridge> => (bridge = await startBridge(options))
afterEach(() => bridge.stop())

const relayStatus = (url: string) => bridge.daemon.status().relays.find((relay) => relay.url === `${url}/`)
const isProven = (url: string, proof: 'echo' | 'eose') =>
  vi.waitFor(() => expect(relayStatus(url)?.proof).toBe(proof), { timeout: 10_000, interval: 20 })

/** As the daemon does once in a period, with its key. */
async function probeNow(url: string) {
  const key = Buffer.from(bridge.secretKey, 'hex')
  const template = buildProbe(pubkeyOf(key), Math.floor(Date.now() / 1000))
  return bridge.adapters.relays.prove(signEvent(template, key, pubkeyOf(key), Buffer.alloc(32, 1)), `${url}/`, 500)
}

it('is proven by its own echo right after it has connected, and serves what it missed while it was deaf', async () => {
  await open()
  const { relay, customer } = bridge
  expect(bridge.daemon.status()).toMatchObject({ ready: true })
  await isProven(relay.url, 'echo')
  relay.forgetSubscriptions()
  customer.stop() // it is deaf now, too
  const other = await bridge.newCustomer()
  const job = await other.publishJob({ path: '/free/joke' })
  expect(bridge.daemon.status().intake.admitted).toBe(0)
  expect(await probeNow(relay.url)).toBe('deaf')
  await other.result(job.id)
  await isProven(relay.url, 'echo')
})

it('hears on a relay that demands authentication, and answers there', async () => {
  const guarded = await startRelay({ auth: true })
  await open({ relays: [guarded.url] })
  await isProven(guarded.url, 'echo')
  expect(relayStatus(guarded.url)).toMatchObject({ connected: true, lastError: null })
  const job = await bridge.customer.publishJob({ path: '/free/joke' })
  await bridge.customer.result(job.id)
  await vi.waitFor(() => expect([...guarded.events()].map(({ kind }) => kind)).toContain(6800))
  await guarded.stop()
})

it('shows the weaker proof as such, in words and in JSON', async () => {
  const readOnly = await startRelay({ answer: () => ({ ok: false, reason: 'restricted: members write' }) })
  await open({ relays: [readOnly.url] })
  await isProven(bridge.relay.url, 'echo')
  const objects: object[] = []
  const texts: string[] = []
  const output = {
    json: true,
    object: (value: object) => void objects.push(value),
    data: (text: string) => void texts.push(text),
    say: () => undefined,
  }
  expect(await showStatus(bridge.stateDirectory, output)).toBe(0)
  const age = expect.any(Number) as number
  expect(objects[0]).toMatchObject({
    type: 'status',
    ready: true,
    relays: [
      { url: `${bridge.relay.url}/`, proof: 'echo', proofAgeSeconds: age },
      { url: `${readOnly.url}/`, proof: 'eose', proofAgeSeconds: age },
    ],
  })
  expect(texts[0]).toMatch(/listening, proven by echo \d+ s ago\n.*listening, weakly proven \(it answers\) \d+ s ago/)
  await readOnly.stop()
})
