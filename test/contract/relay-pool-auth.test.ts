/** Does the relay pool say who it is wherever a relay wants to know, and nowhere else? (NIP-42, against the real embedded relay) */
import { randomBytes } from 'node:crypto'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { EventTemplate, NostrEvent } from '../../src/core/event.js'
import { startRelay, type DevRelay, type RelayOptions } from '../../src/dev/relay/relay.js'
import { pubkeyOf, signEvent } from '../../src/nostr/event.js'
import type { RelayPoolOptions } from '../../src/nostr/relay-pool.js'
import type { RelayPool } from '../../src/ports.js'
import { createListener, createPoolFixture, systemClock } from '../support/pool-fixture.js'
import { openRelayClient } from '../support/relay-client.js'

const secretKey = randomBytes(32)
const us = pubkeyOf(secretKey)
const seconds = () => Math.floor(Date.now() / 1_000)
const sign = (template: EventTemplate): NostrEvent => signEvent(template, secretKey, us, randomBytes(32))
const event = (fields: Partial<EventTemplate> = {}): NostrEvent =>
  sign({ kind: 5800, created_at: seconds(), tags: [], content: '', ...fields })

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

/** A pool that authenticates, and what it signed to do so. */
function open(options: Partial<RelayPoolOptions> = {}) {
  const signed: NostrEvent[] = []
  const authenticate = async (template: EventTemplate) => {
    const authentication = sign(template)
    signed.push(authentication)
    return authentication
  }
  const fixture = createPoolFixture(systemClock, { authenticate, ...options })
  stops.push(() => fixture.pool.stop())
  return { ...fixture, signed }
}

const own = (relay: DevRelay) => ({ own: new Set([`${relay.url}/`]) })
const statusOf = (pool: RelayPool) => pool.status()[0]

async function publishElsewhere(relay: DevRelay, ...events: NostrEvent[]) {
  const client = await openRelayClient(relay.url)
  for (const one of events) expect(await client.publish(one)).toMatchObject({ ok: true })
  client.close()
}

describe('a relay that demands authentication', () => {
  it.each<[string, RelayOptions]>([
    ['asks at each connection', { auth: true }],
    ['asks only after it has refused', { auth: true, askLate: true }],
  ])('and %s gets it, to read and to publish: what was refused before is sent again', async (_what, options) => {
    const relay = await start(options)
    for (const known of [own(relay), {}]) {
      const { pool, signed } = open(known)
      const { request, heard, caughtUp } = createListener([relay.url])
      pool.subscribe(request)
      const published = event({ content: JSON.stringify(Object.keys(known)) })
      expect(await pool.publish(published, relay.url)).toEqual({ type: 'accepted' })
      await until(() => caughtUp.length > 0 && heard.some(({ event: { id } }) => id === published.id))
      expect(signed).toHaveLength(1)
      expect(signed[0]).toMatchObject({ kind: 22_242, content: '' })
      expect(signed[0]?.tags.map(([name]) => name)).toEqual(['relay', 'challenge'])
      expect(signed[0]?.tags[0]?.[1]).toBe(`${relay.url}/`)
      expect(Math.abs((signed[0]?.created_at ?? 0) - seconds())).toBeLessThan(5)
      expect(statusOf(pool)).toMatchObject({ listening: 1, lastError: null })
      await pool.stop()
    }
  })

  it('is fetched from', async () => {
    const relay = await start({ auth: true, askLate: true })
    const { pool } = open()
    const one = event()
    await pool.publish(one, relay.url)
    await pool.stop()
    const other = open().pool
    expect(await other.fetch([relay.url], { ids: [one.id] }, 5_000)).toEqual({ events: [one], answered: 1 })
  })

  it('is told again who we are after a second challenge, with that one', async () => {
    const relay = await start({ auth: true })
    const { pool, signed } = open(own(relay))
    await pool.publish(event({ content: 'first' }), relay.url)
    relay.challengeAgain()
    expect(await pool.publish(event({ content: 'second' }), relay.url)).toEqual({ type: 'accepted' })
    const challenges = signed.map(({ tags }) => tags[1]?.[1])
    expect(new Set(challenges).size).toBe(2)
  })

  it('knows us again after each reconnect, by the challenge of that connection', async () => {
    const relay = await start({ auth: true })
    const { pool, signed } = open(own(relay))
    const { request } = createListener([relay.url])
    pool.subscribe(request)
    await until(() => statusOf(pool)?.listening)
    relay.dropConnections()
    await until(() => signed.length === 2)
    await until(() => statusOf(pool)?.listening)
    expect(signed[0]?.tags[1]).not.toEqual(signed[1]?.tags[1])
  })

  it('and does not let us in is shown with its reason, keeps what it is sent for later, and is tried again', async () => {
    let open_ = false
    const relay = await start({ auth: true, isMember: () => open_ })
    const { pool, signed, log } = open(own(relay))
    const { request } = createListener([relay.url])
    pool.subscribe(request)
    const verdict = await pool.publish(event(), relay.url)
    expect(verdict).toMatchObject({ type: 'later' })
    await until(() => statusOf(pool)?.lastError?.includes('not a member'))
    expect(statusOf(pool)).toMatchObject({ connected: true, listening: 0 })
    expect(log.lines.some(({ event: name }) => name === 'relay authentication failed')).toBe(true)
    open_ = true
    await until(() => statusOf(pool)?.listening)
    expect(signed.length).toBeLessThan(6)
    expect(statusOf(pool)?.lastError).toBeNull()
    expect(await pool.publish(event(), relay.url)).toEqual({ type: 'accepted' })
  })

  it('gets nothing from a pool without a key, and is no success', async () => {
    const relay = await start({ auth: true })
    const { pool } = createPoolFixture(systemClock)
    stops.push(() => pool.stop())
    expect(await pool.publish(event(), relay.url)).toMatchObject({ type: 'later' })
    expect(await pool.fetch([relay.url], { kinds: [1] }, 2_000)).toEqual({ events: [], answered: 0 })
  })
})

