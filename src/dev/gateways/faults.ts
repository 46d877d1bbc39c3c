/** How does a gateway fail on demand? Faults wait in line for the place where they strike; each strikes once. */

/**
 * A number is the status of the answer; 402 is a new challenge. `reset`: the connection breaks before anything is executed. `hang`: no
 * answer ever. `resetAfterExecuting`: the API does its work and the connection breaks before a byte of its answer. `cutShort`: it
 * breaks in the middle of the answer.
 */
export type Fault = number | 'reset' | 'hang' | 'resetAfterExecuting' | 'cutShort'

/** `challenge`: a request that would be answered with an invoice. `call`: one that was admitted. `status`: a status page. */
export type FaultPlace = 'challenge' | 'call' | 'status'

export interface FaultLine {
  readonly add: (fault: Fault, options?: { readonly at?: FaultPlace; readonly times?: number }) => void
  take(place: FaultPlace): Fault | null
  clear(): void
}

export function createFaultLine(): FaultLine {
  const lines: Record<FaultPlace, Fault[]> = { challenge: [], call: [], status: [] }
  return {
    add(fault, { at = 'call', times = 1 } = {}) {
      for (let i = 0; i < times; i++) lines[at].push(fault)
    },
    take: (place) => lines[place].shift() ?? null,
    clear() {
      for (const line of Object.values(lines)) line.length = 0
    },
  }
}
