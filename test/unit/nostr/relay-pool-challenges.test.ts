/** What can a relay do with its challenges? Cost us little, and learn nothing that is of use elsewhere. */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { EventTemplate, NostrEvent } from '../../../src/core/event.js'
import { startRelay } from '../../../src/dev/relay/relay.js'
import { pubkeyOf, signEvent } from '../../../src/nostr/event.js'
import type { RelayPoolOptions } from '../../../src/nostr/relay-pool.js'
import type { RelayPool } from '../../../src/ports.js'
import { createListener, createMovedClock, createPoolFixture, shapeEvent } from '../../support/pool-fixture.js'
import { openRelayClient } from '../../support/relay-client.js'
import { POLITE, startScriptedRelay, type ScriptedRelay } from '../../support/scripted-relay.js'

const secretKey = randomBytes(32)
const sign = (template: EventTemplate): NostrEvent =>
  signEvent(template, secretKey, pubkeyOf(secretKey), randomBytes(32))
const until = (condition: () => unknown) =>
  vi.waitFor(() => expect(condition()).toBeTruthy(), { timeout: 5_000, interval: 5 })

let relay: ScriptedRelay
const pools: RelayPool[] = []
beforeEach(async () => {
  relay = await startScriptedRelay()
})
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.stop()))
  await relay.stop()
})

function open(options: Partial<RelayPoolOptions> = {}) {
  const signed: NostrEvent[] = []
  const authenticate = async (template: EventTemplate) => {
    const event = sign(template)
    signed.push(event)
    return event
  }
  const fixture = createPoolFixture(createMovedClock(Date.now()), {
    authenticate,
    own: new Set([relay.url]),
    ...options,
  })
  pools.push(fixture.pool)
  return { ...fixture, signed }
}

/** A relay that has accepted us, and is polite besides. */
const welcome = () =>
  relay.follow((frame, send) => {
    if (frame[0] === 'AUTH') send(['OK', (frame[1] as NostrEvent).id, true, ''])
    else POLITE(frame, send)
  })

async function connect(fixture: ReturnType<typeof open>) {
  const { request, caughtUp } = createListener([relay.url])
  fixture.pool.subscribe(request)
  await until(() => caughtUp.length)
}

/** Everything the relay has sent so far has been read. */
async function fence(pool: RelayPool) {
  expect(await pool.publish(shapeEvent(), relay.url)).toEqual({ type: 'accepted' })
}

it('an answer to a challenge that was passed on from another relay is refused there', async () => {
  const honest = await startRelay({ auth: true })
  const client = await openRelayClient(honest.url)
  const [, challenge] = (await client.waitFor(([label]) => label === 'AUTH')) as [string, string]
  const fixture = open()
  await connect(fixture)
  relay.send(['AUTH', challenge])
  const [, stolen] = (await relay.waitForFrame('AUTH')) as [string, NostrEvent]
  expect(stolen.tags).toEqual([
    ['relay', relay.url],
    ['challenge', challenge],
  ])
  client.send('AUTH', stolen)
  const [, , ok, reason] = await client.waitFor(([label]) => label === 'OK')
  expect([ok, reason]).toEqual([false, 'restricted: made for another relay'])
  client.close()
  await honest.stop()
})

it('a thousand challenges cost one signature, and a few more in the minutes that follow', async () => {
  welcome()
  const fixture = open()
  await connect(fixture)
  for (let count = 0; count < 1_000; count++) relay.send(['AUTH', `challenge ${count}`])
  await fence(fixture.pool)
  expect(fixture.signed.length).toBeLessThanOrEqual(2)
  for (let strides = 0; strides < 60; strides++) {
    relay.send(['AUTH', `challenge of stride ${strides}`])
    fixture.clock.advance(12_000)
    await fence(fixture.pool)
  }
  expect(relay.connected).toBe(1)
  expect(fixture.signed.length).toBeLessThan(13)
})

it('a challenge of a hundred kilobytes is not signed', async () => {
  welcome()
  const fixture = open()
  await connect(fixture)
  relay.send(['AUTH', 'x'.repeat(100_000)])
  relay.send(['AUTH', ''])
  await fence(fixture.pool)
  expect(fixture.signed).toEqual([])
})

