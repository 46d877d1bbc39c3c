/** What does the store need of a file system? A dozen calls, so that tests can stage a full disk, short writes and slow syncs. */
import { constants } from 'node:fs'
import { open, readdir, rename, rm, statfs } from 'node:fs/promises'
import { TollbridgeError } from '../core/errors.js'
import { makeDirectory } from '../system/make-directory.js'

export interface DiskFile {
  /** Returns how many bytes were written: may be fewer than asked. */
  write(bytes: Uint8Array, position: number): Promise<number>
  /** Returns how many bytes were read; 0 at the end of the file. */
  read(into: Uint8Array, position: number): Promise<number>
  /** Resolved when what was written survives a power cut. */
  datasync(): Promise<void>
  truncate(length: number): Promise<void>
  size(): Promise<number>
  close(): Promise<void>
}

export interface Disk {
  /** `read`: must exist. `edit`: made if missing, content kept. `create`: emptied if present. Files that are made are 0600. */
  open(path: string, how: 'read' | 'edit' | 'create'): Promise<DiskFile>
  rename(from: string, to: string): Promise<void>
  /** Does nothing where there is no such file. */
  remove(path: string): Promise<void>
  /** File names in a directory; empty where there is none. */
  names(directory: string): Promise<string[]>
  /** Makes a directory of mode 0700 where there is none. */
  makeDirectory(path: string): Promise<void>
  /** Makes created, renamed and removed names of the directory survive a power cut. */
  syncDirectory(path: string): Promise<void>
  /** Bytes that an ordinary process may still write on that file system. */
  freeBytes(path: string): Promise<number>
}

const FLAGS = {
  read: constants.O_RDONLY,
  edit: constants.O_RDWR | constants.O_CREAT,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC,
} as const

export const realDisk: Disk = {
  async open(path, how) {
    const handle = await open(path, FLAGS[how], 0o600)
    return {
      write: async (bytes, position) => (await handle.write(bytes, 0, bytes.length, position)).bytesWritten,
      read: async (into, position) => (await handle.read(into, 0, into.length, position)).bytesRead,
      datasync: () => handle.datasync(),
      truncate: (length) => handle.truncate(length),
      size: async () => (await handle.stat()).size,
      close: () => handle.close(),
    }
  },
  rename,
  remove: (path) => rm(path, { force: true }),
  async names(directory) {
    try {
      return await readdir(directory)
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return []
      throw error
    }
  },
  async makeDirectory(path) {
    await makeDirectory(path, 0o700)
  },
  async syncDirectory(path) {
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  },
  async freeBytes(path) {
    const { bavail, bsize } = await statfs(path)
    return bavail * bsize
  },
}

export function errorCode(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined
  return typeof code === 'string' ? code : undefined
}

const FULL: ReadonlySet<string | undefined> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])

/** Whether the file system has no room: full, over quota, or past the largest file size allowed. */
export const isDiskFull = (error: unknown): boolean => FULL.has(errorCode(error))

/** What the store's callers are told: `store-full`, or whatever else the file system said. */
export const storeFault = (error: unknown): unknown =>
  isDiskFull(error)
    ? new TollbridgeError('store-full', 'the disk of the state directory is full', { cause: error })
    : error

/** Writes every byte, however short the single writes are. */
export async function writeAll(file: DiskFile, bytes: Uint8Array, position: number): Promise<void> {
  let written = 0
  while (written < bytes.length) {
    const count = await file.write(written === 0 ? bytes : bytes.subarray(written), position + written)
    if (count <= 0) throw Object.assign(new Error('the file system wrote nothing'), { code: 'ENOSPC' })
    written += count
  }
}

/** Replaces a file in one step: a crash leaves the old content or the new, never a mixture. `fill` returns the bytes it wrote. */
export async function replaceFile(
  disk: Disk,
  { directory, name, fill }: { directory: string; name: string; fill: (file: DiskFile) => Promise<number> },
): Promise<number> {
  const temporary = `${directory}/${name}.tmp`
  let size: number
  try {
    const file = await disk.open(temporary, 'create')
    try {
      size = await fill(file)
      await file.datasync()
    } finally {
      await file.close()
    }
    // ORDER: the content is durable before it gets its name; the other way round a power cut may leave an empty file.
    await disk.rename(temporary, `${directory}/${name}`)
  } catch (error) {
    await disk.remove(temporary).catch(() => undefined) // left over at worst: it is overwritten by the next attempt
    throw error
  }
  await disk.syncDirectory(directory)
  return size
}
