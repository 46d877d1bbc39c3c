/** Which job ids and payment hashes are in the archive? A file of fixed-size records, held in memory as fingerprints. */
import { replaceFile, writeAll, type Disk, type DiskFile } from './disk.js'
import { FingerprintSet, fingerprintOf, type Fingerprint } from './fingerprint-set.js'

export interface SeenEntry {
  readonly id: string
  readonly hashes: readonly string[]
}

export interface SeenIndex {
  hasId(id: string): boolean
  hasHash(hash: string): boolean
  /** Records in the file. */
  readonly size: number
  /** Durable when resolved. What is there already is skipped. One call at a time. */
  add(entries: readonly SeenEntry[]): Promise<void>
  close(): Promise<void>
}

export const SEEN_FILE = 'seen.idx'
const MAGIC = Buffer.from('tollbridge seen1')
/** Four words of fingerprint, and one that checks them and tells the kind. */
const WORDS = 5
const RECORD_BYTES = WORDS * 4
const ID = 0x1d1d_1d1d
const HASH = 0x4a54_4a54

export interface SeenOptions {
  readonly disk: Disk
  readonly directory: string
  /** Fewer records than this in the file mean that it was cut short. */
  readonly expected: number
  /** Calls back with everything that is in the archive. */
  readonly everything: (onEntry: (id: string, hashes: readonly string[]) => void) => Promise<void>
  readonly onRebuild: (records: number) => void
}

/** Opens the index; where it is missing, cut short or damaged, makes it again from the archive and what can be read of it. */
export async function openSeenIndex(options: SeenOptions): Promise<SeenIndex> {
  const { disk, directory, expected } = options
  const ids = new FingerprintSet()
  const hashes = new FingerprintSet()
  const path = `${directory}/${SEEN_FILE}`

  const found = await readRecords(disk, { directory, ids, hashes })
  let size = found ?? 0
  if (found === null || found < expected) {
    await options.everything((id, itsHashes) => {
      ids.add(fingerprintOf(id))
      for (const hash of itsHashes) hashes.add(fingerprintOf(hash))
    })
    size = await rewrite(disk, { directory, ids, hashes })
    options.onRebuild(size)
  }

  let file: DiskFile | null = null
  return {
    hasId: (id) => ids.has(fingerprintOf(id)),
    hasHash: (hash) => hashes.has(fingerprintOf(hash)),
    get size() {
      return size
    },
    async add(entries) {
      const freshIds = unseen(
        ids,
        entries.map(({ id }) => id),
      )
      const freshHashes = unseen(
        hashes,
        entries.flatMap((entry) => entry.hashes),
      )
      const count = freshIds.length + freshHashes.length
      if (count === 0) return
      const records = buildRecords([...freshIds.map(withKind(ID)), ...freshHashes.map(withKind(HASH))])
      file ??= await disk.open(path, 'edit')
      // Written where whole records end: half a record of a failed write is overwritten.
      await writeAll(file, records, MAGIC.length + size * RECORD_BYTES)
      await file.datasync()
      size = size + count
      for (const fingerprint of freshIds) ids.add(fingerprint)
      for (const fingerprint of freshHashes) hashes.add(fingerprint)
    },
    async close() {
      await file?.close()
      file = null
    },
  }
}

const unseen = (set: FingerprintSet, hexes: readonly string[]): Fingerprint[] =>
  [...new Set(hexes)].map(fingerprintOf).filter((fingerprint) => !set.has(fingerprint))

const withKind =
  (kind: number) =>
  (fingerprint: Fingerprint): readonly [Fingerprint, number] => [fingerprint, kind]

const mix = ([a, b, c, d]: Fingerprint): number =>
  (a ^ ((b << 7) | (b >>> 25)) ^ ((c << 14) | (c >>> 18)) ^ ((d << 21) | (d >>> 11))) >>> 0

function buildRecords(entries: readonly (readonly [Fingerprint, number])[]): Uint8Array {
  const words = new Uint32Array(entries.length * WORDS)
  entries.forEach(([fingerprint, kind], index) => {
    words.set(fingerprint, index * WORDS)
    words[index * WORDS + 4] = mix(fingerprint) ^ kind
  })
  return new Uint8Array(words.buffer)
}

interface Sets {
  readonly directory: string
  readonly ids: FingerprintSet
  readonly hashes: FingerprintSet
}

/** How many records there are; null where one is damaged, or no file: then what could be read is in the sets all the same. */
async function readRecords(disk: Disk, { directory, ids, hashes }: Sets): Promise<number | null> {
  if (!(await disk.names(directory)).includes(SEEN_FILE)) return null
  const file = await disk.open(`${directory}/${SEEN_FILE}`, 'read')
  try {
    const bytes = Buffer.from(new ArrayBuffer(await file.size()))
    for (let at = 0, count = -1; at < bytes.length && count !== 0; at += count) {
      count = await file.read(bytes.subarray(at), at)
    }
    if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return null
    const words = new Uint32Array(bytes.buffer, MAGIC.length, Math.floor((bytes.length - MAGIC.length) / 4))
    let damaged = false
    for (let at = 0; at + WORDS <= words.length; at += WORDS) {
      const fingerprint: Fingerprint = [words[at] ?? 0, words[at + 1] ?? 0, words[at + 2] ?? 0, words[at + 3] ?? 0]
      const kind = ((words[at + 4] ?? 0) ^ mix(fingerprint)) >>> 0
      if (kind === ID) ids.add(fingerprint)
      else if (kind === HASH) hashes.add(fingerprint)
      else damaged = true
    }
    return damaged ? null : Math.floor(words.length / WORDS)
  } finally {
    await file.close()
  }
}

async function rewrite(disk: Disk, { directory, ids, hashes }: Sets): Promise<number> {
  const entries = [...[...ids.values()].map(withKind(ID)), ...[...hashes.values()].map(withKind(HASH))]
  const bytes = Buffer.concat([MAGIC, buildRecords(entries)])
  const fill = async (file: DiskFile): Promise<number> => {
    await writeAll(file, bytes, 0)
    return bytes.length
  }
  await replaceFile(disk, { directory, name: SEEN_FILE, fill })
  return entries.length
}
