/** What is fuzzed? Each target makes an input from chance and gives it to the real code, which must answer and never throw. */
import type { Random } from '../support/mutations.js'

export interface Target {
  readonly name: string
  /** Its share of all inputs, beside those of the others. */
  readonly share: number
  /** Makes the input and tries it. What is thrown is a crash; so is a promise that is rejected, here or behind our back. */
  readonly run: (random: Random) => void | Promise<void>
  /** Forgets what has gathered: called now and then, so that memory tells of leaks only. */
  readonly renew?: () => void | Promise<void>
}

/** A promise of the code was not kept. */
export function must(condition: boolean, claim: string): void {
  if (!condition) throw new Error(`not so: ${claim}`)
}
