/** Does every kill end well? Records which points a job of each row passes, then kills the daemon once at each of them. */
import { labelOf, type Point } from './daemon-process.js'
import { PURCHASE_ROWS } from './purchase-rows.js'
import { ROWS, type Row } from './rows.js'
import { recordPoints, tryPoint, type Trial } from './trial.js'

/** Of what is repeated by the clock, such as a poll, the first times count. */
const MOST_OCCURRENCES = 3
/** Chance decides a little: a point that is passed over may be tried again. */
const MOST_TRIES = 3
const PROGRESS_EVERY = 50

export interface Kill {
  readonly row: Row
  readonly point: Point
}

export interface MatrixOutcome {
  readonly points: number
  readonly hit: number
  readonly kills: number
  readonly lost: number
  readonly doubleCharges: number
  readonly secondResults: number
}

export interface PurchaseOutcome extends MatrixOutcome {
  readonly doublePayments: number
  readonly unsettledHolds: number
  readonly falseFailures: number
}

export const purchaseLine = (outcome: PurchaseOutcome): string =>
  `purchases: points ${outcome.points} hit ${outcome.hit} kills ${outcome.kills} lost ${outcome.lost} ` +
  `doublePayments ${outcome.doublePayments} unsettledHolds ${outcome.unsettledHolds} falseFailures ${outcome.falseFailures}`

export const isCleanPurchase = (outcome: PurchaseOutcome): boolean =>
  isClean(outcome) && outcome.doublePayments + outcome.unsettledHolds + outcome.falseFailures === 0

/** Over all modes. */
export const sumOf = (one: MatrixOutcome, other: MatrixOutcome): MatrixOutcome => ({
  points: one.points + other.points,
  hit: one.hit + other.hit,
  kills: one.kills + other.kills,
  lost: one.lost + other.lost,
  doubleCharges: one.doubleCharges + other.doubleCharges,
  secondResults: one.secondResults + other.secondResults,
})

export const lastLine = (outcome: MatrixOutcome): string =>
  `points ${outcome.points} hit ${outcome.hit} kills ${outcome.kills} lost ${outcome.lost} ` +
  `doubleCharges ${outcome.doubleCharges} secondResults ${outcome.secondResults}`

export const isClean = ({ points, hit, lost, doubleCharges, secondResults }: MatrixOutcome): boolean =>
  points > 0 && hit === points && lost + doubleCharges + secondResults === 0

/** Twice, so that a point which only haste or delay brings about is not asked for. */
export async function enumeratePoints(entry: string, row: Row): Promise<Kill[]> {
  const runs = await Promise.all([recordPoints(entry, row), recordPoints(entry, row)])
  const [counts = new Map<string, number>(), others = new Map<string, number>()] = runs.map(countNames)
  return [...counts].flatMap(([name, count]) => {
    const times = Math.min(count, others.get(name) ?? 0, MOST_OCCURRENCES)
    return Array.from({ length: times }, (_, index) => ({ row, point: { name, occurrence: index + 1 } }))
  })
}

export function countNames(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1)
  return counts
}

export interface MatrixOptions {
  /** The compiled test entry point of the daemon. */
  readonly entry: string
  readonly kills: readonly Kill[]
  /** Kills at one time. */
  readonly lanes: number
  readonly say: (line: string) => void
}

export async function runMatrix({ entry, kills, lanes, say }: MatrixOptions): Promise<PurchaseOutcome> {
  const totals = {
    ...{ points: kills.length, hit: 0, kills: 0, lost: 0, doubleCharges: 0, secondResults: 0 },
    ...{ doublePayments: 0, unsettledHolds: 0, falseFailures: 0 },
  }
  const endings = new Map<string, number>()
  let done = 0
  await inLanes(kills, lanes, async ({ row, point }) => {
    const trial = await tryUntilHit(entry, { row, point })
    totals.hit += trial.kills > 0 ? 1 : 0
    totals.kills += trial.kills
    totals.lost += trial.ending === 'lost' ? 1 : 0
    totals.doubleCharges += trial.doubleCharge ? 1 : 0
    totals.secondResults += trial.secondResult ? 1 : 0
    totals.doublePayments += trial.doublePayment ? 1 : 0
    totals.unsettledHolds += trial.unsettledHold ? 1 : 0
    totals.falseFailures += trial.falseFailure ? 1 : 0
    done += 1
    if (done % PROGRESS_EVERY === 0) say(`  ${done} of ${kills.length}`)
    const ending = `${row.name}: ${trial.ending}`
    endings.set(ending, (endings.get(ending) ?? 0) + 1)
    const wrong = trial.kills === 0 ? ['the point was never hit', ...trial.complaints] : trial.complaints
    if (wrong.length > 0) {
      say(`  ${row.name}, killed at ${labelOf(point)}: ${wrong.join('; ')}`)
      say(
        `    alone: npm run test:crash -- --row '${row.name}' --point '${point.name}' --occurrence ${point.occurrence}`,
      )
      if (trial.log !== '') say(trial.log.replace(/^/gm, '    | '))
    }
  })
  for (const [ending, count] of [...endings].sort()) say(`  ${String(count).padStart(6)} ${ending}`)
  return totals
}

async function tryUntilHit(entry: string, { row, point }: Kill): Promise<Trial> {
  for (let tries = 1; ; tries += 1) {
    const trial = await tryPoint(entry, row, point)
    if (trial.kills > 0 || trial.complaints.length > 0 || tries === MOST_TRIES) return trial
  }
}

export async function inLanes<T>(items: readonly T[], lanes: number, work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items]
  const lane = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item)
  }
  await Promise.all(Array.from({ length: lanes }, lane))
}

export function rowNamed(name: string): Row {
  const rows = [...ROWS, ...PURCHASE_ROWS]
  const row = rows.find((known) => known.name === name)
  if (!row) throw new Error(`no row is called "${name}"; there are: ${rows.map((known) => known.name).join(', ')}`)
  return row
}
