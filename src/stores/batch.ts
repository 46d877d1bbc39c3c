/** Which changes wait for one flush, and what was there before them? */
import type { StoredRecord } from './records.js'

export interface Batch {
  /** Keys whose records are to be written: each once, with its value at the time of writing. */
  readonly keys: Set<string>
  /** The last durable value of each key that was saved, for the case that the write fails. */
  readonly undo: Map<string, StoredRecord | undefined>
  /** Somebody waits, or the time has come. */
  wanted: boolean
  /** Settles with the flush, for all who wait. */
  readonly done: Promise<void>
  resolve(): void
  reject(error: unknown): void
}

export function createBatch(): Batch {
  let resolve!: () => void
  let reject!: (error: unknown) => void
  const done = new Promise<void>((yes, no) => {
    resolve = yes
    reject = no
  })
  done.catch(() => undefined) // a flush of notes only has nobody who waits; the journal logs every failure
  return { keys: new Set(), undo: new Map(), wanted: false, done, resolve, reject }
}
