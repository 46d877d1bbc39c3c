import { expect, it } from 'vitest'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { isFault } from '../../src/core/errors.js'
import { isMalformed } from '../../src/core/identifiers.js'
import { buildExample } from '../../src/config/example.js'
import { loadConfig } from '../../src/config/load.js'
import { parseConfig, type Surroundings } from '../../src/config/parse.js'

const MUTATIONS = 5000
const KEY = '5a'.repeat(32)

/** mulberry32: the same seed, the same run. */
function createRandom(seed: number): (below: number) => number {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * below)
  }
}

const FRAGMENTS = [
  '*a', '&a ', '!!binary ', '!x ', '<<: ', '---\n', '...\n', '%YAML 1.1\n', '? ', ': ', '- ', '[', ']', '{', '}', '"', "'", '|\n', '>-\n',
  '\t', '\n', '\r', '\0', '\u2028', '\ud800', '\ufeff', '#', '~', 'null', 'true', '.nan', '-.inf', '1e999', '-1', '0x10', '9007199254740993',
  '__proto__: ', 'constructor: ', 'toString: ', 'hasOwnProperty: ', '[[[[[[[[', '{{{{', '"\\u0000"', '[]', '{}', '1.5', "''", '*', '**', '/..',
  'http://', 'https://[::1', 'wss://', 'socks5://', 'nsec1qqqq', 'x'.repeat(2000), '🙂',
] // prettier-ignore

type Mutate = (text: string, random: (below: number) => number) => string

const cut = (text: string, random: (below: number) => number): [number, number] => {
  const start = random(text.length + 1)
  return [start, Math.min(text.length, start + random(40))]
}
const lineOf = (text: string, random: (below: number) => number): string => {
  const lines = text.split('\n')
  return lines[random(lines.length)] ?? ''
}

const MUTATORS: readonly Mutate[] = [
  (text, random) => {
    const at = random(text.length + 1)
    return text.slice(0, at) + (FRAGMENTS[random(FRAGMENTS.length)] ?? '') + text.slice(at)
  },
  (text, random) => {
    const [start, end] = cut(text, random)
    return text.slice(0, start) + text.slice(end)
  },
  (text, random) => {
    const [start, end] = cut(text, random)
    return text.slice(0, end) + text.slice(start, end).repeat(1 + random(5)) + text.slice(end)
  },
  (text, random) => {
    const at = random(text.length)
    return text.slice(0, at) + String.fromCharCode(random(random(4) === 0 ? 65_536 : 128)) + text.slice(at + 1)
  },
  // A value for another: wrong types, unknown names, settings in the wrong group.
  (text, random) => text.replace(lineOf(text, random), () => `${lineOf(text, random)}\n${lineOf(text, random)}`),
  (text, random) => {
    const line = lineOf(text, random)
    return text.replace(line, () => line.replace(/: .*/, () => `: ${FRAGMENTS[random(FRAGMENTS.length)] ?? ''}`))
  },
]

const surroundings: Surroundings = { file: '/etc/tollbridge.yaml', readSecret: () => KEY, isFile: () => true }

// Active settings are what can go wrong: start from the example with every comment removed.
const EXAMPLE = buildExample()
const ACTIVE = EXAMPLE.replace(/^(\s*)#(?! )/gm, '$1').replace(/^\s*# .*\n/gm, '')

function mutate(seed: number): string {
  const random = createRandom(seed)
  let text = random(4) === 0 ? EXAMPLE : ACTIVE
  for (let count = 1 + random(4); count > 0; count--) text = MUTATORS[random(MUTATORS.length)]?.(text, random) ?? text
  return text
}

const SENTENCE = /^\/etc\/tollbridge\.yaml(:[0-9]+)?: .+[.?]$/

/** Of this process, so that a busy machine does not count. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

it(`answers ${MUTATIONS} mutations of the example with a configuration or with sentences, none of them slowly`, () => {
  let refused = 0
  let slowest = { seed: 0, ms: 0 }
  const wrong: string[] = []
  for (let seed = 1; seed <= MUTATIONS; seed++) {
    const started = cpuMs()
    const result = parseConfig(mutate(seed), surroundings)
    const ms = cpuMs() - started
    if (ms > slowest.ms) slowest = { seed, ms }
    if (!isMalformed(result)) continue
    refused++
    for (const sentence of result.malformed.split('\n')) {
      if (!SENTENCE.test(sentence) || sentence.includes(KEY)) wrong.push(`seed ${seed}: ${sentence}`)
    }
  }
  expect(wrong).toEqual([])
  expect(refused).toBeGreaterThan(MUTATIONS / 4)
  expect(refused).toBeLessThan(MUTATIONS)
  expect(slowest.ms, `seed ${slowest.seed}`).toBeLessThan(2000)
}, 120_000)

it('throws nothing but config-invalid from a file', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tollbridge-fuzz-'))
  const file = join(directory, 'tollbridge.yaml')
  try {
    for (let seed = 1; seed <= 300; seed++) {
      writeFileSync(file, mutate(seed))
      const error: unknown = await loadConfig(file, {}).then(
        () => null,
        (thrown: unknown) => thrown,
      )
      if (error !== null) expect(isFault(error, 'config-invalid'), `seed ${seed}`).toBe(true)
    }
  } finally {
    rmSync(directory, { recursive: true })
  }
})
