/** What could stand where something sensible should? Mutations of text and of structure, which a seed decides. */
import { createRandom } from './random.js'

export interface Random {
  below(limit: number): number
  pick<T>(items: readonly T[]): T
  join(parts: readonly string[], most: number): string
  bytes(length: number): Buffer
}

export function seeded(seed: number): Random {
  const below = createRandom(seed)
  const pick = <T>(items: readonly T[]): T => items[below(items.length)] as T
  return {
    below,
    pick,
    join: (parts, most) => Array.from({ length: below(most) }, () => pick(parts)).join(''),
    bytes: (length) => Buffer.from(Array.from({ length }, () => below(256))),
  }
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

/** Characters that matter to some parser. */
export const ALPHABET = '{}[]",:\\\u0000\ud800\u2028\ufeff%/.?#&;=+- abcdef0123456789ABCDEFnulltrue\n\rü😀'

/** Values that careless code trips over. */
const TRAPS: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, -0, 1e308, 2 ** 53, 2 ** 31, 65_536, Number.MAX_SAFE_INTEGER],
  ...['', ' ', '0', '-1', '1e9', '9'.repeat(30), 'NaN', '__proto__', 'constructor', 'toString', 'undefined', '\u0000'],
  ...['\ud800', '\u202e', 'a'.repeat(64), 'A'.repeat(64), 'f'.repeat(128), '🙂'.repeat(50), 'x'.repeat(5_000), '../'],
  ...['wss://', 'ws://[::1]', 'wss://a.test', 'http://169.254.169.254/', 'data:,x', '{"a":1}', '[', '?iv=', 'lnbc1'],
  ...[[], {}, [[]], [null], [[null]], [['p', 1]], [['p']], [['', '', '']], { length: 5 }, { malformed: 'x' }],
  ...[{ rejected: 'x' }, { then: 1 }, { toJSON: 1 }, Array(300).fill('a'), Array(300).fill(['e', 'x'])],
]

/** A deep copy in which some values were replaced, dropped, doubled, swapped or put into a list. */
export function bend(value: unknown, random: Random, odds = 8): unknown {
  if (random.below(odds) === 0) return random.pick(TRAPS)
  if (Array.isArray(value)) {
    const items = value.flatMap((item: unknown) => {
      const fate = random.below(odds * 3)
      if (fate === 0) return []
      const bent = bend(item, random, odds + 2)
      return fate === 1 ? [bent, bent] : fate === 2 ? [[bent]] : [bent]
    })
    return random.below(odds * 2) === 0 ? items.reverse() : items
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).filter(() => random.below(odds * 3) > 0)
    if (random.below(odds * 2) === 0) entries.push([String(random.pick(['__proto__', 'constructor', '', 'x'])), 1])
    return Object.fromEntries(entries.map(([name, item]) => [name, bend(item, random, odds + 2)]))
  }
  return typeof value === 'string' && value !== '' && random.below(odds) === 0 ? mutate(value, random, ALPHABET) : value
}

/** As JSON, bent in its structure, in its text, or in both. */
export function bendJson(value: unknown, random: Random): string {
  const json = JSON.stringify(random.below(4) === 0 ? value : bend(value, random)) ?? 'null'
  return random.below(3) === 0 ? mutate(json, random, ALPHABET) : json
}
