/** Does anything that a customer said in private ever stand in the log or at a relay? Of jobs that were served, refused or given up. */
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { isOpen } from '../../src/core/job.js'
import { encloseJob } from '../../src/nostr/kinds/private-tags.js'
import { createAgent, nowInSeconds, type Agent } from '../support/agent.js'
import { startBridge, type Bridge } from '../support/bridge.js'

/** Stands in every request; in no word of ours. */
const CANARY = 'Canary17'
const param = (name: string, value: string) => ['param', name, value]
/** Served, refused before anything is asked, refused once inputs were looked for, and unreadable. */
const ASKED: readonly (readonly (readonly string[])[])[] = [
  [param('path', '/free/echo'), param('query', `q=${CANARY}`), ['t', CANARY]],
  [param('path', `/free/bytes/${CANARY}`)],
  [param('path', `/nowhere/${CANARY}`)],
  [param('path', '/free/echo'), param('query', `q=%zz${CANARY}`)],
  [param('method', CANARY), param('path', '/free/echo')],
  [param('path', '/free/echo'), ['i', CANARY, CANARY]],
  [param('path', '/free/echo'), ['i', `ftp://${CANARY}.example`, 'url']],
  [param('path', '/free/echo'), ['i', `http://${CANARY}.invalid/`, 'url', '', 'param:q']],
  [param('path', `/nowhere/${CANARY}`), ['i', 'ab'.repeat(32), 'event', '', 'param:q']],
  [param('path', '/free/echo'), ['bid', CANARY]],
]

let bridge: Bridge
let agent: Agent
const ids: string[] = []

const hasEnded = (id: string): boolean => {
  const { store } = bridge.adapters
  const job = store.get(id as never)
  return job ? !isOpen(job) : store.has(id)
}

beforeAll(async () => {
  bridge = await startBridge({
    route: { path: '/free/**' },
    config: { inputs: { waitSeconds: 1, allowPrivate: true }, jobs: { maxOpenPerCustomer: 100 } },
  })
  agent = await createAgent(bridge.relay.url, bridge.daemon.pubkey)
  for (const asked of ASKED) {
    const tags = [['p', bridge.daemon.pubkey], ...asked, param('method', 'GET')]
    const template = { kind: 5800, created_at: nowInSeconds(), tags, content: '' }
    ids.push((await agent.say(template)).rumor.id)

    const { plaintext, outside } = encloseJob(template)
    const sealed = bridge.customer.sign({ ...outside, content: bridge.customer.encrypt(plaintext) })
    await bridge.customer.publish(sealed)
    ids.push(sealed.id)

    const params = asked.filter(([name]) => name === 'param').map(([, name = '', value = '']) => [name, value])
    const request = {
      ...{ type: 'dispatch-request', id: `r-${ids.length}`, task: 'all', max_msat: 5_000_000 },
      params: { method: 'GET', ...(Object.fromEntries(params) as object) },
      inputs: asked.filter(([name]) => name === 'i').map((tag) => tag.slice(1)),
      deadline: new Date(Date.now() + 3_600_000).toISOString(),
    }
    ids.push((await agent.say(agent.message(request))).rumor.id)
  }
  const unanswered = (): string[] =>
    ids.filter((id, index) => index % 3 === 1 && bridge.customer.events(id).length === 0)
  await vi.waitFor(() => expect([...ids.filter((id) => !hasEnded(id)), ...unanswered()]).toEqual([]), {
    timeout: 20_000,
    interval: 20,
  })
}, 40_000)
afterAll(async () => {
  agent.stop()
  await bridge.stop()
})

it('no line of the log tells it, at any level', () => {
  const lines = bridge.log.lines.map((line) => JSON.stringify(line))
  expect(lines.filter((line) => line.includes('refused')).length).toBeGreaterThan(10)
  expect(lines.filter((line) => line.includes(CANARY) || line.includes(CANARY.toLowerCase()))).toEqual([])
})

it('no event at the relay tells it, nor that there were jobs in gift wraps', () => {
  const events = [...bridge.relay.events()]
  expect(events.filter(({ kind }) => kind === 6800 || kind === 7000).length).toBeGreaterThanOrEqual(ASKED.length)
  expect(events.filter((event) => JSON.stringify(event).includes(CANARY))).toEqual([])
})

it('the status tells it to nobody', () => {
  expect(JSON.stringify(bridge.daemon.status())).not.toContain(CANARY)
})
