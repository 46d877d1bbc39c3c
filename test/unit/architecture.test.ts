import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

/** Which room may import which? `pure` names the modules that anybody past `core` may use. */
const ROOT = resolve(import.meta.dirname, '../..')
const SRC = join(ROOT, 'src')

interface Import {
  readonly from: string
  readonly to: string
  readonly typeOnly: boolean
}

function* filesBelow(directory: string): Generator<string> {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) yield* filesBelow(path)
    else if (entry.name.endsWith('.ts')) yield path
  }
}

const sources = [...filesBelow(SRC), ...filesBelow(join(ROOT, 'handlers'))]
const IMPORT = /^(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm

const imports: Import[] = sources.flatMap((file) =>
  [...readFileSync(file, 'utf8').matchAll(IMPORT)].map((match) => ({
    from: relative(ROOT, file),
    to: match[2] ?? match[3] ?? '',
    typeOnly: match[1] !== undefined,
  })),
)

const local = imports
  .filter(({ to }) => to.startsWith('.'))
  .map((edge) => ({ ...edge, to: relative(ROOT, resolve(ROOT, dirname(edge.from), edge.to)).replace(/\.js$/, '.ts') }))

const roomOf = (file: string): string => {
  const [top, second = ''] = file.split('/')
  if (top !== 'src') return top ?? ''
  return second.endsWith('.ts') ? second.replace('.ts', '') : second
}

const PURE = [
  /^src\/core\//,
  /^src\/policies\//,
  /^src\/nostr\/kinds\//,
  /^src\/nostr\/(event|relay-url|back-off|encryption|publish-verdict|work|gift-wrap|key-text|nip05|channels)\.ts$/,
  // Not pure, and asked by whoever connects to a name that a stranger chose.
  /^src\/nostr\/public-lookup\.ts$/,
  /^src\/l402\/(?!client|exchange|socks5)/,
  /^src\/settlement\/choose\.ts$/,
  /^src\/blossom\/(encryption|authorization)\.ts$/,
]
const isPure = (file: string): boolean => PURE.some((pattern) => pattern.test(file))

/** `cli` and `dev` may import anything; of `wiring`, each file opens a part, see below. */
const ALLOWED: Record<string, readonly string[]> = {
  core: ['core'],
  ports: ['core'],
  system: ['core', 'ports', 'system'],
  policies: ['core', 'ports', 'policies'],
  inputs: ['core', 'ports', 'inputs'],
  steps: ['core', 'ports', 'steps', 'settlement', 'inputs'],
  engine: ['core', 'ports', 'steps', 'engine', 'settlement'],
  settlement: ['core', 'ports', 'settlement'],
  nostr: ['core', 'ports', 'nostr'],
  l402: ['core', 'ports', 'l402'],
  blossom: ['core', 'ports', 'blossom'],
  wallets: ['core', 'ports', 'wallets'],
  web: ['core', 'ports', 'web'],
  stores: ['core', 'ports', 'stores', 'system'],
  config: ['core', 'ports', 'config'],
  customer: ['core', 'ports', 'customer', 'system'],
  hirer: ['core', 'ports', 'customer', 'hirer', 'stores', 'system'],
  daemon: ['core', 'ports', 'config', 'engine', 'steps', 'wiring'],
  index: ['core', 'ports', 'hirer', 'wiring'],
  handlers: ['index'],
}

describe('imports', () => {
  it('go one way between rooms', () => {
    const wrong = local.filter(({ from, to }) => {
      const allowed = ALLOWED[roomOf(from)]
      if (!allowed) return false
      return !allowed.includes(roomOf(to)) && !(roomOf(from) !== 'core' && isPure(to))
    })
    expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([])
  })

  it('into the wiring come from the top only, and it takes up neither the daemon nor commands', () => {
    const TOP = ['wiring', 'daemon', 'index', 'cli']
    const wrong = local.filter(
      ({ from, to }) =>
        (roomOf(to) === 'wiring' && !TOP.includes(roomOf(from))) ||
        (roomOf(from) === 'wiring' && ['daemon', 'index', 'cli', 'dev'].includes(roomOf(to))),
    )
    expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([])
  })

  it('of core and the codecs bring no I/O, clock or randomness', () => {
    const impure = sources
      .filter((file) => /src\/(core|nostr\/kinds)\//.test(file))
      .filter((file) =>
        /Date\.now|Math\.random|process\.|setTimeout|randomBytes|node:fs/.test(readFileSync(file, 'utf8')),
      )
    expect(impure.map((file) => relative(ROOT, file))).toEqual([])
  })

  it('name each package in one room', () => {
    const ROOMS: Record<string, readonly string[]> = {
      '@nostr-dev-kit/ndk': ['customer'],
      '@getalby/sdk': ['wallets'],
      undici: ['l402', 'web', 'wallets'],
      macaroon: ['l402'],
      bolt11: ['l402'],
      lowdb: ['stores'],
      commander: ['cli'],
      pino: ['cli'],
      zod: ['config'],
      yaml: ['config'],
      tinyqueue: ['settlement', 'engine'],
      uqr: ['customer'],
      lightningdevkit: [],
      'bitcoinjs-lib': [],
    }
    const packageOf = (to: string) =>
      to.startsWith('@') ? to.split('/').slice(0, 2).join('/') : (to.split('/')[0] ?? '')
    const wrong = imports.filter(({ from, to, typeOnly }) => {
      const rooms = ROOMS[packageOf(to)]
      return rooms && !typeOnly && roomOf(from) !== 'dev' && !rooms.includes(roomOf(from))
    })
    expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([])
  })
})

describe('files', () => {
  it('are at most 250 lines long', () => {
    // ports.ts is every socket on one page.
    const long = sources
      .filter((file) => !file.endsWith('src/ports.ts'))
      .filter((file) => readFileSync(file, 'utf8').split('\n').length > 251)
    expect(long.map((file) => relative(ROOT, file))).toEqual([])
  })

  it('begin with a sentence that says what they answer', () => {
    const silent = sources.filter((file) => !/^(#!.*\n)?\/\*\*/.test(readFileSync(file, 'utf8')))
    expect(silent.map((file) => relative(ROOT, file)).filter((file) => !file.endsWith('.d.ts'))).toEqual([])
  })

  it('read the environment only in config, and end the process only in cli', () => {
    const reads = sources.filter((file) => /process\.env/.test(readFileSync(file, 'utf8')))
    const ends = sources.filter((file) => /process\.exit\(/.test(readFileSync(file, 'utf8')))
    expect(
      reads.map((file) => roomOf(relative(ROOT, file))).filter((room) => room !== 'config' && room !== 'cli'),
    ).toEqual([])
    expect(ends.map((file) => roomOf(relative(ROOT, file))).filter((room) => room !== 'cli' && room !== 'dev')).toEqual(
      [],
    )
  })
})
