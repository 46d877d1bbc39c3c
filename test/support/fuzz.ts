/** How is a parser fuzzed? With inputs that a seed decides, so that what fails once fails again. */
import { expect } from 'vitest'
import { createRandom } from './random.js'

/** Far above what any of them takes, below what a quadratic one would. */
const SLOW_MS = 1_000

export interface Random {
  below(limit: number): number
  pick<T>(items: readonly T[]): T
  join(parts: readonly string[], most: number): string
  bytes(length: number): Buffer
}

function seeded(seed: number): Random {
  const below = createRandom(seed)
  const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T
  return {
    below,
    pick,
    join: (parts, most) => Array.from({ length: below(most) }, () => pick(parts)).join(''),
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
  }
}

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

/** One to four characters replaced, dropped or doubled. */
export function mutate(text: string, random: Random, alphabet: string): string {
  let mutated = text
  for (let edits = 1 + random.below(4); edits > 0; edits--) {
    const at = random.below(mutated.length)
    const middle = random.pick([
      '',
      alphabet.charAt(random.below(alphabet.length)),
      mutated.slice(at, at + random.below(20)).repeat(2),
    ])
    mutated = mutated.slice(0, at) + middle + mutated.slice(at + 1)
  }
  return mutated
}
