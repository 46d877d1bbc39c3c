/** Are tries spread out, and fewer with time? */
import { expect, it } from 'vitest'
import { createBackOff } from '../../../src/nostr/back-off.js'

it('doubles up to the longest wait, and begins anew after a reset', () => {
  const backOff = createBackOff({ firstMs: 500, maxMs: 3_000, random: () => 1 })
  expect([1, 2, 3, 4, 5].map(() => backOff.next())).toEqual([500, 1_000, 2_000, 3_000, 3_000])
  backOff.reset()
  expect(backOff.next()).toBe(500)
})

it('waits at least half of it, at random, also after a thousand tries', () => {
  const backOff = createBackOff({ firstMs: 500, maxMs: 60_000, random: () => 0 })
  expect(backOff.next()).toBe(250)
  for (let tries = 0; tries < 2_000; tries++) backOff.next()
  expect(backOff.next()).toBe(30_000)
})
