/** In what surroundings does `tollbridge hire` run? This process: its environment, its home, its output and its signals. */
import { hire } from './hire.js'
import type { HireOptions } from './hire-plan.js'
import type { Output } from './output.js'
import { inThisProcess } from './run-request.js'

/** The first SIGINT or SIGTERM ends the run in order; what it had begun is on disk. */
export const runHire = (options: HireOptions, output: Output): Promise<number> =>
  inThisProcess(output, (world) => hire(options, world))
