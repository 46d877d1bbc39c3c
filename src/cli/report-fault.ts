/** What does the operator read when a command fails? One sentence where we know what happened; a stack only for a bug. */
import { CommanderError } from 'commander'
import { TollbridgeError } from '../core/errors.js'
import { EXIT, exitCodeOf } from './exit-codes.js'
import type { Output } from './output.js'

/** Says what is wrong and returns the exit code. */
export function reportFault(error: unknown, output: Output): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  if (error instanceof TollbridgeError) {
    output.object({ type: 'fault', code: error.code, message: error.message })
    output.say(error.message)
    return exitCodeOf(error.code)
  }
  if (isSystemError(error)) {
    output.object({ type: 'fault', code: error.code, message: error.message })
    output.say(error.message)
    return EXIT.failed
  }
  output.say(error instanceof Error ? (error.stack ?? error.message) : 'unknown fault')
  return EXIT.failed
}

/** What the operating system refused: its message names the call and the path, and where in our code it was adds nothing. */
const isSystemError = (error: unknown): error is NodeJS.ErrnoException & { readonly code: string } =>
  error instanceof Error && 'syscall' in error && 'code' in error && typeof error.code === 'string'
