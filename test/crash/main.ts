/** `npm run test:crash`: does a paid job survive whatever kills the daemon? The model over seeds, then the kill matrix. */
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { enumerateHireKills, hireLine, hireRowNamed, isCleanHire, runHireMatrix, type HireKill, type Side } from './hire/hire-matrix.js' // prettier-ignore
import { HIRE_ROWS } from './hire/hire-scene.js'
import { enumeratePoints, inLanes, isClean, isCleanPurchase, lastLine, purchaseLine, rowNamed, runMatrix, sumOf, type Kill } from './kill/matrix.js' // prettier-ignore
import { isWorthwhile, PURCHASE_ROWS } from './kill/purchase-rows.js'
import { ROWS, type Row } from './kill/rows.js'
import { reportModel, reportMutants, reportSeed } from './model/model.js'

const ENTRY = fileURLToPath(new URL('./daemon-entry.js', import.meta.url))
const HIRE_ENTRIES = { provider: ENTRY, hirer: fileURLToPath(new URL('./hirer-entry.js', import.meta.url)) }
const DEFAULT_SEEDS = 3_000
const MUTANT_SEEDS = 2_000
/** More than there are cores: a daemon that starts or waits leaves room for another. */
const DEFAULT_LANES = 4

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seed: { type: 'string' },
    mutants: { type: 'boolean' },
    /** The model alone: no process is killed. */
    model: { type: 'boolean' },
    /** Of a hire: which side is killed, `hirer` or `provider`. */
    side: { type: 'string' },
    row: { type: 'string' },
    point: { type: 'string' },
    occurrence: { type: 'string' },
    'all-rows': { type: 'boolean' },
    lanes: { type: 'string' },
  },
})

const say = (line: string): void => console.log(line)

async function killsToTry(lanes: number, all: readonly Row[]): Promise<Kill[]> {
  if (options.row !== undefined && options.point !== undefined) {
    return [{ row: rowNamed(options.row), point: { name: options.point, occurrence: Number(options.occurrence ?? 1) } }]
  }
  const rows =
    options.row === undefined ? all.filter(({ extra }) => !extra || options['all-rows']) : [rowNamed(options.row)]
  const found = new Map<string, Kill[]>()
  await inLanes(
    rows,
    Math.max(1, lanes / 2),
    async (row) => void found.set(row.name, await enumeratePoints(ENTRY, row)),
  )
  const known = rows.flatMap(({ name }) => found.get(name) ?? [])
  const kills = options['all-rows'] || options.row !== undefined ? known : known.filter(isWorthwhile)
  say(`kill matrix: ${kills.length} points in ${rows.length} rows`)
  return kills
}

const isHireRow = (name: string | undefined): boolean => HIRE_ROWS.some((row) => row.name === name)

async function hireKillsToTry(lanes: number): Promise<HireKill[]> {
  const { row, side, point, occurrence } = options
  if (row !== undefined && point !== undefined) {
    const chosen: Side = side === 'provider' ? 'provider' : 'hirer'
    return [{ row: hireRowNamed(row), side: chosen, point: { name: point, occurrence: Number(occurrence ?? 1) } }]
  }
  const found = new Map<string, HireKill[]>()
  const rows = row === undefined ? HIRE_ROWS : [hireRowNamed(row)]
  await inLanes(rows, Math.max(1, lanes / 2), async (one) => {
    found.set(one.name, await enumerateHireKills(HIRE_ENTRIES, one))
  })
  const kills = rows.flatMap(({ name }) => found.get(name) ?? [])
  say(`kill matrix of hires: ${kills.length} points of hirer and provider in ${rows.length} rows`)
  return kills
}

/** Two agents, of which either is killed at each of its points. */
async function reportHires(lanes: number): Promise<boolean> {
  const outcome = await runHireMatrix({ entries: HIRE_ENTRIES, kills: await hireKillsToTry(lanes), lanes, say })
  say(hireLine(outcome))
  return isCleanHire(outcome)
}

async function main(): Promise<boolean> {
  if (options.seed !== undefined) return reportSeed(Number(options.seed), say)
  const caught = options.mutants ? await reportMutants(MUTANT_SEEDS, say) : true
  const held = options.row === undefined ? await reportModel(Number(options.seeds ?? DEFAULT_SEEDS), say) : true
  if (options.model) return caught && held
  const lanes = Number(options.lanes ?? DEFAULT_LANES)
  if (isHireRow(options.row)) return caught && (await reportHires(lanes))
  const hired = options.row === undefined ? await reportHires(lanes) : true
  const isPurchase = PURCHASE_ROWS.some(({ name }) => name === options.row)
  const run = async (rows: readonly Row[]) =>
    runMatrix({ entry: ENTRY, kills: await killsToTry(lanes, rows), lanes, say })
  const purchases = isPurchase || options.row === undefined ? await run(PURCHASE_ROWS) : null
  if (purchases) say(purchaseLine(purchases))
  const others = isPurchase ? null : await run(ROWS)
  const outcome = purchases && others ? sumOf(purchases, others) : (purchases ?? others)
  if (outcome) say(lastLine(outcome))
  return caught && held && hired && outcome !== null && isClean(outcome) && (!purchases || isCleanPurchase(purchases))
}

process.exitCode = (await main()) ? 0 : 1
