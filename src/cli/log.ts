/** Where do log events go? To stderr as JSON lines; nothing secret is ever passed to them. */
import { pino } from 'pino'
import type { Logger } from '../ports.js'
import type { Output } from './output.js'

export interface ProcessLog extends Logger {
  /** Writes out what is buffered; call before the process ends. */
  flush(): void
}

export function createLog(level: string): ProcessLog {
  const destination = pino.destination({ fd: 2, sync: false })
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, destination)
  return {
    debug: (fields, event) => log.debug(fields, event),
    info: (fields, event) => log.info(fields, event),
    warn: (fields, event) => log.warn(fields, event),
    error: (fields, event) => log.error(fields, event),
    flush() {
      try {
        destination.flushSync()
      } catch {
        // The stream was not open yet or is gone: there is nothing to save.
      }
    },
  }
}

export const silentLog: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** For a command that is done in a moment: only what the operator must act on, as words. */
export const createSayingLog = (output: Pick<Output, 'say'>): Logger => ({
  ...silentLog,
  warn: (fields, event) => output.say(`${event} ${Object.values(fields).join(' ')}`.trimEnd()),
})
