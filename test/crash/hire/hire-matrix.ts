/** Does a hire survive the death of either side? Records which points both pass, then kills one of them once at each. */
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { labelOf, startDaemonProcess, type Point } from '../kill/daemon-process.js'
import { countNames, inLanes } from '../kill/matrix.js'
import { HIRE_ROWS, setHireScene, type HireRow, type HireScene } from './hire-scene.js'
import { judgeHire, type HireVerdict } from './hire-verdict.js'
import { startHirerProcess } from './hirer-process.js'

export type Side = 'hirer' | 'provider'

export interface HireKill {
  readonly row: HireRow
  readonly side: Side
  readonly point: Point
}

export interface HireOutcomes {
  readonly points: number
  readonly hit: number
  readonly kills: number
  readonly lost: number
  readonly doublePayments: number
  readonly budgetOverruns: number
  readonly runTwice: number
}

export interface Entries {
  /** The compiled test entry points. */
  readonly hirer: string
  readonly provider: string
}

const MOST_OCCURRENCES = 2
/** Repeated by the clock: how often depends on how fast the machine is. */
const CLOCKED = /^(wallet\.(lookup|listIncoming)|store\.putCursor)/
const MOST_TRIES = 3
const PATIENCE_MS = 60_000
/** How long after the end of the hires a point of the provider may still be reached. */
const LATE_POINTS_MS = 1_500
const LOOK_MS = 20
const PROGRESS_EVERY = 50

export const hireLine = (outcome: HireOutcomes): string =>
  `hires: points ${outcome.points} hit ${outcome.hit} kills ${outcome.kills} lost ${outcome.lost} ` +
  `doublePayments ${outcome.doublePayments} budgetOverruns ${outcome.budgetOverruns} runTwice ${outcome.runTwice}`

export const isCleanHire = (outcome: HireOutcomes): boolean => {
  const { points, hit, lost, doublePayments, budgetOverruns, runTwice } = outcome
  return points > 0 && hit === points && lost + doublePayments + budgetOverruns + runTwice === 0
}

export function hireRowNamed(name: string): HireRow {
  const row = HIRE_ROWS.find((known) => known.name === name)
  if (!row) throw new Error(`no row is called "${name}"; there are: ${HIRE_ROWS.map((known) => known.name).join(', ')}`)
  return row
}

/** Twice, so that a point which only haste or delay brings about is not asked for. */
export async function enumerateHireKills(entries: Entries, row: HireRow): Promise<HireKill[]> {
  const [one, two] = await Promise.all([recordHire(entries, row), recordHire(entries, row)])
  return (['hirer', 'provider'] as const).flatMap((side) => {
    const others = countNames(two[side])
    return [...countNames(one[side])].flatMap(([name, count]) => {
      const times = Math.min(count, others.get(name) ?? 0, CLOCKED.test(name) ? 1 : MOST_OCCURRENCES)
      return Array.from({ length: times }, (_, index) => ({ row, side, point: { name, occurrence: index + 1 } }))
    })
  })
}

async function recordHire(entries: Entries, row: HireRow): Promise<Record<Side, string[]>> {
  const scene = await setHireScene(row)
  try {
    const { complaints } = await carryThrough(scene, entries, null)
    if (complaints.length > 0) throw new Error(`${row.name}, undisturbed: ${complaints.join('; ')}`)
    const read = async (file: string) => (await readFile(file, 'utf8')).trim().split('\n')
    return { hirer: await read(scene.records.hirer), provider: await read(scene.records.provider) }
  } finally {
    await scene.stop()
  }
}

export interface HireTrial extends HireVerdict {
  readonly kills: number
  readonly log: string
}

async function carryThrough(scene: HireScene, entries: Entries, kill: HireKill | null): Promise<HireTrial> {
  const armed = (side: Side) => (kill?.side === side ? { point: kill.point } : {})
  const recorded = (side: Side) => (kill === null ? { recordFile: scene.records[side] } : {})
  const { configFile, taskFile, daemonLog: logFile } = scene
  const provider = startDaemonProcess({ entry: entries.provider, configFile, logFile, ...armed('provider'), ...recorded('provider') }) // prettier-ignore
  const hirer = startHirerProcess({ entry: entries.hirer, taskFile, ...armed('hirer'), ...recorded('hirer') })
  const late = pause(PATIENCE_MS, `nothing more happened for ${PATIENCE_MS / 1000} s`, { ref: false })
  const ended = await Promise.race([hirer.ended, late])
  hirer.stop()
  const kills = () => hirer.kills() + provider.kills()
  for (let until = Date.now() + LATE_POINTS_MS; kill?.side === 'provider' && kills() === 0 && Date.now() < until;) {
    await pause(LOOK_MS)
  }
  await provider.stop()
  const verdict = await judgeHire(scene)
  const complaints = [...verdict.complaints, ended, provider.failure()].filter((complaint) => complaint !== null)
  return { ...verdict, complaints, kills: kills(), log: complaints.length > 0 ? await lastWords(scene) : '' }
}

export async function tryHireKill(entries: Entries, kill: HireKill): Promise<HireTrial> {
  for (let tries = 1; ; tries += 1) {
    const scene = await setHireScene(kill.row)
    try {
      const trial = await carryThrough(scene, entries, kill)
      if (trial.kills > 0 || trial.complaints.length > 0 || tries === MOST_TRIES) return trial
    } finally {
      await scene.stop()
    }
  }
}

export async function runHireMatrix(options: {
  readonly entries: Entries
  readonly kills: readonly HireKill[]
  /** Kills at one time. */
  readonly lanes: number
  readonly say: (line: string) => void
}): Promise<HireOutcomes> {
  const { entries, kills, lanes, say } = options
  const totals = { points: kills.length, hit: 0, kills: 0, lost: 0, doublePayments: 0, budgetOverruns: 0, runTwice: 0 }
  const endings = new Map<string, number>()
  let done = 0
  await inLanes(kills, lanes, async (kill) => {
    const trial = await tryHireKill(entries, kill)
    totals.hit += trial.kills > 0 ? 1 : 0
    totals.kills += trial.kills
    totals.lost += trial.complaints.length > 0 ? 1 : 0
    totals.doublePayments += trial.doublePayments
    totals.budgetOverruns += trial.budgetOverruns
    totals.runTwice += trial.runTwice
    endings.set(trial.ending, (endings.get(trial.ending) ?? 0) + 1)
    done += 1
    if (done % PROGRESS_EVERY === 0) say(`  ${done} of ${kills.length}`)
    const wrong = trial.kills === 0 ? ['the point was never hit', ...trial.complaints] : trial.complaints
    if (wrong.length === 0 && trial.runTwice === 0) return
    const { row, side, point } = kill
    say(`  ${row.name}, ${side} killed at ${labelOf(point)}: ${wrong.join('; ')}`)
    say(`    alone: npm run test:crash -- --row '${row.name}' --side ${side} --point '${point.name}' --occurrence ${point.occurrence}`) // prettier-ignore
    if (trial.log !== '') say(trial.log.replace(/^/gm, '    | '))
  })
  for (const [ending, count] of [...endings].sort()) say(`  ${String(count).padStart(6)} ${ending}`)
  return totals
}

async function lastWords({ task, daemonLog }: HireScene): Promise<string> {
  const read = async (file: string) => (await readFile(file, 'utf8').catch(() => '')).trim().split('\n').slice(-15)
  return [...(await read(task.logFile)), ...(await read(daemonLog))].join('\n')
}
