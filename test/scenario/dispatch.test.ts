/** Does an agent that is hired in private name its price, do the work once, and say whatever it refuses? */
import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it } from 'vitest'
import { pubkeyOf, signEvent } from '../../src/nostr/event.js'
import type { Pubkey } from '../../src/core/identifiers.js'
import { createEncryption } from '../../src/nostr/encryption.js'
import { rumorOf } from '../../src/nostr/gift-wrap.js'
import { createAgent, nowInSeconds, type Agent, type Fields } from '../support/agent.js'
import { startBridge, type Bridge, type BridgeOptions } from '../support/bridge.js'

let bridge: Bridge
const agents: Agent[] = []
async function open(options: BridgeOptions = {}): Promise<Agent> {
  bridge = await startBridge(options)
  return newAgent()
}
async function newAgent(): Promise<Agent> {
  const agent = await createAgent(bridge.relay.url, bridge.daemon.pubkey)
  agents.push(agent)
  return agent
}
afterEach(async () => {
  for (const agent of agents.splice(0)) agent.stop()
  await bridge.stop()
})

const inAnHour = () => new Date(Date.now() + 3_600_000).toISOString()
const JOKE = { type: 'dispatch-request', task: 'all', params: { method: 'GET', path: '/joke' }, max_msat: 5_000_000 }
const request = (id: string, fields: Fields = {}): Fields => ({ ...JOKE, id, deadline: inAnHour(), ...fields })

async function pay(agent: Agent, re: string): Promise<Fields> {
  const invoice = await agent.next('dispatch-invoice', re)
  await bridge.pay(String(invoice['bolt11']))
  return invoice
}

describe('a request', () => {
  it('is accepted at a price, then invoiced, done, delivered and acknowledged', async () => {
    const agent = await open({ route: { priceSats: 21, description: 'Tells a joke.' } })
    const { rumor } = await agent.say(agent.message(request('r-1')))
    expect(await agent.next('dispatch-accept', 'r-1')).toMatchObject({
      ...{ price_msat: 21_000, exact: true, delivers: 'Tells a joke.' },
    })
    const invoice = await pay(agent, 'r-1')
    expect(invoice).toMatchObject({
      amount_msat: expect.any(Number) as number,
      expires: expect.stringMatching(/Z$/) as string,
    })
    const result = await agent.next('dispatch-result', 'r-1')
    expect(JSON.parse(String(result['output']))).toHaveProperty('joke')
    expect(result['tags']).toContainEqual(['http-status', '200'])
    await agent.say(agent.message({ type: 'dispatch-ack', re: 'r-1' }))
    await expect.poll(() => bridge.log.lines.some(({ event }) => event === 'acknowledged')).toBe(true)
    // Nothing of it is public: neither kinds of jobs, nor the id under which it is kept.
    const published = [...bridge.relay.events()]
    expect(published.some(({ kind }) => [5800, 6800, 7000].includes(kind))).toBe(false)
    expect(JSON.stringify(published)).not.toContain(rumor.id)
  })

  it('whose ceiling is below the price gets a counter-offer, and nothing runs until it is taken up', async () => {
    const agent = await open({ route: { priceSats: 21 } })
    await agent.say(agent.message(request('low', { max_msat: 20_999 })))
    expect(await agent.next('dispatch-counter', 'low')).toMatchObject({ price_msat: 21_000 })
    expect(bridge.gateway.counters.challenges).toBe(0)
    await agent.say(agent.message(request('taken-up', { max_msat: 21_000, re: 'low' })))
    await pay(agent, 'taken-up')
    await agent.next('dispatch-result', 'taken-up')
    expect(agent.typesAbout('low')).toEqual(['dispatch-counter'])
  })

  const refused: [string, Fields, string][] = [
    ['for a task that is not offered', { task: 'brew-coffee' }, 'task-unknown'],
    ['for a path that no route allows', { params: { method: 'DELETE', path: '/joke' } }, 'path-not-allowed'],
    ['whose deadline has passed', { deadline: new Date(0).toISOString() }, 'deadline-too-close'],
    ['without a deadline', { deadline: undefined }, 'invalid-request'],
    ['that leaves open what to call', { params: {} }, 'invalid-request'],
  ]
  it.each(refused)('%s is refused once, with a code and a reason', async (_, fields, code) => {
    const agent = await open()
    const message = agent.message(request('r-1', fields))
    await agent.say(message)
    const refusal = await agent.next('dispatch-refuse', 'r-1')
    expect(refusal).toMatchObject({ code, reason: expect.stringMatching(/^[A-Z].*\.$/) as string })
    await agent.say(message)
    await agent.say(agent.message(request('fence', { params: { method: 'GET', path: '/free/joke' } })))
    await agent.next('dispatch-result', 'fence')
    expect(agent.typesAbout('r-1')).toEqual(['dispatch-refuse'])
    expect(bridge.gateway.counters.challenges).toBe(0)
  })

  it('that fails after it was paid ends in a failure that holds the credential', async () => {
    const agent = await open()
    await agent.say(agent.message(request('r-1', { params: { method: 'GET', path: '/status/404' } })))
    await pay(agent, 'r-1')
    const failure = await agent.next('dispatch-failure', 'r-1')
    expect(failure).toMatchObject({ code: 'upstream-failed', credential: { type: 'l402-credential' } })
  })

  it('is run once: the same rumor, wrapped anew and after a restart, changes nothing', async () => {
    const agent = await open()
    const message = agent.message(request('r-1', { params: { method: 'GET', path: '/free/joke' } }))
    await agent.say(message)
    await agent.next('dispatch-result', 'r-1')
    await agent.say(message)
    await bridge.restart()
    await agent.say(message)
    await agent.say(agent.message(request('fence', { params: { method: 'GET', path: '/free/joke' } })))
    await agent.next('dispatch-result', 'fence')
    expect(agent.typesAbout('r-1')).toEqual(['dispatch-accept', 'dispatch-result'])
    expect(bridge.gateway.counters.callsServed).toHaveLength(2)
  })

  it('of a name that is in use already is passed over: its answers could not be told apart', async () => {
    const agent = await open()
    const free = { params: { method: 'GET', path: '/free/joke' } }
    await agent.say(agent.message(request('r-1', free)))
    await agent.next('dispatch-result', 'r-1')
    await agent.say(agent.message(request('r-1', { ...free, max_msat: 1 })))
    await agent.say(agent.message(request('fence', free)))
    await agent.next('dispatch-result', 'fence')
    expect(agent.typesAbout('r-1')).toEqual(['dispatch-accept', 'dispatch-result'])
  })
})

