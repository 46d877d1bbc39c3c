/** How does a disk fail? A disk for tests: full after so many bytes, writing by halves, refusing to sync. */
import type { Disk, DiskFile } from '../../src/stores/disk.js'
import { realDisk } from '../../src/stores/disk.js'

export interface FaultyDisk extends Disk {
  /** Bytes that may still be written; then ENOSPC, after a short write where something fits. */
  room: number
  /** Every write stops after so many bytes. */
  shortWrites: number
  /** Code that syncing fails with. */
  syncFailsWith: string | null
  truncateFails: boolean
  /** What the file system says is free. */
  free: number
  /** Names of removed files, and counts of calls. */
  readonly removed: string[]
  writes: number
  syncs: number
  /** Runs before each step and may throw. */
  before: (step: string, path: string) => void
  /** Runs each step: the place to look at the directory as a crash before the step would leave it. */
  around: <R>(step: string, path: string, run: () => Promise<R>) => Promise<R>
}

const fault = (code: string): Error => Object.assign(new Error(`staged ${code}`), { code })

export function createFaultyDisk(): FaultyDisk {
  const disk: FaultyDisk = {
    ...realDisk,
    room: Number.MAX_SAFE_INTEGER,
    shortWrites: Number.MAX_SAFE_INTEGER,
    syncFailsWith: null,
    truncateFails: false,
    free: Number.MAX_SAFE_INTEGER,
    removed: [],
    writes: 0,
    syncs: 0,
    before: () => undefined,
    around: (_step, _path, run) => run(),
    open: (path, how) => step(`open ${how}`, path, async () => wrap(await realDisk.open(path, how), path)),
    rename: (from, to) => step('rename', to, () => realDisk.rename(from, to)),
    async remove(path) {
      disk.removed.push(path)
      await step('remove', path, () => realDisk.remove(path))
    },
    syncDirectory: (path) => step('syncDirectory', path, () => realDisk.syncDirectory(path)),
    freeBytes: async () => disk.free,
  }

  const step = <R>(name: string, path: string, run: () => Promise<R>): Promise<R> =>
    disk.around(name, path, async () => {
      disk.before(name, path)
      return run()
    })

  const wrap = (file: DiskFile, path: string): DiskFile => ({
    ...file,
    write: (bytes, position) =>
      step('write', path, async () => {
        disk.writes++
        const length = Math.min(bytes.length, disk.shortWrites, disk.room)
        if (length === 0 && bytes.length > 0) throw fault('ENOSPC')
        const count = await file.write(bytes.subarray(0, length), position)
        disk.room -= count
        return count
      }),
    datasync: () =>
      step('datasync', path, async () => {
        disk.syncs++
        if (disk.syncFailsWith) throw fault(disk.syncFailsWith)
        await file.datasync()
      }),
    truncate: (length) =>
      step('truncate', path, async () => {
        if (disk.truncateFails) throw fault('EIO')
        await file.truncate(length)
      }),
  })
  return disk
}
