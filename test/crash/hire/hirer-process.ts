/** How is the hirer run, and run again? One child process after the other over the same state directory, until one comes to its end. */
import { spawn, type ChildProcess } from 'node:child_process'
import type { Point } from '../kill/daemon-process.js'
import { TRAP_VARIABLES } from '../kill/trap.js'

export interface HirerProcess {
  /** How often it was killed by itself, that is, at the point. */
  kills(): number
  /** Resolves when it ended by itself: null, or what it said where it should not have. */
  readonly ended: Promise<string | null>
  stop(): void
}

export function startHirerProcess(options: {
  readonly entry: string
  readonly taskFile: string
  readonly point?: Point
  readonly recordFile?: string
}): HirerProcess {
  const { entry, taskFile, point, recordFile } = options
  let kills = 0
  let stopping = false
  let child: ChildProcess | null = null

  const ended = new Promise<string | null>((resolve) => {
    const start = (armed: boolean): void => {
      const { [TRAP_VARIABLES.point]: _point, [TRAP_VARIABLES.record]: _record, ...environment } = process.env
      const trap = armed && point ? { [TRAP_VARIABLES.point]: point.name, [TRAP_VARIABLES.occurrence]: String(point.occurrence) } : {} // prettier-ignore
      const record = recordFile === undefined ? {} : { [TRAP_VARIABLES.record]: recordFile }
      const started = spawn(process.execPath, [entry, taskFile], {
        // Its input ends with this process: no hirer is left behind.
        stdio: ['pipe', 'ignore', 'pipe'],
        env: { ...environment, ...trap, ...record },
      })
      child = started
      let words = ''
      started.stderr?.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-2_000)))
      started.once('exit', (code, signal) => {
        if (signal === 'SIGKILL' && !stopping) {
          kills += 1
          start(false)
        } else resolve(code === 0 || stopping ? null : `the hirer ended with ${signal ?? code}: ${words.trim()}`)
      })
    }
    start(true)
  })
  return {
    kills: () => kills,
    ended,
    stop() {
      stopping = true
      child?.kill('SIGKILL')
    },
  }
}
