/** How do records become durable? A lowdb adapter: a snapshot, an append-only journal, one flush for all who wait. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Adapter } from 'lowdb'
import { TollbridgeError } from '../core/errors.js'
import type { Clock, Logger } from '../ports.js'
import { createBatch, type Batch } from './batch.js'
import { createCompaction } from './compaction.js'
import { isDiskFull, storeFault, type Disk } from './disk.js'
import { createFrameBuffer } from './framing.js'
import { checkHighWater } from './high-water.js'
import type { RecordCodec, Records, StoredRecord } from './records.js'
import { readState, type State } from './state-files.js'

/** lowdb's adapter, and beside it what lowdb has no words for: which records changed. */
export interface Journal extends Adapter<Records> {
  /** Reads the disk and changes nothing on it. */
  read(): Promise<Records>
  /** Repairs a torn end and opens the journal for writing. After `read`, before `write`. */
  start(records: Records): Promise<void>
  /** This record was changed by a save; `before` comes back if the save fails. Then call `write`. */
  saved(key: string, before: StoredRecord | undefined): void
  /** This record was changed and nobody waits: it is written with the next flush, and within 100 ms anyhow. */
  noted(key: string): void
  /** Durable when resolved: everything marked before. Calls that wait share one write and one sync. */
  write(records: Records): Promise<void>
  stop(): Promise<void>
}

export interface JournalOptions {
  readonly disk: Disk
  readonly directory: string
  readonly codec: RecordCodec
  readonly keyCheck: string
  readonly checkKey: (keyCheck: string) => void
  readonly clock: Clock
  readonly log: Logger
  /** The disk is full: give back what was kept for this hour. */
  readonly onFull: () => Promise<void>
  /** Journals smaller than this are never compacted; default 16 MB. */
  readonly compactBytes?: number
}

const NOTE_DELAY_MS = 100
/** Notes that could not be written are tried again after this time, or with the next save. */
const NOTE_RETRY_MS = 2_000
/** Records encoded between two turns of the event loop. */
const SLICE = 128

export function createJournal(options: JournalOptions): Journal {
  const { disk, directory, codec, clock, log } = options
  const frames = createFrameBuffer()
  let records: Records = new Map()
  let state: State | null = null
  let files: Awaited<ReturnType<typeof createCompaction>> | null = null
  let waiting: Batch = createBatch()
  let flushing: Batch | null = null
  let running: Promise<void> | null = null
  let cancelTimer: (() => void) | null = null

  const wake = (): void => {
    waiting.wanted = true
    running ??= run()
  }
  const wakeLater = (delayMs: number): void => {
    cancelTimer ??= clock.after(delayMs, () => {
      cancelTimer = null
      wake()
    })
  }

  async function run(): Promise<void> {
    // One turn of the loop: whoever saves in it, or goes on from the flush that just ended, joins this flush.
    await nextTurn()
    while (waiting.wanted) {
      const batch = waiting
      flushing = batch
      waiting = createBatch()
      cancelTimer?.()
      cancelTimer = null
      try {
        await flush(batch)
        batch.resolve()
      } catch (error) {
        await fail(batch, error)
      }
      flushing = null
      await nextTurn()
    }
    running = null
  }

  async function flush(batch: Batch): Promise<void> {
    if (!files) throw new TollbridgeError('store-closed', 'the store is closed')
    if (batch.keys.size === 0) return
    await files.rotateIfLarge(records)
    try {
      await encode(batch)
      await files.append(frames.bytes())
    } finally {
      frames.clear()
    }
  }

  async function encode(batch: Batch): Promise<void> {
    let encoded = 0
    for (const key of batch.keys) {
      try {
        frames.add(encodeEntry(key, records.get(key)))
      } catch (error) {
        batch.keys.delete(key) // it can never be written: a fault of ours, which must not hold up the others for ever
        throw error
      }
      if (++encoded % SLICE === 0) await nextTurn()
    }
  }

  const encodeEntry = (key: string, record: StoredRecord | undefined): string =>
    record === undefined ? `[${JSON.stringify(key)}]` : `[${JSON.stringify(key)},${codec.encode(key, record)}]`

  /** Puts back what was durable, except below a save that still waits: that one holds the whole record. */
  async function fail(batch: Batch, error: unknown): Promise<void> {
    for (const [key, before] of batch.undo) {
      if (waiting.undo.has(key)) waiting.undo.set(key, before)
      else if (before === undefined) records.delete(key)
      else records.set(key, before)
    }
    // Written again with the next flush: notes are not lost, and a snapshot that saw the failed value is corrected.
    for (const key of batch.keys) waiting.keys.add(key)
    wakeLater(NOTE_RETRY_MS)
    const full = isDiskFull(error)
    log.error({ records: batch.keys.size, full, reason: String(error) }, 'store-write-failed')
    if (full) await options.onFull()
    batch.reject(storeFault(error))
  }

  return {
    async read() {
      state = await readState({ disk, directory, codec, checkKey: options.checkKey })
      await checkHighWater(disk, directory, state)
      records = state?.records ?? new Map<string, StoredRecord>()
      return records
    },
    async start(data) {
      records = data
      files = await createCompaction({ ...options, state })
      state = null
    },
    saved(key, before) {
      waiting.keys.add(key)
      if (!waiting.undo.has(key)) waiting.undo.set(key, before)
    },
    noted(key) {
      waiting.keys.add(key)
      wakeLater(NOTE_DELAY_MS)
    },
    write(data) {
      records = data
      if (waiting.keys.size === 0) return flushing?.done ?? Promise.resolve()
      const { done } = waiting
      wake()
      return done
    },
    async stop() {
      await running
      cancelTimer?.()
      cancelTimer = null
      await files?.stop()
      files = null
    },
  }
}
