/** A child process that tries for the lease: says `held` with the winner's words or `refused`, and holds until killed. */
import { acquireLease } from '../../../src/stores/lease.js'

const [, , directory = '', run = '', go = ''] = process.argv
setInterval(() => undefined, 60_000) // keeps a holder alive
const tryForIt = async (): Promise<void> => {
  try {
    await acquireLease(directory, { run })
    process.send?.({ type: 'held', pid: process.pid })
  } catch (error) {
    process.send?.({ type: 'refused', code: (error as { code?: string }).code, message: (error as Error).message })
  }
}
process.on('message', () => void tryForIt())
process.send?.({ type: 'ready' })
if (go === 'now') void tryForIt()
