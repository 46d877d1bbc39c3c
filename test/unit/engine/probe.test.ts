/** Is every relay that we listen on proven, soon and again, at the price of one signature? */
import { expect, it } from 'vitest'
import type { EventTemplate } from '../../../src/core/event.js'
import type { Pubkey } from '../../../src/core/identifiers.js'
import { createProbe } from '../../../src/engine/probe.js'
import { PROBE_KIND, probeFilter } from '../../../src/nostr/kinds/probe.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { createReadableLog, shapeEvent } from '../../support/pool-fixture.js'
import { createScriptedPool } from '../../support/scripted-pool.js'

const US = 'ab'.repeat(32) as Pubkey
const PERIOD_MS = 120_000

function scene(sign?: () => Promise<never>) {
  const clock = createFakeClock()
  const relays = createScriptedPool()
  const signed: EventTemplate[] = []
  const signer = {
    pubkey: US,
    sign:
      sign ??
      (async (template: EventTemplate) => {
        signed.push(template)
        return shapeEvent(template)
      }),
  }
  const probe = createProbe({ relays, signer, clock, log: createReadableLog(), periodMs: PERIOD_MS })
  return { clock, relays, signed, probe }
}

it('proves together what connects together, and everything again in each period, with one signature', async () => {
  const { clock, relays, signed, probe } = scene()
  expect(probe.echo).toEqual(probeFilter(US))
  probe.watch('wss://one/')
  probe.watch('wss://two/')
  await clock.advance(1_000)
  expect(relays.proven.map(({ relay }) => relay)).toEqual(['wss://one/', 'wss://two/'])
  expect(new Set(relays.proven.map(({ event }) => event?.id)).size).toBe(1)
  await clock.advance(PERIOD_MS)
  expect([relays.proven.length, signed.length]).toEqual([4, 2])
  expect(signed[0]).toMatchObject({ kind: PROBE_KIND, content: '', tags: [['p', US]] })
  probe.watch('wss://two/') // connected again
  await clock.advance(1_000)
  expect(relays.proven.slice(4).map(({ relay }) => relay)).toEqual(['wss://two/'])
})

it('asks the weaker question where the signer fails, or does not answer in time', async () => {
  for (const sign of [() => Promise.reject(new Error('no')), () => new Promise<never>(() => undefined)]) {
    const { clock, relays, probe } = scene(sign)
    probe.watch('wss://one/')
    await clock.advance(12_000)
    expect(relays.proven).toEqual([{ event: null, relay: 'wss://one/' }])
    probe.stop()
  }
})

it('proves a relay that is slow once at a time, and goes on with the others', async () => {
  const { clock, relays, probe } = scene()
  const asked: string[] = []
  relays.prove = (_event, relay) => {
    asked.push(relay)
    return relay === 'wss://slow/' ? new Promise(() => undefined) : Promise.resolve('echo')
  }
  probe.watch('wss://slow/')
  probe.watch('wss://good/')
  await clock.advance(3 * PERIOD_MS)
  expect(asked.filter((relay) => relay === 'wss://slow/')).toHaveLength(1)
  expect(asked.filter((relay) => relay === 'wss://good/')).toHaveLength(4)
})

it('leaves no timer behind', async () => {
  const { clock, relays, probe } = scene()
  probe.watch('wss://one/')
  await clock.advance(2_000)
  probe.stop()
  probe.watch('wss://two/')
  expect(clock.timers()).toBe(0)
  await clock.advance(PERIOD_MS)
  expect(relays.proven).toHaveLength(1)
})
