/** Can the embedded relay be made to fail on purpose? Refusals, lies, silence, cuts, delay, restarts. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { startRelay } from '../../src/dev/relay/relay.js'
import { createTestKey, openRelayClient } from '../support/relay-client.js'
import { idsOf, RELAY_NOW, startRelayFixture, type RelayFixture } from '../support/relay-fixture.js'

const T = RELAY_NOW - 1000
const ada = createTestKey(T)
let fixture: RelayFixture

beforeEach(async () => {
  fixture = await startRelayFixture()
})
afterEach(() => fixture.stop())

/** Round trips with another relay of this process: whatever the paused one was going to say, it has had the time to say. */
async function giveItTime() {
  const other = await startRelayFixture()
  for (let trips = 0; trips < 5; trips++) await other.reader.fence()
  await other.stop()
}

describe('the embedded relay, told to fail,', () => {
  it('refuses what the hook refuses, for the connection it names, until the hook is taken away', async () => {
    fixture.relay.refuse((event, from) =>
      event.kind === 7000 && from === 1 ? { ok: false, reason: 'rate-limited: slow down' } : undefined,
    )
    const event = ada.sign(7000)
    expect(await fixture.publisher.publish(event)).toEqual({ ok: false, reason: 'rate-limited: slow down' })
    await fixture.publishAll(ada.sign(7001))
    expect((await fixture.reader.publish(event)).ok).toBe(true)
    fixture.relay.refuse(undefined)
    await fixture.publishAll(ada.sign(7000))
  })

  it('says OK to an event and drops it', async () => {
    fixture.relay.refuse(() => ({ ok: true, reason: '' }))
    await fixture.publishAll(ada.sign(1))
    expect([...fixture.relay.events()]).toEqual([])
  })

  it('says and reads nothing while paused, takes connections, and goes on where it was', async () => {
    await fixture.reader.subscribe('live', { kinds: [1] })
    fixture.relay.pause()
    const event = ada.sign(1)
    const published = fixture.publisher.publish(event)
    const late = openRelayClient(fixture.relay.url)
    await giveItTime()
    expect(fixture.relay.counts).toMatchObject({ received: 0, connections: 2 })
    expect(fixture.publisher.messages).toEqual([])
    fixture.relay.resume()
    expect((await published).ok).toBe(true)
    expect(idsOf(await fixture.live('live'))).toEqual([event.id])
    const client = await late
    expect((await client.query({ kinds: [1] })).events).toHaveLength(1)
    client.close()
  })

  it('stops while paused, with a handshake waiting', async () => {
    fixture.relay.pause()
    const late = openRelayClient(fixture.relay.url)
    await Promise.all([expect(late).rejects.toThrow(), giveItTime().then(() => fixture.relay.stop())])
    expect(await fixture.reader.closed).toBe(1006)
  })

  it('forgets its subscriptions without a word, and still answers requests', async () => {
    await fixture.reader.subscribe('live', { kinds: [1] })
    fixture.relay.forgetSubscriptions()
    await fixture.publishAll(ada.sign(1))
    expect(await fixture.live('live')).toEqual([])
    expect(await fixture.stored({ kinds: [1] })).toHaveLength(1)
  })

  it('cuts every connection and takes new ones', async () => {
    fixture.relay.dropConnections()
    expect(await Promise.all([fixture.reader.closed, fixture.publisher.closed])).toEqual([1006, 1006])
    const again = await openRelayClient(fixture.relay.url)
    expect((await again.publish(ada.sign(1))).ok).toBe(true)
    again.close()
  })

  it('holds back every frame, in order', async () => {
    const slow = await startRelay({ delayMs: 50 })
    const client = await openRelayClient(slow.url)
    const events = [1, 2, 3].map((n) => ada.sign(1, { created_at: T + n }))
    const start = performance.now()
    const verdicts = events.map((event) => client.publish(event))
    await Promise.all(verdicts)
    expect(performance.now() - start).toBeGreaterThan(45)
    expect(client.messages.map(([, id]) => id)).toEqual(idsOf(events))
    client.close()
    await slow.stop()
  })

  it('comes back on the same port with what it had', async () => {
    const [kept, deleted] = [ada.sign(1), ada.sign(1)]
    await fixture.publishAll(kept, deleted, ada.sign(5, { tags: [['e', deleted.id]] }))
    await fixture.relay.stop()
    const again = await startRelay({ port: Number(new URL(fixture.relay.url).port), stored: fixture.relay.stored })
    const client = await openRelayClient(again.url)
    expect(again.url).toBe(fixture.relay.url)
    expect(idsOf((await client.query({ kinds: [1] })).events)).toEqual([kept.id])
    expect((await client.publish(deleted)).ok).toBe(false)
    client.close()
    await again.stop()
  })

  it('rejects a start on a port that is taken', async () => {
    await expect(startRelay({ port: Number(new URL(fixture.relay.url).port) })).rejects.toThrow('EADDRINUSE')
  })
})
