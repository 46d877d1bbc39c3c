/** How is the whole state written down without stopping the world? In slices, while saves go on. */
import { replaceFile, writeAll, type Disk } from './disk.js'
import { createFrameBuffer } from './framing.js'
import type { RecordCodec, Records } from './records.js'
import { buildHeader, SNAPSHOT, type SnapshotTrailer } from './state-files.js'

/** About two milliseconds of work between two turns of the event loop. */
const SLICE_BYTES = 128 * 1024

export interface SnapshotRequest {
  readonly disk: Disk
  readonly directory: string
  readonly codec: RecordCodec
  readonly keyCheck: string
  /** The journal whose lines are replayed over this snapshot, from its first. */
  readonly generation: number
  readonly records: Records
}

/**
 * Replaces the snapshot. The records may change meanwhile: every change after the call is in the journal of that generation,
 * which holds whole records, so replaying it over an older or newer value comes to the same. Returns the bytes written.
 */
export async function writeSnapshot(request: SnapshotRequest): Promise<number> {
  const { disk, directory, codec, keyCheck, generation, records } = request
  const fill: Parameters<typeof replaceFile>[1]['fill'] = async (file) => {
    const frames = createFrameBuffer()
    let position = 0
    let count = 0
    const writeOut = async (): Promise<void> => {
      const bytes = frames.bytes()
      await writeAll(file, bytes, position)
      position += bytes.length
      frames.clear()
    }
    frames.add(JSON.stringify(buildHeader(generation, keyCheck)))
    for (const [key, record] of records) {
      frames.add(`[${JSON.stringify(key)},${codec.encode(key, record)}]`)
      count++
      if (frames.bytes().length >= SLICE_BYTES) await writeOut()
    }
    const trailer: SnapshotTrailer = { records: count }
    frames.add(JSON.stringify(trailer))
    await writeOut()
    return position
  }
  return replaceFile(disk, { directory, name: SNAPSHOT, fill })
}
