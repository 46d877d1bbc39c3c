/** Up to when has a relay told a subscription everything? Cursors that move forward only, saved at most once a second. */
import type { Clock, JobStore } from '../ports.js'
import type { Seconds } from '../core/identifiers.js'

const SAVE_EVERY_MS = 1_000

export type CursorStore = Pick<JobStore, 'cursor' | 'putCursor'>

export interface RelayCursors {
  read(key: string): Seconds | undefined
  /** Never back, never beyond now; NaN is no time. */
  advance(key: string, seconds: Seconds): void
  save(): void
}

export function createRelayCursors({ cursors, clock }: { cursors: CursorStore; clock: Clock }): RelayCursors {
  const unsaved = new Map<string, Seconds>()
  let cancelSave: (() => void) | null = null

  const read = (key: string) => unsaved.get(key) ?? cursors.cursor(key)

  const save = () => {
    cancelSave?.()
    cancelSave = null
    for (const [key, seconds] of unsaved) cursors.putCursor(key, seconds)
    unsaved.clear()
  }

  const advance = (key: string, seconds: Seconds) => {
    // An event dated into the future says nothing about the time between now and then.
    const reached = Math.min(seconds, Math.floor(clock.now() / 1_000))
    if (!(reached > (read(key) ?? 0))) return
    unsaved.set(key, reached)
    cancelSave ??= clock.after(SAVE_EVERY_MS, save)
  }

  return { read, advance, save }
}
