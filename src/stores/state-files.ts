/** What state lies on disk? A snapshot, and the journals written since; read whole, and nothing is changed. */
import { TollbridgeError } from '../core/errors.js'
import type { Disk, DiskFile } from './disk.js'
import { corruptLine, readFrames } from './framing.js'
import type { RecordCodec, Records } from './records.js'

export const SNAPSHOT = 'snapshot.jsonl'
export const journalName = (generation: number): string => `journal-${generation}.jsonl`
const JOURNAL = /^journal-([1-9][0-9]{0,14})\.jsonl$/
const FORMAT = 1

/** First line of a snapshot. The journals from `generation` on belong to it. */
export interface SnapshotHeader {
  readonly tollbridge: 'snapshot'
  readonly format: number
  readonly generation: number
  /** Confirms the sealing key. */
  readonly keyCheck: string
}
export const buildHeader = (generation: number, keyCheck: string): SnapshotHeader => ({
  tollbridge: 'snapshot',
  format: FORMAT,
  generation,
  keyCheck,
})

/** Last line of a snapshot: without it the snapshot was cut short. */
export interface SnapshotTrailer {
  readonly records: number
}

export interface State {
  readonly records: Records
  readonly keyCheck: string
  readonly snapshotBytes: number
  /** The first journal that the snapshot does not hold, and the last, which is appended to. */
  readonly oldest: number
  readonly generation: number
  /** Bytes of the last journal that hold whole lines. */
  readonly journalEnd: number
  /** Whether something follows them. */
  readonly torn: boolean
  /** Bytes of earlier journals that the snapshot does not hold yet. */
  readonly olderBytes: number
  /** Journals that the snapshot holds already. */
  readonly obsolete: readonly string[]
}

export interface ReadStateOptions {
  readonly disk: Disk
  readonly directory: string
  readonly codec: Pick<RecordCodec, 'decode'>
  /** Called before the first record: throws where the key is another. */
  readonly checkKey?: (keyCheck: string) => void
}

/** Null where nothing was ever stored. @throws TollbridgeError `store-corrupt`, naming file and line. */
export async function readState({ disk, directory, codec, checkKey }: ReadStateOptions): Promise<State | null> {
  const opened: DiskFile[] = []
  const open = async (name: string): Promise<DiskFile> => {
    const file = await disk.open(`${directory}/${name}`, 'read')
    opened.push(file)
    return file
  }
  try {
    const before = await journalsIn(disk, directory)
    if (!(await disk.names(directory)).includes(SNAPSHOT)) {
      // A crash while the store was first made leaves an empty journal and no snapshot.
      for (const generation of before) {
        const size = await (await open(journalName(generation))).size()
        if (size > 0) throw new TollbridgeError('store-corrupt', `${directory}/${SNAPSHOT} is missing`)
      }
      return null
    }
    const snapshot = await open(SNAPSHOT)
    const records: Records = new Map()
    const header = await readSnapshot(snapshot, `${directory}/${SNAPSHOT}`, {
      records,
      codec,
      ...(checkKey && { checkKey }),
    })

    // ORDER: all journals are opened before any is read: one that had a successor by then is complete, and a daemon that writes
    // and compacts meanwhile cannot make us skip lines.
    const found = await journalsIn(disk, directory)
    const chain = found.filter((generation) => generation >= header.generation)
    chain.forEach((generation, index) => {
      if (generation !== header.generation + index) missing(directory, header.generation + index)
    })
    if (chain.length === 0) missing(directory, header.generation)
    const journals = await Promise.all(chain.map((generation) => open(journalName(generation))))

    let olderBytes = 0
    let last = { end: 0, torn: false }
    for (const [index, file] of journals.entries()) {
      const path = `${directory}/${journalName(header.generation + index)}`
      olderBytes += last.end
      last = await readJournal(file, path, { records, codec })
      if (last.torn && index < journals.length - 1) {
        throw new TollbridgeError('store-corrupt', `${path} was cut short although a later journal exists`)
      }
    }
    return {
      records,
      keyCheck: header.keyCheck,
      snapshotBytes: await snapshot.size(),
      oldest: header.generation,
      generation: header.generation + chain.length - 1,
      journalEnd: last.end,
      torn: last.torn,
      olderBytes,
      obsolete: found.filter((generation) => generation < header.generation).map(journalName),
    }
  } finally {
    await Promise.all(opened.map((file) => file.close()))
  }
}

function missing(directory: string, generation: number): never {
  throw new TollbridgeError('store-corrupt', `${directory}/${journalName(generation)} is missing`)
}

async function journalsIn(disk: Disk, directory: string): Promise<number[]> {
  const generations = (await disk.names(directory)).map((name) => Number(JOURNAL.exec(name)?.[1] ?? 0))
  return generations.filter((generation) => generation > 0).sort((a, b) => a - b)
}

interface Into {
  readonly records: Records
  readonly codec: Pick<RecordCodec, 'decode'>
  readonly checkKey?: (keyCheck: string) => void
}

async function readSnapshot(file: DiskFile, path: string, { records, codec, checkKey }: Into): Promise<SnapshotHeader> {
  let header: SnapshotHeader | null = null
  let trailer: SnapshotTrailer | null = null
  let lines = 0
  const { torn } = await readFrames(file, path, (value) => {
    lines++
    if (header === null) {
      header = value as SnapshotHeader
      if (header.format !== FORMAT) throw corruptLine(path, 1, 'the format is not one that this version reads')
      checkKey?.(header.keyCheck)
      return
    }
    if (trailer) throw corruptLine(path, lines, 'something follows the trailer')
    if (!Array.isArray(value)) {
      trailer = value as SnapshotTrailer
      return
    }
    set(records, value, codec)
  })
  const end = trailer as SnapshotTrailer | null
  if (torn || header === null || end === null || end.records !== lines - 2) {
    throw corruptLine(path, lines + 1, 'the snapshot was cut short')
  }
  return header
}

async function readJournal(file: DiskFile, path: string, { records, codec }: Into) {
  return readFrames(file, path, (value) => {
    const entry = value as [string, unknown?]
    if (entry.length === 1) records.delete(entry[0])
    else set(records, entry, codec)
  })
}

function set(records: Records, entry: unknown[], codec: Pick<RecordCodec, 'decode'>): void {
  const [key, parsed] = entry as [string, unknown]
  records.set(key, codec.decode(key, parsed))
}
