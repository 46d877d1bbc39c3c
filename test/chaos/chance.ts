/** What does the seed decide next? Draws that are the same for the same seed. */
import { createRandom } from '../support/random.js'

export interface Chance {
  /** True in that many cases of a hundred. */
  of(percent: number): boolean
  /** A whole number, both ends included. */
  between(least: number, most: number): number
  oneOf<T>(values: readonly T[]): T
}

export function createChance(seed: number): Chance {
  const below = createRandom(seed)
  return {
    of: (percent) => below(10_000) < percent * 100,
    between: (least, most) => least + below(Math.max(1, most - least + 1)),
    oneOf(values) {
      const value = values[below(values.length)]
      if (value === undefined) throw new RangeError('nothing to choose from')
      return value
    },
  }
}
