/** Where does this process die? Every save and side effect passes a named point; at one of them it kills itself. */
import { appendFileSync } from 'node:fs'

/** The trap as it is handed to the process, in the environment. */
export const TRAP_VARIABLES = { point: 'CRASH_POINT', occurrence: 'CRASH_OCCURRENCE', record: 'CRASH_RECORD' } as const

export interface Trap {
  reach(point: string): void
  /** Reaches `point#before`, does the work, and reaches `point#after` when it is done. */
  around<T>(point: string, work: () => Promise<T>): Promise<T>
  aroundSync<T>(point: string, work: () => T): T
}

export function createTrap(environment: NodeJS.ProcessEnv): Trap {
  const point = environment[TRAP_VARIABLES.point]
  const occurrence = Number(environment[TRAP_VARIABLES.occurrence] ?? 1)
  const record = environment[TRAP_VARIABLES.record]
  let reached = 0

  function reach(name: string): void {
    if (record !== undefined) appendFileSync(record, `${name}\n`)
    if (name !== point) return
    reached += 1
    // No handler, no flush, no goodbye: the kernel takes the process away before this call returns.
    if (reached === occurrence) process.kill(process.pid, 'SIGKILL')
  }

  return {
    reach,
    async around(name, work) {
      reach(`${name}#before`)
      const result = await work()
      reach(`${name}#after`)
      return result
    },
    aroundSync(name, work) {
      reach(`${name}#before`)
      const result = work()
      reach(`${name}#after`)
      return result
    },
  }
}
