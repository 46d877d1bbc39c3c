/** How far was the journal acknowledged? A mark beside it tells a journal that somebody cut short from one that a crash left short. */
import { crc32 } from 'node:zlib'
import { TollbridgeError } from '../core/errors.js'
import { writeAll, type Disk, type DiskFile } from './disk.js'
import { journalName, SNAPSHOT, type State } from './state-files.js'

/** So many bytes of that journal are durable. */
export interface Position {
  readonly generation: number
  readonly bytes: number
}

export interface HighWaterMark {
  /** Returns at once. Positions that come while one is being written are skipped but for the last. */
  raise(position: Position): void
  /** Waits for the last position. */
  stop(): Promise<void>
}

export const HIGH_WATER = 'acknowledged'
const LINE = /^([0-9a-f]{8}) ((\d{15}) (\d{15}))\n$/
const LINE_BYTES = 41

/** Always of one length, so that it is overwritten in place and a full disk does not matter. */
function lineOf({ generation, bytes }: Position): Buffer {
  const text = [generation, bytes].map((number) => String(number).padStart(15, '0')).join(' ')
  return Buffer.from(`${crc32(text).toString(16).padStart(8, '0')} ${text}\n`)
}

/**
 * ORDER: raised after the sync of what it speaks of, and never synced itself. A crash leaves it behind the journal, never before it:
 * it can miss a loss, and cannot make one up.
 */
export function createHighWaterMark(disk: Disk, directory: string): HighWaterMark {
  let file: DiskFile | null = null
  let next: Position | null = null
  let running: Promise<void> | null = null

  async function run(): Promise<void> {
    try {
      file ??= await disk.open(`${directory}/${HIGH_WATER}`, 'edit')
      for (let position = next; position !== null; position = next) {
        next = null
        await writeAll(file, lineOf(position), 0)
      }
    } catch {
      next = null // the mark stays behind: all it costs is the check
    }
    running = null
  }

  return {
    raise(position) {
      next = position
      running ??= run()
    },
    async stop() {
      await running
      await file?.close()
      file = null
    },
  }
}

/** @throws TollbridgeError `store-corrupt` where less is there than was acknowledged. */
export async function checkHighWater(disk: Disk, directory: string, state: State | null): Promise<void> {
  const mark = await readMark(disk, directory)
  if (mark === null) return
  const refuse = (name: string, why: string): never => {
    const wayOut = `bring it back, or remove ${directory}/${HIGH_WATER} to go on without what is missing`
    throw new TollbridgeError('store-corrupt', `${directory}/${name} ${why}: ${wayOut}`)
  }
  if (state === null) return refuse(SNAPSHOT, 'is missing')
  const journal = journalName(mark.generation)
  if (state.generation < mark.generation) return refuse(journal, 'is missing')
  if (state.generation === mark.generation && state.journalEnd < mark.bytes) {
    refuse(journal, `was cut short (${mark.bytes} bytes were acknowledged, ${state.journalEnd} can be read)`)
  }
}

/** Null where there is none that can be read: a crash may have come between its bytes. */
async function readMark(disk: Disk, directory: string): Promise<Position | null> {
  if (!(await disk.names(directory)).includes(HIGH_WATER)) return null
  const file = await disk.open(`${directory}/${HIGH_WATER}`, 'read')
  try {
    const line = Buffer.alloc(LINE_BYTES)
    const count = await file.read(line, 0)
    const [, check, text = '', generation, bytes] = LINE.exec(line.toString('latin1', 0, count)) ?? []
    if (check === undefined || parseInt(check, 16) !== crc32(text)) return null
    return { generation: Number(generation), bytes: Number(bytes) }
  } finally {
    await file.close()
  }
}
