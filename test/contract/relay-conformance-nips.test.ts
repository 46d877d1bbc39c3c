/** Does the embedded relay delete, expire, count, protect and ask who is there? (NIP-09, 11, 40, 42, 45, 70) */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { NostrEvent } from '../../src/core/event.js'
import { createTestKey, type TestKey } from '../support/relay-client.js'
import { idsOf, RELAY_NOW, startRelayFixture, type RelayFixture } from '../support/relay-fixture.js'

const T = RELAY_NOW - 1000
const ada = createTestKey(T)
const bob = createTestKey(T)
let fixture: RelayFixture

const publish = (event: NostrEvent) => fixture.publisher.publish(event)
const refusedAs = (prefix: string) => ({ ok: false, reason: expect.stringMatching(`^${prefix}:`) as string })
const deletionOf = (event: NostrEvent, by: TestKey = ada) => by.sign(5, { tags: [['e', event.id]] })

afterEach(() => fixture.stop())

describe('an open relay', () => {
  beforeEach(async () => {
    fixture = await startRelayFixture()
  })

  it('deletes an event that its author deletes (NIP-09)', async () => {
    const event = ada.sign(5009)
    await fixture.publishAll(event, deletionOf(event))
    expect(await fixture.stored({ ids: [event.id] })).toEqual([])
  })

  it('keeps and serves the deletion itself (NIP-09)', async () => {
    const deletion = deletionOf(ada.sign(5009))
    await fixture.publishAll(deletion)
    expect(idsOf(await fixture.stored({ kinds: [5], authors: [ada.pubkey] }))).toEqual([deletion.id])
  })

  it('delivers the deletion live (NIP-09)', async () => {
    await fixture.reader.subscribe('deletions', { kinds: [5], limit: 0 })
    const deletion = deletionOf(ada.sign(5010))
    await fixture.publishAll(deletion)
    expect(idsOf(await fixture.live('deletions'))).toEqual([deletion.id])
  })

  it('does not take a deleted event back, seen before or not (NIP-09)', async () => {
    const [seen, unseen] = [ada.sign(5011), ada.sign(5011)]
    await fixture.publishAll(seen, deletionOf(seen), deletionOf(unseen))
    expect(await publish(seen)).toEqual(refusedAs('blocked'))
    expect(await publish(unseen)).toEqual(refusedAs('blocked'))
    expect(await fixture.stored({ kinds: [5011] })).toEqual([])
  })

  it('lets nobody delete the event of another, seen before or not (NIP-09)', async () => {
    const [seen, unseen] = [ada.sign(5012), ada.sign(5012)]
    await fixture.publishAll(seen, deletionOf(seen, bob), deletionOf(unseen, bob), unseen)
    expect(await fixture.stored({ kinds: [5012] })).toHaveLength(2)
  })

  it('lets nobody delete a deletion (NIP-09)', async () => {
    const deletion = deletionOf(ada.sign(5013))
    await fixture.publishAll(deletion, deletionOf(deletion))
    expect(await fixture.stored({ ids: [deletion.id] })).toHaveLength(1)
  })

  it('deletes by address the versions up to the deletion, and takes later ones (NIP-09)', async () => {
    const version = (createdAt: number) => ada.sign(31_991, { tags: [['d', 'q']], created_at: createdAt })
    const [first, late, next] = [version(T), version(T + 1), version(T + 2)]
    const deletion = ada.sign(5, { tags: [['a', `31991:${ada.pubkey}:q`]], created_at: T + 1 })
    await fixture.publishAll(first, deletion)
    expect(await fixture.stored({ ids: [first.id] })).toEqual([])
    expect(await publish(late)).toEqual(refusedAs('blocked'))
    await fixture.publishAll(next)
    expect(idsOf(await fixture.stored({ kinds: [31_991] }))).toEqual([next.id])
  })

  it('refuses an event that has expired (NIP-40)', async () => {
    expect(await publish(ada.sign(1, { tags: [['expiration', String(T)]] }))).toEqual(refusedAs('invalid'))
  })

  it('stops serving an event when it expires (NIP-40)', async () => {
    const event = ada.sign(5040, { tags: [['expiration', String(RELAY_NOW + 2)]] })
    await fixture.publishAll(event)
    expect(await fixture.stored({ ids: [event.id] })).toHaveLength(1)
    fixture.clock += 3
    expect(await fixture.stored({ ids: [event.id] })).toEqual([])
  })

  it('counts (NIP-45)', async () => {
    await fixture.publishAll(ada.sign(5001), ada.sign(5001), ada.sign(5002))
    fixture.publisher.send('COUNT', 'how many', { kinds: [5001] })
    const answer = await fixture.publisher.waitFor(([type]) => type === 'COUNT')
    expect(answer).toEqual(['COUNT', 'how many', { count: 2 }])
  })

  it('describes itself over HTTP (NIP-11)', async () => {
    const response = await fetch(fixture.relay.url.replace('ws', 'http'), {
      headers: { accept: 'application/nostr+json', connection: 'close' },
    })
    expect(response.headers.get('content-type')).toBe('application/nostr+json')
    expect(await response.json()).toMatchObject({
      supported_nips: [1, 9, 11, 40, 42, 45, 70],
      limitation: { max_message_length: 131_072, max_subid_length: 64, auth_required: false },
    })
  })

  it('takes a protected event from its author only, and offers to find out who that is (NIP-70, NIP-42)', async () => {
    const event = ada.sign(1, { tags: [['-']] })
    expect(await publish(event)).toEqual(refusedAs('auth-required'))
    expect(await authenticate(bob)).toMatchObject({ ok: true })
    expect(await publish(event)).toEqual(refusedAs('auth-required'))
    expect(await authenticate(ada)).toMatchObject({ ok: true })
    await fixture.publishAll(event)
  })
})

