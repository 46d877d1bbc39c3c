/** Would a fault be noticed? Code that is wrong on purpose, in the place of one target. */
import type { Random } from '../support/mutations.js'
import { bend } from '../support/mutations.js'
import type { Target } from './target.js'

const EVENT = { tags: [['relay', 'wss://a.test']], content: '' }
const leaked: unknown[] = []

/** Trusts that every tag has a name. */
const careless = (value: unknown): number =>
  ((value as typeof EVENT | null)?.tags ?? []).filter(([name]) => (name as string).startsWith('r')).length

export const MUTANTS: Readonly<Record<string, (random: Random) => void | Promise<void>>> = {
  crash: (random) => void careless(bend(EVENT, random)),
  rejection(random) {
    if (random.below(500) === 0) void Promise.reject(new Error('nobody waits for this'))
  },
  leak: (random) => void leaked.push(Array(2_000).fill(random.below(2 ** 30))),
  slow(random) {
    const until = process.cpuUsage().user + 4_000_000
    if (random.below(500) === 0) while (process.cpuUsage().user < until);
  },
}

export const mutantTarget = (name: string): Target => {
  const run = MUTANTS[name]
  if (!run) throw new Error(`no mutant ${name}: ${Object.keys(MUTANTS).join(', ')}`)
  return { name: `mutant ${name}`, share: 20, run }
}