describe('a cancellation', () => {
  it("by the hirer ends what is not paid; a stranger's changes nothing", async () => {
    const agent = await open()
    const stranger = await newAgent()
    await agent.say(agent.message(request('r-1')))
    await agent.next('dispatch-invoice', 'r-1')
    await stranger.say(stranger.message({ type: 'dispatch-cancel', re: 'r-1' }))
    await stranger.say(stranger.message(request('fence', { params: { method: 'GET', path: '/free/joke' } })))
    await stranger.next('dispatch-result', 'fence')
    expect(agent.typesAbout('r-1')).toEqual(['dispatch-accept', 'dispatch-invoice'])
    await agent.say(agent.message({ type: 'dispatch-cancel', re: 'r-1' }))
    expect(await agent.next('dispatch-failure', 'r-1')).toMatchObject({
      code: expect.stringContaining('cancel') as string,
    })
  })
})

describe('what is forged', () => {
  async function fence(agent: Agent): Promise<void> {
    await agent.say(agent.message(request('fence', { params: { method: 'GET', path: '/free/joke' } })))
    await agent.next('dispatch-result', 'fence')
    expect(agent.typesAbout('r-1')).toEqual([])
    expect(bridge.gateway.counters.callsServed).toHaveLength(1)
  }
  const free = { params: { method: 'GET', path: '/free/joke' } }

  /** A wrap around a seal around that rumor, each of them as the forger likes. */
  function wrapAround(forger: Uint8Array, sealOf: (sealed: (text: string) => string) => object) {
    const provider = bridge.daemon.pubkey as Pubkey
    const once = randomBytes(32)
    const seal = sealOf((text) => createEncryption(forger).encrypt(provider, text))
    const content = createEncryption(once).encrypt(provider, JSON.stringify(seal))
    const template = { kind: 1059, created_at: nowInSeconds(), tags: [['p', provider]], content }
    return signEvent(template, once, pubkeyOf(once), randomBytes(32))
  }

  it('a rumor in the name of another than sealed it starts nothing', async () => {
    const agent = await open()
    const forger = randomBytes(32)
    const rumor = rumorOf(agent.pubkey, agent.message(request('r-1', free)))
    const wrap = wrapAround(forger, (sealed) =>
      signEvent(
        { kind: 13, created_at: nowInSeconds(), tags: [], content: sealed(JSON.stringify(rumor)) },
        forger,
        pubkeyOf(forger),
        randomBytes(32),
      ),
    )
    await agent.publish(wrap)
    await fence(agent)
  })

  it('a seal in the name of another, without its signature, starts nothing', async () => {
    const agent = await open()
    const forger = randomBytes(32)
    const rumor = rumorOf(agent.pubkey, agent.message(request('r-1', free)))
    const wrap = wrapAround(forger, (sealed) => ({
      ...signEvent(
        { kind: 13, created_at: nowInSeconds(), tags: [], content: sealed(JSON.stringify(rumor)) },
        forger,
        pubkeyOf(forger),
        randomBytes(32),
      ),
      pubkey: agent.pubkey,
    }))
    await agent.publish(wrap)
    await fence(agent)
  })
})

