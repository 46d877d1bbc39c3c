/** Does the watchdog hang on the process alone: on a write, and on the tick of the relay supervisor? */
import { expect, it } from 'vitest'
import { createPulse } from '../../../src/engine/pulse.js'
import { createFakeClock } from '../../support/fake-clock.js'

function scene(faults: { flush?: () => Promise<void>; tendedAt?: number | null; accepts?: boolean } = {}) {
  const clock = createFakeClock()
  const written: number[] = []
  const store = {
    putCursor: (_key: string, seconds: number) => void written.push(seconds),
    flush: faults.flush ?? (async () => undefined),
    acceptsJobs: () => faults.accepts ?? true,
  }
  const relays = { tendedAt: () => (faults.tendedAt === undefined ? clock.now() : faults.tendedAt) }
  return { clock, written, pulse: createPulse({ store, relays, clock }) }
}

it('is felt where the store writes and the supervisor ticks; each time something new is written', async () => {
  const { pulse, written } = scene()
  expect([await pulse.feel(), await pulse.feel()]).toEqual([null, null])
  expect(new Set(written).size).toBe(2)
})

it('is felt without any relay, and on a full disk, which a restart would not free', async () => {
  expect(await scene({ tendedAt: null }).pulse.feel()).toBeNull()
  expect(await scene({ accepts: false, flush: () => Promise.reject(new Error('full')) }).pulse.feel()).toBeNull()
})

it('is not felt where the store does not write', async () => {
  const { pulse } = scene({ flush: () => Promise.reject(new TypeError('gone')) })
  expect(await pulse.feel()).toBe('the store does not write: TypeError')
})

it('is not felt where nobody has looked after the connections for a minute', async () => {
  const { pulse } = scene({ tendedAt: 1_800_000_000_000 - 61_000 })
  expect(await pulse.feel()).toBe('the relay supervisor does not tick')
})
