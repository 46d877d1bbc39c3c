/** `npm run test:chaos`: does every job end once, while nineteen relays of twenty fail in every way? A day of it, by default. */
import { parseArgs } from 'node:util'
import { MUTANTS, type Mutant } from './mutants.js'
import { RECOVERY_MS, runStorm } from './storm.js'

const { values: options } = parseArgs({
  options: {
    hours: { type: 'string' },
    jobs: { type: 'string' },
    seed: { type: 'string' },
    relays: { type: 'string' },
    trace: { type: 'boolean' },
    mutants: { type: 'boolean' },
  },
})

const hours = Number(options.hours ?? 24)
const jobs = Number(options.jobs ?? Math.ceil((10_000 * hours) / 24))
const seed = Number(options.seed ?? 1)
const began = process.hrtime.bigint()

let unnoticed = 0
for (const mutant of options.mutants ? (Object.keys(MUTANTS) as Mutant[]) : []) {
  const { lost, duplicates } = await runStorm({ seed, hours: 4, jobs: 400, relays: 20, mutant })
  if (lost.length + duplicates.length === 0) unnoticed += 1
  console.log(`a daemon that is ${mutant}: lost ${lost.length} duplicates ${duplicates.length}`)
}

const verdict = await runStorm({
  ...{ seed, hours, jobs, relays: Number(options.relays ?? 20) },
  ...(options.trace ? { trace: (line: string) => console.log(line) } : {}),
})
const slow = verdict.recoveries.filter((ms) => ms > RECOVERY_MS)
for (const line of [...verdict.lost, ...verdict.duplicates].slice(0, 50)) console.log(line)
const seconds = Number((process.hrtime.bigint() - began) / 1_000_000_000n)
console.log(
  `seed ${seed}: ${verdict.completed} results, ${verdict.paid} paid, ${verdict.unpaid} offers unpaid, ${verdict.errors} errors, ` +
    `${verdict.restarts} restarts, in ${seconds} s`,
)
console.log(
  `the good relay was back ${verdict.recoveries.length} times, heard again after at most ${Math.max(0, ...verdict.recoveries) / 1_000} s` +
    ` (bar ${RECOVERY_MS / 1_000} s, missed ${slow.length})`,
)
console.log(`hours ${hours} jobs ${verdict.jobs} lost ${verdict.lost.length} duplicates ${verdict.duplicates.length}`)
process.exitCode = verdict.lost.length + verdict.duplicates.length + slow.length + unnoticed === 0 ? 0 : 1
