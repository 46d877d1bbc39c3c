/** How high is the chain? Blocks come at a steady pace, and once in a while many at a time. */
import type { Agenda } from './agenda.js'

const START_HEIGHT = 800_000

export interface Chain {
  height(): number
  /** Runs when the height is reached; what is not wanted any more is not waited for. */
  at(height: number, run: () => void, isWanted: () => boolean): void
  /** The first call counts. */
  rushOnce(rush: { readonly afterMs: number; readonly blocks: number }): void
}

export function createChain(agenda: Agenda, blockMs: number): Chain {
  const startedAt = agenda.now()
  const waiting = new Set<{ readonly height: number; readonly run: () => void; readonly isWanted: () => boolean }>()
  let extra = 0
  let rushed = false
  const height = (): number => START_HEIGHT + extra + Math.floor((agenda.now() - startedAt) / blockMs)

  function look(): void {
    for (const entry of [...waiting]) {
      if (!entry.isWanted()) waiting.delete(entry)
      else if (entry.height <= height() && waiting.delete(entry)) entry.run()
    }
  }

  /** Block by block, so that nothing keeps the world from rest that is over. */
  function wait(): void {
    look()
    if (waiting.size > 0) agenda.after(blockMs, wait)
  }

  return {
    height,
    at(reached, run, isWanted) {
      const isFirst = waiting.size === 0
      waiting.add({ height: reached, run, isWanted })
      if (isFirst) agenda.after(blockMs, wait)
    },
    rushOnce({ afterMs, blocks }) {
      if (rushed) return
      rushed = true
      agenda.after(afterMs, () => {
        extra += blocks
        look()
      })
    },
  }
}
