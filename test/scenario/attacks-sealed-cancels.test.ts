/** Does a word in private that calls a job off hold, when it overtakes the job? Wraps arrive in any order: the daemon opens new ones first. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { rumorOf } from '../../src/nostr/gift-wrap.js'
import { createAgent, nowInSeconds, type Agent } from '../support/agent.js'
import { startBridge, type Bridge } from '../support/bridge.js'

let bridge: Bridge
const agents: Agent[] = []
beforeAll(async () => {
  bridge = await startBridge()
})
afterAll(async () => {
  for (const agent of agents.splice(0)) agent.stop()
  await bridge.stop()
})

async function newAgent(): Promise<Agent> {
  const agent = await createAgent(bridge.relay.url, bridge.daemon.pubkey)
  agents.push(agent)
  return agent
}

const jobTemplate = (path: string) => ({
  kind: 5800,
  created_at: nowInSeconds(),
  tags: [
    ['p', bridge.daemon.pubkey],
    ['param', 'method', 'GET'],
    ['param', 'path', path],
  ],
  content: '',
})
const deletionOf = (jobId: string) => ({ kind: 5, created_at: nowInSeconds(), tags: [['e', jobId]], content: '' })
const requestOf = (agent: Agent, id: string, path: string) =>
  agent.message({
    ...{ type: 'dispatch-request', id, task: 'all', params: { method: 'GET', path }, max_msat: 5_000_000 },
    deadline: new Date(Date.now() + 3_600_000).toISOString(),
  })

/** Whatever this agent has sent before was opened. */
async function fence(agent: Agent): Promise<void> {
  const { rumor } = await agent.say(jobTemplate('/free/joke'))
  await agent.answer(6800, rumor.id)
}

describe('before its job arrives', () => {
  it('a wrapped deletion by the author keeps the job from being taken', async () => {
    const agent = await newAgent()
    const template = jobTemplate('/joke')
    const { id } = rumorOf(agent.pubkey, template)
    await agent.say(deletionOf(id))
    await fence(agent)
    await agent.say(template)
    const error = await agent.answer(7000, id, 'error')
    expect(error.tags).toContainEqual(['status', 'error', 'cancelled', expect.any(String)])
    expect(bridge.gateway.counters.challenges).toBe(0)
  })

  it('a dispatch-cancel by the hirer keeps the request from being accepted', async () => {
    const agent = await newAgent()
    await agent.say(agent.message({ type: 'dispatch-cancel', re: 'r-1' }))
    await fence(agent)
    await agent.say(requestOf(agent, 'r-1', '/joke'))
    expect(await agent.next('dispatch-refuse', 'r-1')).toMatchObject({ code: 'cancelled' })
    expect(agent.typesAbout('r-1')).toEqual(['dispatch-refuse'])
    expect(bridge.gateway.counters.challenges).toBe(0)
  })

  it('the word of a stranger, by either way, changes nothing', async () => {
    const [agent, stranger] = [await newAgent(), await newAgent()]
    const template = jobTemplate('/free/echo')
    const { id } = rumorOf(agent.pubkey, template)
    await stranger.say(deletionOf(id))
    await stranger.say(stranger.message({ type: 'dispatch-cancel', re: 'r-2' }))
    await fence(stranger)
    await agent.say(template)
    await agent.say(requestOf(agent, 'r-2', '/free/joke'))
    await agent.answer(6800, id)
    await agent.next('dispatch-result', 'r-2')
  })
})
