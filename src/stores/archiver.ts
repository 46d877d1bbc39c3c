/** How does a job leave the live state? Into the archive and its index, durably, many at a time. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { appendToArchive, type ArchivedJob } from './archive.js'
import type { Disk } from './disk.js'
import type { RecordCodec } from './records.js'
import type { SeenIndex } from './seen-index.js'

export interface Archiver {
  /** Resolved when job and index entry are durable; calls that wait share their syncs. */
  put(entry: ArchivedJob): Promise<void>
  /** Waits for what is under way. */
  stop(): Promise<void>
}

export function createArchiver(options: {
  disk: Disk
  directory: string
  codec: RecordCodec
  seen: SeenIndex
}): Archiver {
  let waiting: ArchivedJob[] = []
  let next: Promise<void> | null = null
  let last: Promise<void> = Promise.resolve()

  async function run(previous: Promise<void>): Promise<void> {
    await previous.catch(() => undefined) // its own callers were told
    await nextTurn()
    const batch = waiting
    waiting = []
    next = null
    await appendToArchive(options, batch)
    // ORDER: the index follows the archive: an entry without a job would refuse a job id that was never served.
    await options.seen.add(batch.map(({ job, hashes }) => ({ id: job.id, hashes })))
  }

  return {
    put(entry) {
      waiting.push(entry)
      if (!next) {
        next = run(last)
        last = next
      }
      return next
    },
    async stop() {
      await last.catch(() => undefined) // as above
    },
  }
}
