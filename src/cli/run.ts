/** `tollbridge run`: the daemon, until it is told to stop. */
import { systemClock } from '../system/system-clock.js'
import { loadConfig } from '../config/load.js'
import { startDaemon } from '../daemon.js'
import { createLog } from './log.js'
import { createNotify, startWatchdog, watchdogPeriod } from './watchdog.js'

/** Resolves with the exit code after SIGTERM or SIGINT; a second signal ends the process at once. */
export async function run(file: string): Promise<number> {
  const config = await loadConfig(file)
  const log = createLog(config.logLevel)
  // A library's stray rejection must not take paid jobs down with it; it is a bug all the same, and said.
  process.on('unhandledRejection', (reason) => {
    log.error({ reason: reason instanceof Error ? reason.name : 'unknown' }, 'unhandled rejection')
  })
  const start = new AbortController()
  const stopped = untilSignalled(start.signal)
  const daemon = await startDaemon(config, log).catch((error: unknown) => {
    start.abort()
    log.flush()
    throw error
  })
  const notify = createNotify(process.env, log)
  const periodMs = watchdogPeriod(process.env, process.pid)
  notify?.('READY=1')
  const endWatch =
    notify && periodMs !== null
      ? startWatchdog({ notify, periodMs, feel: () => daemon.pulse(), clock: systemClock, log })
      : null
  await stopped
  notify?.('STOPPING=1')
  endWatch?.()
  log.info({}, 'stopping')
  process.once('SIGTERM', () => process.exit(1))
  process.once('SIGINT', () => process.exit(1))
  await daemon.stop()
  log.flush()
  return 0
}

/** Resolves at the first SIGTERM or SIGINT, and keeps the process alive until then; `abort` ends both, for a start that failed. */
export function untilSignalled(abort?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const keepAlive = setInterval(() => {}, 2 ** 30)
    const stop = () => {
      clearInterval(keepAlive)
      process.off('SIGTERM', stop)
      process.off('SIGINT', stop)
      resolve()
    }
    abort?.addEventListener('abort', stop)
    process.on('SIGTERM', stop)
    process.on('SIGINT', stop)
  })
}
