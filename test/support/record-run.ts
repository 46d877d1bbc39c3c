/** What does a command of the customer's side say while it runs? Run as the command line would, with everything that it says kept. */
import type { Output } from '../../src/cli/output.js'
import type { RequestWorld } from '../../src/cli/request.js'
import { createReadableLog, systemClock } from './pool-fixture.js'

/** A line of JSON. */
export interface Told {
  readonly type: string
  readonly [field: string]: unknown
}

/** `said` is what went to stderr, `data` and `body` what went to stdout. */
export function recordRun(
  command: (world: RequestWorld) => Promise<number>,
  { homeDirectory, json = true }: { readonly homeDirectory: string; readonly json?: boolean },
) {
  const lines: Told[] = []
  const said: string[] = []
  const data: string[] = []
  const body: Uint8Array[] = []
  const watchers = new Set<() => void>()
  const output: Output = {
    json,
    data: (text) => void data.push(text),
    object(value) {
      lines.push(value as Told)
      for (const look of watchers) look()
    },
    say: (text) => void said.push(text),
  }
  const abort = new AbortController()
  const log = createReadableLog()
  const exit = command({
    ...{ env: {}, homeDirectory, output, clock: systemClock, log, signal: abort.signal },
    writeBody: (bytes) => void body.push(bytes),
  })
  return {
    exit,
    lines,
    said,
    data,
    body,
    log,
    stop: () => abort.abort(),
    told: (type: string) => lines.filter((line) => line.type === type),
    /** Resolves with the first line of that type. */
    until: (type: string) =>
      new Promise<Told>((resolve) => {
        const look = () => {
          const found = lines.find((line) => line.type === type)
          if (found === undefined) return
          watchers.delete(look)
          resolve(found)
        }
        watchers.add(look)
        look()
      }),
  }
}
