/** How is the daemon run, and run again? One child process after the other over the same state directory. */
import { spawn, type ChildProcess } from 'node:child_process'
import { CLOCK_AHEAD } from './clock-ahead.js'
import { TRAP_VARIABLES } from './trap.js'

export interface Point {
  readonly name: string
  /** 1 for the first time that the point is reached. */
  readonly occurrence: number
}

export const labelOf = ({ name, occurrence }: Point): string => (occurrence === 1 ? name : `${name} (${occurrence})`)

export interface DaemonProcess {
  /** How often it was killed by itself, that is, at the point. */
  kills(): number
  /** Set when it ended in a way that nobody asked for. */
  failure(): string | null
  /** Started again, as if so much time had passed meanwhile. */
  skip(aheadMs: number): Promise<void>
  stop(): Promise<void>
}

/** Started at once with the trap armed; after the kill started again without. */
export function startDaemonProcess(options: {
  readonly entry: string
  readonly configFile: string
  readonly logFile: string
  readonly point?: Point
  readonly recordFile?: string
}): DaemonProcess {
  let kills = 0
  let failure: string | null = null
  let stopping = false
  let aheadMs = 0
  let child = start(true)
  let ended = watch(child)

  function start(armed: boolean): ChildProcess {
    const { entry, configFile, logFile, point, recordFile } = options
    const { [TRAP_VARIABLES.point]: _point, [TRAP_VARIABLES.record]: _record, ...environment } = process.env
    return spawn(process.execPath, [entry, configFile, logFile], {
      // Its input ends with this process: no daemon is left behind.
      stdio: ['pipe', 'ignore', 'pipe'],
      env: {
        ...environment,
        [CLOCK_AHEAD]: String(aheadMs),
        ...(armed && point
          ? { [TRAP_VARIABLES.point]: point.name, [TRAP_VARIABLES.occurrence]: String(point.occurrence) }
          : {}),
        ...(recordFile === undefined ? {} : { [TRAP_VARIABLES.record]: recordFile }),
      },
    })
  }

  function watch(started: ChildProcess): Promise<void> {
    let words = ''
    started.stderr?.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-2_000)))
    return new Promise((resolve) => {
      started.once('exit', (code, signal) => {
        resolve()
        if (signal === 'SIGKILL' && !stopping) {
          kills += 1
          child = start(false)
          ended = watch(child)
        } else if (!stopping || (code !== 0 && signal !== 'SIGTERM')) {
          // One that is told to end before it could listen to that ends by the signal.
          failure = `the daemon ended with ${signal ?? code}: ${words.trim()}`
        }
      })
    })
  }

  async function stop(): Promise<void> {
    stopping = true
    const timer = setTimeout(() => child.kill('SIGKILL'), 12_000)
    child.kill('SIGTERM')
    await ended
    clearTimeout(timer)
  }

  return {
    kills: () => kills,
    failure: () => failure,
    async skip(ms) {
      await stop()
      stopping = false
      aheadMs = ms
      child = start(false)
      ended = watch(child)
    },
    stop,
  }
}
