/** When does the journal become a snapshot? Generations of journals, so that a crash at any point loses and doubles nothing. */
import type { Logger } from '../ports.js'
import type { Disk } from './disk.js'
import { createHighWaterMark } from './high-water.js'
import { openJournalFile } from './journal-file.js'
import type { RecordCodec, Records } from './records.js'
import { writeSnapshot } from './snapshot.js'
import { journalName, type State } from './state-files.js'

export interface Compaction {
  /** Durable when resolved; one call at a time. */
  append(bytes: Uint8Array): Promise<void>
  /** Between two appends: where the journal has grown large, opens the next one and writes a snapshot in the background. */
  rotateIfLarge(records: Records): Promise<void>
  /** Waits for a snapshot under way. */
  stop(): Promise<void>
}

export interface CompactionOptions {
  readonly disk: Disk
  readonly directory: string
  readonly codec: RecordCodec
  readonly keyCheck: string
  readonly log: Logger
  readonly compactBytes?: number
  /** What was found on disk; null for a new store. */
  readonly state: State | null
}

const COMPACT_BYTES = 16 * 1024 * 1024

export async function createCompaction(options: CompactionOptions): Promise<Compaction> {
  const { disk, directory, codec, keyCheck, log, state } = options
  const least = options.compactBytes ?? COMPACT_BYTES
  const pathOf = (generation: number): string => `${directory}/${journalName(generation)}`

  let generation = state?.generation ?? 1
  let snapshotBytes = state?.snapshotBytes ?? 0
  let olderBytes = state?.olderBytes ?? 0
  let oldest = state?.oldest ?? generation
  let notBelow = 0
  let compacting: Promise<void> | null = null

  let journal = await openJournalFile(disk, {
    path: pathOf(generation),
    end: state?.journalEnd ?? 0,
    torn: state?.torn ?? false,
  })
  for (const name of state?.obsolete ?? []) await disk.remove(`${directory}/${name}`)
  if (!state) {
    // ORDER: the journal's name is durable before the snapshot that asks for it.
    await disk.syncDirectory(directory)
    snapshotBytes = await writeSnapshot({ disk, directory, codec, keyCheck, generation, records: new Map() })
  }

  const mark = createHighWaterMark(disk, directory)
  const raiseMark = (): void => mark.raise({ generation, bytes: journal.size })
  raiseMark()

  async function rotate(): Promise<void> {
    const path = pathOf(generation + 1)
    const next = await openJournalFile(disk, { path, end: 0, torn: true })
    try {
      // ORDER: the new journal's name is durable before a line goes into it; its lines would be lost with it.
      await disk.syncDirectory(directory)
    } catch (error) {
      await next.close()
      await disk.remove(path)
      throw error
    }
    const previous = journal
    journal = next
    generation++
    olderBytes += previous.size
    await previous.close()
  }

  async function compact(records: Records): Promise<void> {
    const from = generation
    const covered = olderBytes
    snapshotBytes = await writeSnapshot({ disk, directory, codec, keyCheck, generation: from, records })
    // ORDER: older journals go only when the snapshot that holds them is durable under its name.
    olderBytes -= covered
    for (; oldest < from; oldest++) await disk.remove(pathOf(oldest))
    log.debug({ snapshotBytes, generation: from }, 'store-compacted')
  }

  return {
    async append(bytes) {
      await journal.append(bytes)
      raiseMark()
    },
    async rotateIfLarge(records) {
      const bytes = olderBytes + journal.size
      if (compacting || bytes <= Math.max(least, 2 * snapshotBytes, notBelow)) return
      try {
        await rotate()
      } catch (error) {
        notBelow = bytes + least
        log.warn({ reason: String(error) }, 'store-compaction-failed')
        return
      }
      compacting = compact(records)
        .catch((error: unknown) => {
          notBelow = bytes + least // a chain of journals is as good, only longer: no hurry to try again
          log.warn({ reason: String(error) }, 'store-compaction-failed')
        })
        .finally(() => {
          compacting = null
        })
    },
    async stop() {
      await compacting
      await mark.stop()
      await journal.close()
    },
  }
}