describe('a relay that wants authentication (NIP-42)', () => {
  beforeEach(async () => {
    fixture = await startRelayFixture({ auth: true })
  })

  it('sends a challenge to each connection, never the same', async () => {
    expect(await challengeOf(fixture.publisher)).not.toBe(await challengeOf(fixture.reader))
  })

  it('closes a request of somebody unknown', async () => {
    fixture.publisher.send('REQ', 'unknown', { kinds: [4] })
    const closed = await fixture.publisher.waitFor(([type]) => type === 'CLOSED')
    expect(closed).toEqual(['CLOSED', 'unknown', expect.stringMatching(/^auth-required:/)])
  })

  it('refuses an event from somebody unknown', async () => {
    expect(await publish(ada.sign(1))).toEqual(refusedAs('auth-required'))
  })

  it.each([
    ['another challenge', { challenge: 'nope' }],
    ['another relay', { relay: 'wss://relay.example.com' }],
    ['no URL of a relay', { relay: 'nowhere' }],
    ['another time', { createdAt: RELAY_NOW - 3600 }],
  ])('refuses an authentication made for %s', async (_what, wrong) => {
    expect((await authenticate(ada, wrong)).ok).toBe(false)
    expect(await publish(ada.sign(1))).toEqual(refusedAs('auth-required'))
  })

  it('takes an authentication made for this connection', async () => {
    expect(await authenticate(ada)).toEqual({ ok: true, reason: '' })
    await fixture.publishAll(ada.sign(1))
  })

  it('never publishes an authentication', async () => {
    await authenticate(ada)
    expect(await publish(ada.sign(22_242))).toEqual(refusedAs('invalid'))
  })

  it('shows a gift wrap to its receiver only, stored and live', async () => {
    await authenticate(ada)
    await authenticate(bob, {}, fixture.reader)
    await fixture.reader.subscribe('wraps', { kinds: [1059] })
    const wrap = (to: TestKey) => createTestKey(T).sign(1059, { tags: [['p', to.pubkey]] })
    const [toAda, toBob] = [wrap(ada), wrap(bob)]
    await fixture.publishAll(toAda, toBob)
    expect(idsOf(await fixture.stored({ kinds: [1059] }))).toEqual([toAda.id])
    expect(idsOf(await fixture.live('wraps'))).toEqual([toBob.id])
  })
})

async function challengeOf(client: RelayFixture['reader']): Promise<string> {
  const [, challenge] = await client.waitFor(([type]) => type === 'AUTH')
  return String(challenge)
}

/** Answers the challenge of the connection, or something else where told so. */
async function authenticate(
  who: TestKey,
  wrong: { challenge?: string; relay?: string; createdAt?: number } = {},
  client = fixture.publisher,
) {
  const challenge = wrong.challenge ?? (await challengeOf(client))
  const tags = Object.entries({ relay: wrong.relay ?? `${fixture.relay.url}/`, challenge })
  const event = who.sign(22_242, { tags, created_at: wrong.createdAt ?? RELAY_NOW })
  client.send('AUTH', event)
  const [, , ok, reason] = await client.waitFor(([type, id]) => type === 'OK' && id === event.id)
  return { ok: ok === true, reason: String(reason) }
}
