/** How is the daemon killed at a chosen place? The real daemon over real adapters, each wrapped by decorators that may end the process. */
import { appendFileSync } from 'node:fs'
import { openAdapters } from '../../src/wiring/adapters.js'
import { loadConfig } from '../../src/config/load.js'
import { runDaemon } from '../../src/daemon.js'
import type { Logger } from '../../src/ports.js'
import { setClockAhead } from './kill/clock-ahead.js'
import { decorateAdapters } from './kill/decorate.js'
import { createTrap } from './kill/trap.js'

/** Short, so that what is tried again is tried again soon. */
const TIMINGS = { retryMs: 100, lookMs: 500 }

/** Written through at once: the last words before a kill are there to be read. */
function createFileLog(file: string): Logger {
  const say = (fields: object, event: string) =>
    appendFileSync(file, `${new Date().toISOString()} ${event} ${JSON.stringify(fields)}\n`)
  return { debug: say, info: say, warn: say, error: say }
}

const [configFile = '', logFile = ''] = process.argv.slice(2)
const log = createFileLog(logFile)
const config = await loadConfig(configFile)
const adapters = await openAdapters(config, log)
setClockAhead(adapters.clock, process.env)
decorateAdapters(adapters, createTrap(process.env))
const daemon = await runDaemon(config, adapters, TIMINGS)
// Keeps the process alive, and ends it with the one that started it.
process.stdin.resume().once('end', () => process.exit(0))
process.once('SIGTERM', () => {
  process.stdin.destroy()
  void daemon.stop()
})
