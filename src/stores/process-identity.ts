/** Is that process still the one it was? A pid alone comes back; with its start time and the machine's boot it does not. */
import { readFile } from 'node:fs/promises'
import { errorCode } from './disk.js'

export interface ProcessIdentity {
  readonly pid: number
  /** Clock ticks from boot to the start of the process; null where the system does not say. */
  readonly started: string | null
  /** Names the machine's boot; null where the system does not say. */
  readonly boot: string | null
}

export async function identifyMyself(): Promise<ProcessIdentity> {
  const stat = await readStat(process.pid)
  return { pid: process.pid, started: stat?.started ?? null, boot: await readBoot() }
}

/** Whether it runs here and now. A process in another container cannot be seen from here: false. */
export async function isRunning({ pid, started, boot }: ProcessIdentity): Promise<boolean> {
  const now = await readBoot()
  if (boot !== null && now !== null && boot !== now) return false
  const stat = await readStat(pid)
  if (stat) return !stat.dead && (started === null || stat.started === started)
  // No such process, unless this system has no /proc at all.
  if (await readStat(process.pid)) return false
  return answersSignals(pid)
}

/** Fields 3 (state) and 22 (start time) of /proc/PID/stat; the command before them may hold blanks and brackets. */
async function readStat(pid: number): Promise<{ dead: boolean; started: string } | null> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  if (text === null) return null
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state] = fields
  const started = fields[19]
  if (started === undefined) return null
  // A killed process whose parent has not asked after it yet is dead all the same.
  return { dead: state === 'Z' || state === 'X', started }
}

async function readBoot(): Promise<string | null> {
  const text = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => null)
  return text?.trim() ?? null
}

function answersSignals(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return errorCode(error) === 'EPERM' // it runs and belongs to somebody else
  }
}
