/** Does anything crash? Runs so many inputs, each decided by the seed and its number alone, and watches memory and the clock. */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { seeded } from '../support/mutations.js'
import type { Target } from './target.js'

export interface Crash {
  readonly number: number
  readonly target: string
  readonly why: string
}

export interface FuzzReport {
  readonly inputs: number
  readonly crashes: readonly Crash[]
  readonly perTarget: ReadonlyMap<string, { readonly inputs: number; readonly ms: number }>
  /** Of the live heap, after a collection, in MB: early on and at the end. */
  readonly heapMb: readonly [number, number]
}

/** Of processor time, for one input: far above what any takes, below what a quadratic parser would. */
const SLOW_MS = 3_000
const RENEW_EVERY = 2_000
const MOST_CRASHES = 20

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void
function heapMb(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 1_048_576
}

export async function runFuzz(options: {
  readonly targets: readonly Target[]
  readonly inputs: number
  readonly seed: number
  /** This input alone. */
  readonly only?: number
  readonly say?: (line: string) => void
}): Promise<FuzzReport> {
  const { targets, inputs, seed, only, say = () => undefined } = options
  const shares = targets.reduce((sum, { share }) => sum + share, 0)
  const crashes: Crash[] = []
  const perTarget = new Map(targets.map(({ name }) => [name, { inputs: 0, ms: 0 }]))
  let current = { number: 0, target: '' }

  const crash = (error: unknown): void => {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error)
    crashes.push({ ...current, why })
    say(
      `crash: input ${current.number} (${current.target}), again with --seed ${seed} --only ${current.number}\n${why}`,
    )
  }
  // A fault behind our back is that of the input under way, or of one just before it.
  process.on('unhandledRejection', crash)
  process.on('uncaughtException', crash)

  function targetAt(number: number): { target: Target; random: ReturnType<typeof seeded> } {
    const random = seeded(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b))
    let at = random.below(shares * 1_000) / 1_000
    const target = targets.find(({ share }) => (at -= share) < 0) ?? targets[0]
    if (!target) throw new Error('no targets')
    return { target, random }
  }

  async function runOne(number: number): Promise<void> {
    const { target, random } = targetAt(number)
    current = { number, target: target.name }
    const before = process.cpuUsage()
    try {
      await target.run(random)
    } catch (error) {
      crash(error)
    }
    const { user, system } = process.cpuUsage(before)
    const ms = (user + system) / 1_000
    if (ms > SLOW_MS) crash(new Error(`took ${Math.round(ms)} ms`))
    const sum = perTarget.get(target.name)
    if (sum) perTarget.set(target.name, { inputs: sum.inputs + 1, ms: sum.ms + ms })
  }

  const renewAll = async (): Promise<void> => {
    // What was begun comes to its end, and is blamed on the input that began it.
    await new Promise((resolve) => setImmediate(resolve))
    for (const { renew } of targets) await renew?.()
  }

  let early = 0
  let done = 0
  try {
    const first = only ?? 0
    const last = only === undefined ? inputs : only + 1
    for (let number = first; number < last && crashes.length < MOST_CRASHES; number += 1) {
      await runOne(number)
      done += 1
      if (number % 20 === 0) await new Promise((resolve) => setImmediate(resolve))
      if (done % RENEW_EVERY === 0) await renewAll()
      if (done === Math.floor(inputs / 4)) {
        await renewAll()
        early = heapMb()
      }
      if (done % 50_000 === 0) say(`${done} inputs, heap ${Math.round(process.memoryUsage().heapUsed / 1_048_576)} MB`)
    }
    await renewAll()
  } finally {
    process.off('unhandledRejection', crash)
    process.off('uncaughtException', crash)
  }
  return { inputs: done, crashes, perTarget, heapMb: [early, heapMb()] }
}

/** What may remain of a run: caches fill up, and a leak of a hundred bytes an input would be seen. */
const MOST_GROWTH_MB = 24

export const isFlat = ({ heapMb: [early, late] }: FuzzReport): boolean => late - early < MOST_GROWTH_MB
