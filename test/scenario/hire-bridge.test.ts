/** Is our own daemon hired by our own hirer, whatever it can see of payments and however large its answer is? */
import { createHash, randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startBlossom } from '../../src/dev/blossom.js'
import { STRFRY_LIMITS } from '../../src/dev/relay/limits.js'
import { createAgent, nowInSeconds } from '../support/agent.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'
import { createBridgeHirer, type BridgeHirer } from '../support/bridge-hirer.js'

const SOON = { timeout: 10_000, interval: 5 }
const closers: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close()
})

async function open(options: BridgeOptions = {}): Promise<{ bridge: Bridge; hirer: BridgeHirer }> {
  const bridge = await startBridge({ ...options, config: { announce: { enabled: true }, ...options.config } })
  closers.push(() => bridge.stop())
  const hirer = await createBridgeHirer(bridge)
  closers.push(() => hirer.stop())
  return { bridge, hirer }
}

const sourcesSaid = (bridge: Bridge) =>
  bridge.log.lines.flatMap(({ fields }) => (fields['source'] as string | undefined) ?? [])

describe('a provider that sees none of its payments', () => {
  const BLIND = { dialect: 'aperture', wallet: false } as const

  it('is hired end to end: the hirer brings the proof, sealed', async () => {
    const { bridge, hirer } = await open(BLIND)
    const run = hirer.hiring('/joke')
    expect(await run.exit).toBe(0)
    expect(run.lines.at(-1)).toMatchObject({ outcome: 'result', acknowledged: true })
    expect(run.told('proved')).not.toHaveLength(0)
    expect(sourcesSaid(bridge)).toEqual(['customerProof'])
    const [payment] = bridge.payer.payments()
    const seen = JSON.stringify([[...bridge.relay.events()], run.lines, bridge.log.lines, run.log.lines])
    expect(seen).not.toContain(String(payment?.preimage))
  })

  it('is brought the proof by the next run where the hirer died after it had paid', async () => {
    const { bridge, hirer } = await open(BLIND)
    hirer.service.behave({ methods: ['pay_invoice', 'lookup_invoice'], replies: 'nothing' })
    const first = hirer.hiring('/joke')
    await first.until('payment-unknown')
    first.stop()
    await first.exit
    expect(first.told('proved')).toEqual([])
    hirer.service.behave({})
    const second = hirer.hiring('/joke')
    expect(await second.exit).toBe(0)
    expect(bridge.payer.payments()).toHaveLength(1)
  })

  it('takes no proof that is none, and none from another about a request that is not its own', async () => {
    const { bridge } = await open(BLIND)
    const [agent, stranger] = await Promise.all([1, 2].map(() => createAgent(bridge.relay.url, bridge.daemon.pubkey)))
    if (!agent || !stranger) throw new Error('two agents')
    closers.push(() => [agent, stranger].forEach((one) => one.stop()))
    const deadline = new Date((nowInSeconds() + 3_600) * 1000).toISOString()
    const params = { method: 'GET', path: '/joke', settlement: 'proof' }
    const request = { type: 'dispatch-request', id: 'r-1', task: 'all', params, max_msat: 5_000_000, deadline }
    await agent.say(agent.message(request))
    const invoice = await agent.next('dispatch-invoice', 'r-1')
    const preimage = await bridge.pay(String(invoice['bolt11']))
    const proof = { type: 'dispatch-proof', re: 'r-1' }
    await agent.say(agent.message({ ...proof, preimage: randomBytes(32).toString('hex') }))
    await agent.say(agent.message({ ...proof, preimage: 'none' }))
    await stranger.say(stranger.message({ ...proof, preimage }))
    const free = { ...request, id: 'fence', params: { method: 'GET', path: '/free/joke' } }
    await stranger.say(stranger.message(free))
    await stranger.next('dispatch-result', 'fence')
    expect(agent.typesAbout('r-1')).not.toContain('dispatch-result')
    await agent.say(agent.message({ ...proof, preimage }))
    await agent.next('dispatch-result', 'r-1')
  })

  it('refuses whoever does not promise the proof, before any invoice is shown', async () => {
    const { bridge } = await open(BLIND)
    const agent = await createAgent(bridge.relay.url, bridge.daemon.pubkey)
    closers.push(() => agent.stop())
    const deadline = new Date((nowInSeconds() + 3_600) * 1000).toISOString()
    const params = { method: 'GET', path: '/joke' }
    const request = { type: 'dispatch-request', id: 'r-1', task: 'all', params, max_msat: 5_000_000, deadline }
    await agent.say(agent.message(request))
    expect(await agent.next('dispatch-failure', 'r-1')).toMatchObject({ code: 'no-settlement-path' })
    expect(agent.typesAbout('r-1')).not.toContain('dispatch-invoice')
  })
})

describe('an answer that no event holds', () => {
  const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex')

  async function openWithServer() {
    const server = await startBlossom()
    closers.push(() => server.stop())
    const opened = await open({ wallet: true, relay: STRFRY_LIMITS, config: { blobs: { servers: [server.url] } } })
    return { ...opened, server }
  }

  it.each([
    ['1 MB of text', '/bytes/1000000'],
    ['300 KB that are no text', '/binary/300000'],
  ])('of %s is fetched by whoever hired for it, checked, and then acknowledged', async (_, path) => {
    const { bridge, hirer, server } = await openWithServer()
    const outputFile = `${bridge.directory}/answer`
    const run = hirer.hiring(path, { output: outputFile })
    expect(await run.exit).toBe(0)
    const truth = Buffer.from(await (await fetch(`${bridge.gateway.url}/free${path}`)).arrayBuffer())
    expect(sha256(await readFile(outputFile))).toBe(sha256(truth))
    expect(run.told('downloading')).toHaveLength(1)
    expect(run.lines.at(-1)).toMatchObject({ outcome: 'result', sha256: sha256(truth), acknowledged: true })
    // Only the two know that it is there.
    const published = JSON.stringify([...bridge.relay.events()])
    expect([...server.blobs.keys()].map((hash) => published.includes(hash))).toEqual([false])
  })

  it('is not acknowledged while no server gives it, and fetched when one does, with one payment in all', async () => {
    const { bridge, hirer, server } = await openWithServer()
    server.fail('unavailable')
    const first = hirer.hiring('/bytes/200000')
    await first.until('paid')
    first.stop()
    await first.exit
    server.fail(null)
    await vi.waitFor(() => expect(bridge.log.lines.some(({ event }) => event === 'completed')).toBe(true), SOON)
    server.fail('unavailable')
    const second = hirer.hiring('/bytes/200000')
    expect(await second.exit).toBe(14)
    expect(second.lines.at(-1)).toMatchObject({ outcome: 'unfetched', urls: [expect.stringContaining(server.url)] })
    expect(bridge.log.lines.some(({ event }) => event === 'acknowledged')).toBe(false)
    server.fail(null)
    const third = hirer.hiring('/bytes/200000')
    expect(await third.exit).toBe(0)
    expect(third.lines.at(-1)).toMatchObject({ content: 'x'.repeat(200_000), acknowledged: true })
    expect(bridge.payer.payments()).toHaveLength(1)
  })
})
