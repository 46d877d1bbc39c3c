/** Is what relays have stored fetched in time and within bounds? */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { NostrEvent } from '../../../src/core/event.js'
import type { RelayPool } from '../../../src/ports.js'
import { createMovedClock, createPoolFixture, shapeEvent } from '../../support/pool-fixture.js'
import { POLITE, startScriptedRelay, type Script, type ScriptedRelay } from '../../support/scripted-relay.js'

const relays: ScriptedRelay[] = []
const pools: RelayPool[] = []
let relay: ScriptedRelay

async function start(script: Script = POLITE): Promise<ScriptedRelay> {
  const started = await startScriptedRelay({ script })
  relays.push(started)
  return started
}

async function startDead(): Promise<string> {
  const gone = await startScriptedRelay()
  await gone.stop()
  return gone.url
}

function createFixture() {
  const fixture = createPoolFixture(createMovedClock())
  pools.push(fixture.pool)
  return fixture
}

beforeEach(async () => {
  relay = await start()
})
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.stop()))
  await Promise.all(relays.splice(0).map((started) => started.stop()))
})

describe('a fetch', () => {
  it('ends at its deadline, with what came, and counts who finished', async () => {
    const stored = shapeEvent({ kind: 1 })
    const unfinished = await start(([label, id], send) => label === 'REQ' && send(['EVENT', id, stored]))
    const refusing = await start(([label, id], send) => label === 'REQ' && send(['CLOSED', id, 'restricted: no']))
    const { pool, clock } = createFixture()
    const fetched = pool.fetch([relay.url, unfinished.url, refusing.url, await startDead()], { kinds: [1] }, 3_000)
    await Promise.all([relay, unfinished, refusing].map((asked) => asked.waitForFrame('REQ')))
    await relay.waitForFrame('CLOSE')
    clock.advance(3_000)
    expect(await fetched).toEqual({ events: [stored], answered: 1 })
    await unfinished.waitForFrame('CLOSE')
  })

  it('keeps no more than it asked for, from a relay that sends without end', async () => {
    const { pool } = createFixture()
    relay.follow(([label, id], send) => {
      if (label === 'REQ') for (let count = 0; count < 1_000; count++) send(['EVENT', id, shapeEvent({ kind: 1 })])
    })
    const { events, answered } = await pool.fetch([relay.url], { kinds: [1], limit: 20 }, 3_000)
    expect([events.length, answered]).toEqual([20, 1])
  })

  it('is not misled by events of another kind or shape', async () => {
    const { pool } = createFixture()
    relay.follow(([label, id], send) => {
      if (label !== 'REQ') return
      send(['EVENT', id, shapeEvent({ kind: 2 })])
      send(['EVENT', id, { ...shapeEvent({ kind: 1 }), tags: 'none' }])
      send(['EVENT', 'another', shapeEvent({ kind: 1 })])
      send(['EOSE', 'another'])
      send(['EOSE', id])
    })
    expect(await pool.fetch([relay.url, 'not a relay'], { kinds: [1] }, 3_000)).toEqual({ events: [], answered: 1 })
  })

  it('gives each event once, and beside a forged copy that came first also the real one', async () => {
    const { pool } = createFixture()
    const real = shapeEvent({ kind: 1 })
    const [forged, again] = await Promise.all([start(), start()])
    const give =
      (event: NostrEvent): Script =>
      ([label, id], send) => {
        if (label === 'REQ')
          for (const frame of [
            ['EVENT', id, event],
            ['EOSE', id],
          ])
            send(frame)
      }
    forged.follow(give({ ...real, sig: '0'.repeat(128) }))
    relay.follow(([label, id]) => {
      // Not before the forgery is there.
      if (label === 'REQ')
        void vi
          .waitFor(() => expect(forged.framesOf('CLOSE')).toHaveLength(1))
          .then(() => relay.send(['EVENT', id, real]))
          .then(() => relay.send(['EOSE', id]))
    })
    again.follow(give(real))
    const { events } = await pool.fetch([forged.url, relay.url, again.url], { kinds: [1] }, 3_000)
    expect(events).toHaveLength(2)
    expect(events).toContainEqual(real)
  })

  it('takes one version of an event from each relay, however many it makes up', async () => {
    const { pool } = createFixture()
    const real = shapeEvent({ kind: 1 })
    relay.follow(([label, id], send) => {
      if (label !== 'REQ') return
      for (let copy = 0; copy < 100; copy += 1)
        send(['EVENT', id, { before: { id: shapeEvent().id }, ...real, content: String(copy) }])
      send(['EOSE', id])
    })
    const { events } = await pool.fetch([relay.url], { kinds: [1] }, 3_000)
    expect(events).toEqual([{ ...real, content: '0' }])
  })

  it('waits its turn where many are under way at one relay, and holds up none at another', async () => {
    const { pool } = createFixture()
    const busy = await start(() => undefined)
    const fetches = Array.from({ length: 40 }, () => pool.fetch([busy.url], { kinds: [1] }, 3_000))
    await busy.waitForFrame('REQ', 15)
    expect(await pool.fetch([relay.url], { kinds: [1] }, 3_000)).toEqual({ events: [], answered: 1 })
    expect(busy.framesOf('REQ')).toHaveLength(15)
    busy.follow(POLITE)
    for (const [, id] of busy.framesOf('REQ')) busy.send(['EOSE', id])
    expect(await Promise.all(fetches)).toEqual(fetches.map(() => ({ events: [], answered: 1 })))
    expect(busy.framesOf('REQ')).toHaveLength(40)
  })

  it('that waits its turn ends with the connection, and with its own deadline', async () => {
    const { pool, clock } = createFixture()
    const busy = await start(() => undefined)
    const lost = Array.from({ length: 2_000 }, () => pool.fetch([busy.url], { kinds: [1] }, 60_000))
    await busy.waitForFrame('REQ', 15)
    const hasty = pool.fetch([busy.url], { kinds: [1] }, 1_000)
    clock.advance(1_000)
    expect((await hasty).answered).toBe(0)
    busy.drop()
    for (const { answered } of await Promise.all(lost)) expect(answered).toBe(0)
    expect(busy.framesOf('REQ')).toHaveLength(15)
  })
})
