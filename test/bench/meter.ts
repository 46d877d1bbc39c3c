/** What has a process cost so far? Its CPU time and memory, as the kernel counts them. */
import { readFile } from 'node:fs/promises'

/** Linux reports CPU time in hundredths of a second to every program (`sysconf(_SC_CLK_TCK)`). */
const MS_PER_TICK = 10
/** Fields of /proc/PID/stat counted from the state, which follows the name in brackets. */
const UTIME = 11
const STIME = 12

/** User and system time of all threads of the process, in milliseconds. */
export async function cpuMsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[UTIME]) + Number(fields[STIME])) * MS_PER_TICK
}

/** Resident memory, in bytes. */
export async function rssOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}

/** Milliseconds of the clock that all processes of one machine share and nothing sets. */
export const sharedNow = (): number => Number(process.hrtime.bigint()) / 1e6

export function medianOf(values: readonly number[]): number {
  return percentileOf(values, 50)
}

/** The smallest value that so many percent of the values do not exceed. */
export function percentileOf(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)] ?? Number.NaN
}
