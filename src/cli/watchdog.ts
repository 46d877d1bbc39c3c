/** Does systemd know that we are well? READY, WATCHDOG and STOPPING, each told only when it is true (sd_notify, `Type=notify`). */
import { spawn } from 'node:child_process'
import type { Millis } from '../core/identifiers.js'
import type { Clock, Logger } from '../ports.js'

export type Notify = (state: string) => void

/** A timer that fires so much too late was held up by a loop that does nothing else. */
const MOST_LAG_MS = 5_000
const NOTIFIED_WITHIN_MS = 10_000

/**
 * Tells the service manager by way of its own program: Node has no datagrams over Unix sockets. Null where nobody waits for news.
 * The program is waited for by nobody either; it gets the environment that it needs and no secret.
 */
export function createNotify(
  environment: Readonly<Record<string, string | undefined>>,
  log: Logger,
  program = 'systemd-notify',
): Notify | null {
  const { NOTIFY_SOCKET, PATH } = environment
  if (!NOTIFY_SOCKET) return null
  const env = { NOTIFY_SOCKET, ...(PATH === undefined ? {} : { PATH }) }
  return (state) => {
    const child = spawn(program, [state], { stdio: 'ignore', env, timeout: NOTIFIED_WITHIN_MS })
    child.unref()
    child.on('error', (error) => log.warn({ reason: error.message }, 'service manager not notified'))
    child.on('exit', (code) => {
      if (code !== 0) log.warn({ code }, 'service manager not notified')
    })
  }
}

/** How often the service manager wants to hear from this process; null where it does not. */
export function watchdogPeriod(environment: Readonly<Record<string, string | undefined>>, pid: number): Millis | null {
  const { WATCHDOG_USEC, WATCHDOG_PID } = environment
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(pid)) return null
  const milliseconds = Math.floor(Number(WATCHDOG_USEC ?? NaN) / 1000)
  return milliseconds > 0 ? milliseconds : null
}

/** Tells three times a period that all is well, while it is. Returns the way to stop. */
export function startWatchdog(wiring: {
  readonly notify: Notify
  readonly periodMs: Millis
  /** What is wrong, or null. What does not resolve is wrong. */
  readonly feel: () => Promise<string | null>
  readonly clock: Clock
  readonly log: Logger
}): () => void {
  const { notify, periodMs, feel, clock, log } = wiring
  const everyMs = Math.max(1, Math.floor(periodMs / 3))
  let due = 0
  let cancel: () => void = () => undefined
  let feeling = false

  function schedule(): void {
    due = clock.now() + everyMs
    cancel = clock.after(everyMs, look)
  }

  function look(): void {
    const lag = clock.now() - due
    schedule()
    if (lag > Math.min(MOST_LAG_MS, everyMs)) return log.warn({ lagMs: lag }, 'watchdog: the event loop is held up')
    if (feeling) return log.warn({}, 'watchdog: the last look has not ended')
    feeling = true
    void feel().then((wrong) => {
      feeling = false
      if (wrong === null) notify('WATCHDOG=1')
      else log.error({ reason: wrong }, 'watchdog: not well')
    })
  }

  schedule()
  return () => cancel()
}
