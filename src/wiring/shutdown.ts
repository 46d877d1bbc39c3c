/** In which order does everything stop? One LIFO stack: what was opened last is closed first, each within a deadline. */
import type { Logger } from '../ports.js'

export type Closer = () => Promise<void> | void

const DEADLINE_MS = 10_000

/** Never throws; a part that fails or is late does not keep the others open. */
export async function closeInOrder(closers: readonly Closer[], log: Logger): Promise<void> {
  for (const close of [...closers].reverse()) {
    let timer: NodeJS.Timeout | undefined
    const deadline = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), DEADLINE_MS)
    })
    const closed = (async () => close())().then(
      () => 'closed' as const,
      (error: unknown) => {
        log.warn({ reason: error instanceof Error ? error.message : 'unknown' }, 'a part did not stop cleanly')
        return 'failed' as const
      },
    )
    const outcome = await Promise.race([closed, deadline])
    clearTimeout(timer)
    if (outcome === 'late') log.warn({}, 'a part did not stop in time')
  }
}
