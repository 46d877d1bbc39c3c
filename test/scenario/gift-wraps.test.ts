/** Is a job served that comes whole in a gift wrap, in private, and once? Through the real daemon, over a real relay. */
import { afterEach, describe, expect, it } from 'vitest'
import type { NostrEvent } from '../../src/core/event.js'
import type { Pubkey } from '../../src/core/identifiers.js'
import { wrapRumor } from '../../src/nostr/gift-wrap.js'
import { createAgent, nowInSeconds, type Agent } from '../support/agent.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'

let bridge: Bridge
const agents: Agent[] = []
async function open(options: BridgeOptions = {}): Promise<Agent> {
  bridge = await startBridge(options)
  return newAgent()
}
async function newAgent(inbox?: readonly string[]): Promise<Agent> {
  const agent = await createAgent(bridge.relay.url, bridge.daemon.pubkey, inbox ? { inbox } : {})
  agents.push(agent)
  return agent
}
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.stop()
  await bridge.stop()
})

const jobTemplate = (params: Record<string, string>, createdAt = nowInSeconds()) => ({
  kind: 5800,
  created_at: createdAt,
  tags: [['p', bridge.daemon.pubkey], ...Object.entries({ method: 'GET', ...params }).map(([n, v]) => ['param', n, v])],
  content: '',
})

async function payFor(agent: Agent, jobId: string): Promise<void> {
  const offer = await agent.answer(7000, jobId, 'payment-required')
  const [, , bolt11 = ''] = offer.tags.find(([name]) => name === 'amount') ?? []
  await bridge.pay(bolt11)
}

const published = (): NostrEvent[] => [...bridge.relay.events()]

describe('a job in a gift wrap', () => {
  it('is offered, paid and answered in gift wraps to the inbox of its author, and nowhere else', async () => {
    const agent = await open()
    const { rumor } = await agent.say(jobTemplate({ path: '/joke' }))
    await payFor(agent, rumor.id)
    const result = await agent.answer(6800, rumor.id)
    expect(JSON.parse(result.content)).toHaveProperty('joke')
    expect(JSON.parse(result.tags.find(([name]) => name === 'request')?.[1] ?? '{}')).toMatchObject({ id: rumor.id })
    const kinds = published().map(({ kind }) => kind)
    expect(kinds).not.toContain(7000)
    expect(kinds).not.toContain(6800)
    expect(JSON.stringify(published())).not.toContain(rumor.id)
  })

  it('is served once, however often it is wrapped anew, also after a restart', async () => {
    const agent = await open()
    const template = jobTemplate({ path: '/free/joke' })
    const { rumor } = await agent.say(template)
    await agent.answer(6800, rumor.id)
    await agent.say(template)
    await bridge.restart()
    await agent.say(template)
    const other = jobTemplate({ path: '/free/joke', query: 'n=2' })
    const { rumor: second } = await agent.say(other)
    await agent.answer(6800, second.id)
    expect(bridge.gateway.counters.callsServed).toHaveLength(2)
    expect(agent.rumors.filter(({ kind }) => kind === 6800)).toHaveLength(2)
  })

  it('is heard by a daemon that was away when it was sent, however far back its wrap is dated', async () => {
    const agent = await open()
    const provider = bridge.daemon.pubkey
    const template = jobTemplate({ path: '/free/joke' })
    await bridge.stopDaemon()
    const { rumor } = await wrapRumor(agent.signer, agent.pubkey, template, nowInSeconds())
    // As if sent just now, and dated near the far end of the two days.
    const farEnd = nowInSeconds() - 1.8 * 86_400
    let wrap: NostrEvent
    do {
      wrap = (await wrapRumor(agent.signer, provider as Pubkey, template, nowInSeconds())).wrap
    } while (wrap.created_at > farEnd)
    await agent.publish(wrap)
    await bridge.startDaemon()
    await agent.answer(6800, rumor.id)
  })

  it('whose author has no inbox costs the API nothing, and is not spoken of', async () => {
    await open()
    const stranger = await newAgent([])
    const { rumor } = await stranger.say(jobTemplate({ path: '/joke' }))
    const agent = await newAgent()
    const { rumor: other } = await agent.say(jobTemplate({ path: '/free/joke' }))
    await agent.answer(6800, other.id)
    await bridge.fence()
    expect(bridge.gateway.counters.challenges).toBe(0)
    expect(JSON.stringify(published())).not.toContain(rumor.id)
  })

  it('that was sealed long ago is stale by its own time, whatever its wrap says', async () => {
    const agent = await open()
    const { rumor } = await agent.say(jobTemplate({ path: '/free/joke' }, nowInSeconds() - 3_600))
    const { rumor: fresh } = await agent.say(jobTemplate({ path: '/free/joke' }))
    await agent.answer(6800, fresh.id)
    expect(agent.rumors.some(({ tags }) => tags.some(([, value]) => value === rumor.id))).toBe(false)
  })
})
