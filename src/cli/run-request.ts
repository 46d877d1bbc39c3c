/** In what surroundings do `tollbridge request` and `hire` run? This process: its environment, its home, its output and its signals. */
import { homedir } from 'node:os'
import { systemClock } from '../system/system-clock.js'
import { silentLog } from './log.js'
import type { Output } from './output.js'
import type { RequestOptions } from './request-plan.js'
import { request, type RequestWorld } from './request.js'
import { bodyFor } from './terminal.js'

/** The first SIGINT or SIGTERM ends the request in order; what it had begun is on disk. */
export const runRequest = (options: RequestOptions, output: Output): Promise<number> =>
  inThisProcess(output, (world) => request(options, world))

export async function inThisProcess(output: Output, run: (world: RequestWorld) => Promise<number>): Promise<number> {
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  try {
    return await run({
      env: process.env,
      homeDirectory: homedir(),
      output,
      writeBody: (body) => void process.stdout.write(bodyFor(process.stdout, body)),
      clock: systemClock,
      log: silentLog,
      signal: stopping.signal,
    })
  } finally {
    process.off('SIGINT', stop)
    process.off('SIGTERM', stop)
  }
}
