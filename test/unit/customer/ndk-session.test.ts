/** Does NDK do its errands and leave nothing behind? */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { createNdkSession, type NdkSession } from '../../../src/customer/ndk-session.js'
import { startRelay, type DevRelay } from '../../../src/dev/relay/relay.js'
import { verifyEvent } from '../../../src/nostr/event.js'
import { createKeySigner } from '../../../src/nostr/signer.js'

const SECRET = randomBytes(32)
const job = { kind: 5800, created_at: 1_800_000_000, tags: [['p', 'a'.repeat(64)]], content: '' }

let relay: DevRelay
let session: NdkSession
beforeEach(async () => {
  relay = await startRelay({ now: () => 1_800_000_000_000 })
  session = await createNdkSession(SECRET)
})
afterEach(async () => {
  session.stop()
  await relay.stop()
})

it('signs exactly what it is given', async () => {
  const event = await session.signer.sign(job)
  expect(event).toMatchObject({ ...job, pubkey: createKeySigner(SECRET).pubkey })
  expect(verifyEvent(event)).toBe(true)
})

it('seals and opens as our own encryption does', async () => {
  const peer = createKeySigner(randomBytes(32))
  const sealed = await session.signer.encrypt(peer.pubkey, 'hello')
  expect(await peer.decrypt(session.signer.pubkey, sealed)).toBe('hello')
  expect(await session.signer.decrypt(peer.pubkey, await peer.encrypt(session.signer.pubkey, 'hi'))).toBe('hi')
})

it('learns what the relay says: taken, taken before, refused, to be tried later', async () => {
  const event = await session.signer.sign(job)
  expect(await session.publish(event, relay.url)).toEqual({ type: 'accepted' })
  expect(await session.publish(event, relay.url)).toEqual({ type: 'accepted' })
  relay.refuse(() => ({ ok: false, reason: 'blocked: no jobs here' }))
  expect(await session.publish(event, relay.url)).toMatchObject({ type: 'refused', reason: 'blocked: no jobs here' })
  relay.refuse(() => ({ ok: false, reason: 'rate-limited: slow down' }))
  expect(await session.publish(event, relay.url)).toMatchObject({ type: 'later' })
  expect(await session.publish(event, 'ws://127.0.0.1:9')).toEqual({ type: 'later', reason: 'no connection' })
})

it.each([{ auth: true }, { auth: true, askLate: true }])('tells %o who it is, and is heard then', async (options) => {
  const closed = await startRelay(options)
  const event = await session.signer.sign({ ...job, created_at: Math.floor(Date.now() / 1000) })
  expect(await session.publish(event, closed.url)).toEqual({ type: 'accepted' })
  expect([...closed.events()].map(({ id }) => id)).toEqual([event.id])
  await closed.stop()
})

it('keeps no connection and no timer, not even to a relay that is not there', async () => {
  const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
  const before = timers()
  const said = vi.spyOn(console, 'warn')
  const event = await session.signer.sign(job)
  await Promise.all([relay.url, 'ws://127.0.0.1:9'].map((url) => session.publish(event, url)))
  await expect.poll(() => relay.counts.connections).toBe(0)
  await expect.poll(timers).toBeLessThanOrEqual(before)
  expect(said).not.toHaveBeenCalled()
})

it('ends at once what waits for a relay that froze', async () => {
  const event = await session.signer.sign(job)
  relay.pause()
  const frozen = session.publish(event, relay.url)
  session.stop()
  expect(await frozen).toMatchObject({ type: 'later' })
  expect(await session.publish(event, relay.url)).toMatchObject({ type: 'later' })
  relay.resume()
})

it('reads where the author of a relay list reads', async () => {
  const tags = [
    ['r', 'wss://both.example'],
    ['r', 'wss://read.example', 'read'],
    ['r', 'wss://write.example', 'write'],
  ]
  const list = await session.signer.sign({ kind: 10_002, created_at: 1, tags, content: '' })
  expect(session.readRelaysIn(list).map((url) => new URL(url).host)).toEqual(
    expect.arrayContaining(['both.example', 'read.example']),
  )
  expect(session.readRelaysIn(list)).toHaveLength(2)
})
