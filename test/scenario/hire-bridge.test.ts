/** Is our own daemon hired by our own hirer, whatever it can see of payments and however large its answer is? */
import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { createAgent, nowInSeconds } from '../support/agent.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'
import { createBridgeHirer, type BridgeHirer } from '../support/bridge-hirer.js'

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