it('a relay that is not ours learns who we are only once it insists', async () => {
  welcome()
  const fixture = open({ own: new Set() })
  await connect(fixture)
  relay.send(['AUTH', 'who are you?'])
  await fence(fixture.pool)
  expect(fixture.signed).toEqual([])

  let insists = true
  relay.follow((frame, send) => {
    if (frame[0] === 'AUTH') {
      insists = false
      return send(['OK', (frame[1] as NostrEvent).id, true, ''])
    }
    if (frame[0] === 'EVENT' && insists) {
      return send(['OK', (frame[1] as NostrEvent).id, false, 'auth-required: who are you?'])
    }
    POLITE(frame, send)
  })
  await fence(fixture.pool)
  expect(fixture.signed).toHaveLength(1)
})

it('a challenge that comes after the refusals is answered, and what was refused goes out again', async () => {
  relay.follow((frame, send) => {
    if (frame[0] === 'REQ') send(['CLOSED', frame[1], 'auth-required: to read'])
    if (frame[0] === 'EVENT') send(['OK', (frame[1] as NostrEvent).id, false, 'auth-required: to write'])
  })
  const fixture = open({ own: new Set() })
  const { request, caughtUp } = createListener([relay.url])
  fixture.pool.subscribe(request)
  const event = shapeEvent()
  const verdict = fixture.pool.publish(event, relay.url)
  await relay.waitForFrame('REQ')
  await relay.waitForFrame('EVENT')
  welcome()
  relay.send(['AUTH', 'at last'])
  expect(await verdict).toEqual({ type: 'accepted' })
  await until(() => caughtUp.length)
  expect([relay.framesOf('REQ').length, relay.framesOf('EVENT').length, fixture.signed.length]).toEqual([2, 2, 1])
})

it('a refusal that arrives behind the welcome does not count against what is sent again', async () => {
  // Both were sent before the relay knew us, and one refusal is late.
  let late: (() => void) | null = null
  relay.follow((frame, send) => {
    if (frame[0] === 'REQ') late ??= () => send(['CLOSED', frame[1], 'auth-required: to read'])
    if (frame[0] === 'AUTH') {
      send(['OK', (frame[1] as NostrEvent).id, true, ''])
      welcome()
      late?.()
    }
  })
  const fixture = open()
  const { request, caughtUp } = createListener([relay.url])
  fixture.pool.subscribe(request)
  await relay.waitForFrame('REQ')
  relay.send(['AUTH', 'who?'])
  await until(() => caughtUp.length)
  expect(fixture.signed).toHaveLength(1)
})

it('a relay that accepts us and refuses all the same is not asked in a circle', async () => {
  relay.follow((frame, send) => {
    if (frame[0] === 'AUTH') send(['OK', (frame[1] as NostrEvent).id, true, ''])
    if (frame[0] === 'REQ') send(['CLOSED', frame[1], 'auth-required: again'])
    if (frame[0] === 'EVENT') send(['OK', (frame[1] as NostrEvent).id, false, 'auth-required: again'])
  })
  const fixture = open()
  fixture.pool.subscribe(createListener([relay.url]).request)
  await relay.waitForFrame('REQ')
  relay.send(['AUTH', 'who?'])
  expect(await fixture.pool.publish(shapeEvent(), relay.url)).toMatchObject({
    type: 'later',
    reason: 'auth-required: again',
  })
  expect(fixture.signed).toHaveLength(1)
  expect(relay.framesOf('REQ').length).toBeLessThanOrEqual(3)
  expect(relay.framesOf('EVENT').length).toBeLessThanOrEqual(2)
})

it('a verdict that never comes counts as a refusal', async () => {
  relay.follow((frame, send) => {
    if (frame[0] === 'REQ') send(['CLOSED', frame[1], 'auth-required: to read'])
  })
  const fixture = open()
  fixture.pool.subscribe(createListener([relay.url]).request)
  await relay.waitForFrame('REQ')
  relay.send(['AUTH', 'who?'])
  await relay.waitForFrame('AUTH')
  fixture.clock.advance(10_000)
  expect(fixture.pool.status()[0]?.lastError).toBe('authentication failed: no OK in time')
})

it('what is signed when the connection is gone goes nowhere', async () => {
  let finish: () => void = () => undefined
  const held = new Promise<void>((resolve) => (finish = resolve))
  const fixture = open({ authenticate: async (template) => held.then(() => sign(template)) })
  await connect(fixture)
  relay.send(['AUTH', 'of the first connection'])
  await fence(fixture.pool)
  relay.drop()
  await until(() => !fixture.pool.status()[0]?.connected)
  fixture.clock.advance(500)
  await until(() => relay.connected === 2 && fixture.pool.status()[0]?.listening)
  finish()
  await fence(fixture.pool)
  expect(relay.framesOf('AUTH')).toEqual([])
})
