/** `npm run bench`: what does the daemon cost, and do the bars hold? `-- --json`, `--quick`, `--only NAME`, `--idle`, `--profile DIRECTORY`. */
import { loadavg } from 'node:os'
import { parseArgs } from 'node:util'
import { completeFigures, describeFigures } from './bars.js'
import { measureFloors } from './floors.js'
import { measureIdle } from './idle.js'
import { measureSettleToResult } from './latency.js'
import { measureOpenJobs } from './open-jobs.js'
import { FULL, QUICK, type Figures, type Plan } from './plan.js'
import { measureSdk } from './sdk.js'
import { measureStart } from './start.js'
import { measureFree, measurePaid, measureTenfold } from './throughput.js'
import { measureWrap } from './wrap.js'

const MEASUREMENTS: Readonly<Record<string, (plan: Plan) => Promise<Figures>>> = {
  floors: measureFloors,
  sdk: measureSdk,
  start: measureStart,
  free: measureFree,
  paid: measurePaid,
  tenfold: measureTenfold,
  latency: measureSettleToResult,
  wrap: measureWrap,
  openJobs: measureOpenJobs,
}

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    only: { type: 'string', multiple: true, default: [] },
    idle: { type: 'boolean', default: false },
    minutes: { type: 'string' },
    profile: { type: 'string' },
  },
})
const unknown = values.only.find((name) => !Object.hasOwn(MEASUREMENTS, name))
if (unknown !== undefined) throw new RangeError(`--only takes ${Object.keys(MEASUREMENTS).join(', ')}`)
const base = values.quick ? QUICK : FULL
const idleMinutes = Number(values.minutes ?? base.idleMinutes)
if (!(idleMinutes > 0)) throw new RangeError('--minutes takes a number above 0')
const plan: Plan = { ...base, idleMinutes, profile: values.profile }
// Twenty minutes of nothing are measured when they are asked for, and then alone.
const measurements = values.idle ? { idle: measureIdle } : MEASUREMENTS

const measured: Record<string, number> = {}
for (const [name, measure] of Object.entries(measurements)) {
  if (!values.idle && values.only.length > 0 && !values.only.includes(name)) continue
  const startedAt = Date.now()
  Object.assign(measured, await measure(plan))
  const seconds = Math.round((Date.now() - startedAt) / 1000)
  process.stderr.write(`${name}: ${seconds} s, load average ${loadavg()[0]?.toFixed(1)}\n`)
}

const figures = completeFigures(measured)
console.log(values.json ? JSON.stringify(figures) : describeFigures(figures))
process.exit(0)
