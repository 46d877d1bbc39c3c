/** How is a parser fuzzed? With inputs that a seed decides, so that what fails once fails again. */
import { expect } from 'vitest'
import { seeded, type Random } from './mutations.js'

export { mutate, type Random } from './mutations.js'

/** Far above what any of them takes, below what a quadratic one would. */
const SLOW_MS = 1_000

/** Runs the parser over the inputs; what it throws fails the test, and so does the slowest call. */
export function fuzz<T>(seed: number, count: number, make: (random: Random) => T, parse: (input: T) => void): void {
  const random = seeded(seed)
  let slowest = 0
  for (let i = 0; i < count; i++) {
    const input = make(random)
    const began = performance.now()
    try {
      parse(input)
    } catch (error) {
      throw new Error(`seed ${seed}, input ${i}: ${JSON.stringify(input)}`, { cause: error })
    }
    slowest = Math.max(slowest, performance.now() - began)
  }
  expect(slowest).toBeLessThan(SLOW_MS)
}