describe('the messages of other agents', () => {
  const TASKS = {
    dispatch: {
      tasks: { think: { method: 'GET', path: '/free/echo', query: 'said={{prompt}}', body: '{"prompt": {{prompt}}}' } },
    },
  }

  it('a task that the operator maps is done, and answered in their words', async () => {
    const agent = await open({ config: TASKS })
    const prompt = 'Say "hello" and $& nothing else'
    await agent.say(
      agent.message({ type: 'dispatch-think', id: 'think-1-1', prompt, repos: [], respond_to: agent.pubkey }),
    )
    expect(await agent.next('dispatch-ack', 'think-1-1')).toMatchObject({ v: 1, note: expect.any(String) as string })
    expect(await agent.next('dispatch-result', 'think-1-1')).toMatchObject({
      mode: 'think',
      plan: expect.any(String) as string,
    })
  })

  it('one that costs something asks for the payment in a query that holds the invoice', async () => {
    const agent = await open({ config: { dispatch: { tasks: { build: { method: 'GET', path: '/joke' } } } } })
    await agent.say(
      agent.message({ type: 'dispatch-build', id: 'build-1-1', prompt: 'x', repos: [], branch_from: 'main' }),
    )
    const query = await agent.next('dispatch-query', 'build-1-1')
    expect(query['question']).toContain(query['bolt11'])
    expect(query).toMatchObject({ respond_to: bridge.daemon.pubkey, amount_msat: expect.any(Number) as number })
    await bridge.pay(String(query['bolt11']))
    expect(await agent.next('dispatch-result', 'build-1-1')).toMatchObject({ mode: 'build' })
  })

  it('every other task is refused with a reason', async () => {
    const agent = await open({ config: TASKS })
    await agent.say(agent.message({ type: 'dispatch-build', id: 'build-1-1', prompt: 'x', repos: [] }))
    expect(await agent.next('dispatch-refuse', 'build-1-1')).toMatchObject({
      reason: expect.stringMatching(/./) as string,
    })
  })

  it('a task older than four hours, or dated ahead by more than two minutes, is passed over', async () => {
    const agent = await open({ config: TASKS })
    const at = (seconds: number) => ({ ts: new Date(Date.now() + seconds * 1000).toISOString() })
    const think = { type: 'dispatch-think', prompt: 'x', repos: [] }
    await agent.say(agent.message({ ...think, id: 'old', ...at(-4 * 3600 - 60) }))
    await agent.say(agent.message({ ...think, id: 'ahead', ...at(180) }))
    await agent.say(agent.message({ ...think, id: 'fresh', ...at(-4 * 3600 + 120) }))
    await agent.next('dispatch-result', 'fresh')
    expect([...agent.typesAbout('old'), ...agent.typesAbout('ahead')]).toEqual([])
  })
})