describe('a signer', () => {
  it('that dawdles delays that relay alone', async () => {
    const closed = await start({ auth: true })
    const free = await start()
    let release: () => void = () => undefined
    const held = new Promise<void>((resolve) => (release = resolve))
    const { pool } = open({ authenticate: async (template) => held.then(() => sign(template)) })
    const { request, caughtUp } = createListener([closed.url, free.url])
    pool.subscribe(request)
    const waiting = pool.publish(event({ content: 'waits' }), closed.url)
    expect(await pool.publish(event(), free.url)).toEqual({ type: 'accepted' })
    await until(() => caughtUp.includes(`${free.url}/`))
    expect(pool.status().map(({ listening }) => listening)).toEqual([0, 1])
    release()
    expect(await waiting).toEqual({ type: 'accepted' })
    await until(() => caughtUp.includes(`${closed.url}/`))
  })

  it('that fails is asked again, and costs nothing else', async () => {
    const relay = await start({ auth: true })
    let failures = 1
    const { pool } = open({
      ...own(relay),
      authenticate: async (template) => {
        if (failures-- > 0) throw new Error('no answer')
        return sign(template)
      },
    })
    const { request, caughtUp } = createListener([relay.url])
    pool.subscribe(request)
    await until(() => caughtUp.length)
  })
})

it('an own relay that shows gift wraps only to whom they are for shows them: it is asked again once it knows us', async () => {
  const relay = await start({ verify: false })
  const wrap = event({ kind: 1_059, created_at: seconds() - 100_000, tags: [['p', us]] })
  await publishElsewhere(relay, wrap)
  const shy = await start({ stored: relay.stored, hidePrivate: true })
  const { pool, signed, cursors } = open(own(shy))
  cursors.saved.set(`jobs ${shy.url}/`, seconds())
  const { request, heard, sinces } = createListener([shy.url], {
    lookBackSeconds: 2 * 86_400 + 3_600,
    filters: (since) => {
      sinces.push(since)
      return [{ kinds: [1_059], '#p': [us], ...(since === undefined ? {} : { since }) }]
    },
  })
  pool.subscribe(request)
  await until(() => heard.length === 1)
  expect(signed).toHaveLength(1)
  expect(heard[0]?.event.id).toBe(wrap.id)
  expect(sinces[1]).toBe(sinces[0])
  expect(seconds() - (sinces[0] ?? 0)).toBeGreaterThanOrEqual(2 * 86_400)
})
