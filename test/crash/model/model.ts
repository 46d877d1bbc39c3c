/** Does the model hold? Runs seed after seed, and says how each that does not can be run alone. */
import { huntMutant, MUTANTS } from './mutants.js'
import { runSeed } from './run-seed.js'

export interface ModelOutcome {
  readonly seeds: number
  readonly crashes: number
  /** How often jobs ended in which way. */
  readonly endings: ReadonlyMap<string, number>
  readonly violations: readonly { readonly seed: number; readonly violation: string }[]
}

export async function runModel(first: number, seeds: number): Promise<ModelOutcome> {
  const endings = new Map<string, number>()
  const violations: { seed: number; violation: string }[] = []
  let crashes = 0
  for (let seed = first; seed < first + seeds; seed += 1) {
    const outcome = await runSeed(seed)
    crashes += outcome.crashes
    if (outcome.violation !== null) violations.push({ seed, violation: outcome.violation })
    for (const ending of outcome.endings) endings.set(ending, (endings.get(ending) ?? 0) + 1)
  }
  return { seeds, crashes, endings, violations }
}

const MOST_SHOWN = 20

/** True where every seed held. */
export async function reportModel(seeds: number, say: (line: string) => void): Promise<boolean> {
  const { crashes, endings, violations } = await runModel(1, seeds)
  say(`model: ${seeds} seeds, ${crashes} crashes injected`)
  for (const [ending, count] of [...endings].sort((a, b) => b[1] - a[1]))
    say(`  ${String(count).padStart(6)} ${ending}`)
  for (const { seed, violation } of violations.slice(0, MOST_SHOWN)) {
    say(`  seed ${seed}: ${violation}\n    alone: npm run test:crash -- --seed ${seed}`)
  }
  if (violations.length > 0) say(`model: ${violations.length} of ${seeds} seeds broke a promise`)
  return violations.length === 0
}

/** True where the seed held. Tells everything that happened. */
export async function reportSeed(seed: number, say: (line: string) => void): Promise<boolean> {
  const { endings, violation } = await runSeed(seed, {}, say)
  say(violation === null ? `seed ${seed}: ${endings.join(', ')}` : `seed ${seed}: ${violation}`)
  return violation === null
}

/** True where each mutant was caught by one of the seeds. */
export async function reportMutants(seeds: number, say: (line: string) => void): Promise<boolean> {
  let caught = 0
  for (const mutant of Object.keys(MUTANTS)) {
    const { caughtBy, violation } = await huntMutant(mutant, seeds)
    if (caughtBy !== null) caught += 1
    say(
      caughtBy === null
        ? `mutant NOT CAUGHT: ${mutant}`
        : `mutant caught by seed ${caughtBy}: ${mutant} (${violation})`,
    )
  }
  say(`mutants: ${caught} of ${Object.keys(MUTANTS).length} caught within ${seeds} seeds`)
  return caught === Object.keys(MUTANTS).length
}
