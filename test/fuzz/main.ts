/** `npm run test:fuzz`: a million frames and events, by default. Ends with `inputs N crashes N`. */
import { parseArgs } from 'node:util'
import { mutantTarget } from './mutants.js'
import { isFlat, runFuzz } from './runner.js'
import { allTargets } from './targets/index.js'

const { values: options } = parseArgs({
  options: {
    inputs: { type: 'string', default: '1000000' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    /** Puts code in that is wrong on purpose: crash, rejection, leak or slow. */
    mutant: { type: 'string' },
  },
})
const say = (line: string): void => console.log(line)

const began = Date.now()
const targets = [...allTargets(), ...(options.mutant === undefined ? [] : [mutantTarget(options.mutant)])]
const report = await runFuzz({
  targets,
  inputs: Number(options.inputs),
  seed: Number(options.seed),
  ...(options.only === undefined ? {} : { only: Number(options.only) }),
  say,
})
for (const [name, { inputs, ms }] of report.perTarget) {
  const each = inputs === 0 ? 0 : Math.round((ms * 1_000) / inputs)
  say(`${name.padEnd(36)} ${String(inputs).padStart(8)} inputs ${String(each).padStart(6)} us each`)
}
const [early, late] = report.heapMb.map((mb) => mb.toFixed(1))
say(
  `seed ${options.seed}, ${Math.round((Date.now() - began) / 1_000)} s, heap ${early} MB early on, ${late} MB at the end`,
)
const leaks = options.only === undefined && !isFlat(report)
if (leaks) say('memory is not flat')
say(`inputs ${report.inputs} crashes ${report.crashes.length}`)
process.exit(report.crashes.length > 0 || leaks ? 1 : 0)
