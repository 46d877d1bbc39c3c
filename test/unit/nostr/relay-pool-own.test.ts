/** Can relays that strangers name keep the daemon from the operator's own? */
import { afterEach, expect, it } from 'vitest'
import { createPoolFixture, shapeEvent, systemClock } from '../../support/pool-fixture.js'
import { POLITE, startScriptedRelay } from '../../support/scripted-relay.js'

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

it('there is room for an own relay while strangers keep every other place busy', async () => {
  const [silent, own, other] = [
    await startScriptedRelay({ script: () => undefined }),
    await startScriptedRelay({ script: POLITE }),
    await startScriptedRelay({ script: POLITE }),
  ]
  const { pool } = createPoolFixture(systemClock, { maxVisited: 1, own: new Set([own.url]) })
  stops.push(...[silent, own, other].map((relay) => () => relay.stop()), () => pool.stop())
  const busy = pool.publish(shapeEvent(), silent.url)
  expect((await pool.publish(shapeEvent(), own.url)).type).toBe('accepted')
  expect((await pool.publish(shapeEvent(), other.url)).type).toBe('later')
  await pool.stop()
  expect((await busy).type).toBe('later')
})
