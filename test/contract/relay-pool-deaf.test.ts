/** Is a relay noticed that no longer delivers, and mended, while a quiet one is left alone? Against real relays that go deaf. */
import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { EventTemplate, NostrEvent } from '../../src/core/event.js'
import { startRelay, type DevRelay, type RelayOptions } from '../../src/dev/relay/relay.js'
import { pubkeyOf, signEvent } from '../../src/nostr/event.js'
import { buildProbe, PROBE_KIND, probeFilter } from '../../src/nostr/kinds/probe.js'
import type { RelayPoolOptions } from '../../src/nostr/relay-pool.js'
import type { RelayPool } from '../../src/ports.js'
import { createListener, createPoolFixture, systemClock } from '../support/pool-fixture.js'
import { openRelayClient } from '../support/relay-client.js'

const secretKey = randomBytes(32)
const us = pubkeyOf(secretKey)
const seconds = () => Math.floor(Date.now() / 1_000)
const sign = (template: EventTemplate): NostrEvent => signEvent(template, secretKey, us, randomBytes(32))
const probe = () => sign(buildProbe(us, seconds()))
const WITHIN_MS = 300

const until = (condition: () => unknown) =>
  vi.waitFor(() => expect(condition()).toBeTruthy(), { timeout: 10_000, interval: 5 })

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

async function start(options: RelayOptions = {}): Promise<DevRelay> {
  const relay = await startRelay(options)
  stops.push(() => relay.stop())
  return relay
}

/** A pool that listens on that relay for jobs and for its own echo. */
async function listen(relay: DevRelay, options: Partial<RelayPoolOptions> = {}) {
  const fixture = createPoolFixture(systemClock, options)
  stops.push(() => fixture.pool.stop())
  const listener = createListener([relay.url], { echo: probeFilter(us) })
  fixture.pool.subscribe(listener.request)
  await until(() => listener.caughtUp.length)
  const url = `${relay.url}/`
  return {
    ...fixture,
    ...listener,
    url,
    prove: () => fixture.pool.prove(probe(), url, WITHIN_MS),
    status: () => statusOf(fixture.pool),
  }
}

const statusOf = (pool: RelayPool) => pool.status()[0]

async function publishElsewhere(relay: DevRelay, event: NostrEvent) {
  const client = await openRelayClient(relay.url)
  await client.publish(event)
  client.close()
}

describe('a relay that delivers', () => {
  it('is proven weakly by its EOSE, and then by an event of ours that comes back', async () => {
    const relay = await start()
    const { prove, status, heard } = await listen(relay)
    expect(status()?.proof).toBe('eose')
    const before = Date.now()
    expect(await prove()).toBe('echo')
    expect(status()?.proof).toBe('echo')
    expect(status()?.provenAt).toBeGreaterThanOrEqual(before)
    expect(heard).toEqual([])
    expect([...relay.events()]).toEqual([])
  })

  it('is proven on every subscription', async () => {
    const relay = await start()
    const { pool, prove } = await listen(relay)
    const second = createListener([relay.url], { name: 'sealed', echo: probeFilter(us) })
    pool.subscribe(second.request)
    await until(() => second.caughtUp.length)
    expect(await prove()).toBe('echo')
  })

  it('is healthy however quiet it is: nothing is rebuilt', async () => {
    const relay = await start()
    const { prove } = await listen(relay)
    for (let round = 0; round < 10; round++) expect(await prove()).toBe('echo')
    expect(relay.counts).toMatchObject({ requests: 1, connections: 1 })
  })

  it('but does not take our events is proven by a request that is answered, and spared further events', async () => {
    const relay = await start({ answer: () => ({ ok: false, reason: 'restricted: members write' }) })
    const { prove, status } = await listen(relay)
    expect([await prove(), await prove()]).toEqual(['eose', 'eose'])
    expect(status()?.proof).toBe('eose')
    expect(relay.counts.received).toBe(1)
  })

  it('and demands authentication is proven once it knows us', async () => {
    const relay = await start({ auth: true })
    const { prove } = await listen(relay, { authenticate: async (template) => sign(template) })
    expect(await prove()).toBe('echo')
  })

  it('but says OK and passes nothing on is no reason to rebuild for ever', async () => {
    const relay = await start({ answer: ({ kind }) => (kind === PROBE_KIND ? { ok: true, reason: '' } : undefined) })
    const { prove } = await listen(relay)
    expect([await prove(), await prove()]).toEqual(['eose', 'eose'])
    expect(relay.counts.requests).toBe(3)
  })

  it('hands the probes of another daemon with our key to nobody', async () => {
    const relay = await start()
    const { prove, heard } = await listen(relay)
    await publishElsewhere(relay, probe())
    expect(await prove()).toBe('echo')
    expect(heard).toEqual([])
  })
})

describe('a deaf relay', () => {
  it('is noticed, and its subscriptions are rebuilt on a new connection that hears', async () => {
    const relay = await start()
    const { prove, status, heard, caughtUp } = await listen(relay)
    expect(await prove()).toBe('echo')
    relay.forgetSubscriptions()
    await publishElsewhere(relay, sign({ kind: 5800, created_at: seconds(), tags: [], content: 'unheard' }))
    expect(await prove()).toBe('deaf')
    await until(() => caughtUp.length === 2)
    expect(heard.map(({ event }) => event.content)).toEqual(['unheard'])
    expect(status()?.lastError).toBeNull()
    expect(await prove()).toBe('echo')
    await publishElsewhere(relay, sign({ kind: 5800, created_at: seconds(), tags: [], content: 'heard live' }))
    await until(() => heard.length === 2)
  })

  it('whose line is half-open is noticed, and heard again when it comes back', async () => {
    const relay = await start()
    const { prove, status, caughtUp } = await listen(relay)
    expect(await prove()).toBe('echo')
    relay.pause()
    expect(await prove()).toBe('deaf')
    await until(() => !status()?.connected)
    expect(status()).toMatchObject({ proof: null, listening: 0 })
    relay.resume()
    await until(() => caughtUp.length >= 2)
    expect(await prove()).toBe('echo')
  })

  it('that echoes no more, though it answers, is taken at its answers after three rebuilds', async () => {
    let lies = false
    const relay = await start({
      answer: ({ kind }) => (lies && kind === PROBE_KIND ? { ok: true, reason: '' } : undefined),
    })
    const { prove, caughtUp } = await listen(relay)
    expect(await prove()).toBe('echo')
    lies = true
    const outcomes: string[] = []
    for (let round = 0; round < 4; round++) {
      outcomes.push(await prove())
      await until(() => caughtUp.length === 1 + outcomes.filter((outcome) => outcome === 'deaf').length)
    }
    expect(outcomes).toEqual(['deaf', 'deaf', 'deaf', 'eose'])
  })

  it('is unproven, and not rebuilt, where there is no connection', async () => {
    const relay = await start()
    const { prove, status } = await listen(relay)
    await relay.stop()
    await until(() => !status()?.connected)
    expect(await prove()).toBe('unproven')
    expect(status()?.proof).toBeNull()
  })
})
