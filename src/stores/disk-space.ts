/** Is there room for new jobs? Watches the file system, and keeps a ballast that is thrown off when the disk is full. */
import type { Clock, Logger } from '../ports.js'
import { replaceFile, writeAll, type Disk, type DiskFile } from './disk.js'

export interface DiskSpace {
  /** False from the moment the disk is full, or nearly, until there is room again and the ballast is back. */
  roomy(): boolean
  /** A write found the disk full: frees the ballast, so that jobs in flight can be saved. Never throws. */
  full(): Promise<void>
  stop(): Promise<void>
}

export interface DiskSpaceOptions {
  readonly disk: Disk
  readonly directory: string
  readonly clock: Clock
  readonly log: Logger
  readonly random: (bytes: number) => Uint8Array
  /** Whether the directory is still ours: what is saved in one that was removed or taken is lost. Default: always. */
  readonly isOurs?: () => Promise<boolean>
  /** Below this no new jobs are taken; default 64 MB. */
  readonly minFreeBytes?: number
  /** Default 8 MB. */
  readonly ballastBytes?: number
}

export const BALLAST = 'ballast'
const MB = 1024 * 1024
const POLL_MS = 5_000
const CHUNK_BYTES = 256 * 1024

export async function createDiskSpace(options: DiskSpaceOptions): Promise<DiskSpace> {
  const { disk, directory, clock, log, random, isOurs = async () => true } = options
  const minFreeBytes = options.minFreeBytes ?? 64 * MB
  const ballastBytes = options.ballastBytes ?? 8 * MB
  const path = `${directory}/${BALLAST}`

  let ballast = await hasBallast()
  let roomy = (await disk.freeBytes(directory)) >= minFreeBytes
  let timesFull = 0
  let stopped = false
  let cancel: (() => void) | null = null
  let looking: Promise<void> | null = null

  async function hasBallast(): Promise<boolean> {
    if (!(await disk.names(directory)).includes(BALLAST)) return false
    const file = await disk.open(path, 'read')
    try {
      return (await file.size()) === ballastBytes
    } finally {
      await file.close()
    }
  }

  async function loadBallast(): Promise<void> {
    const fill = async (file: DiskFile): Promise<number> => {
      // Random, because some file systems store zeros in no space at all.
      for (let at = 0; at < ballastBytes; at += CHUNK_BYTES) {
        await writeAll(file, random(Math.min(CHUNK_BYTES, ballastBytes - at)), at)
      }
      return ballastBytes
    }
    await replaceFile(disk, { directory, name: BALLAST, fill })
    ballast = true
  }

  async function look(): Promise<void> {
    const before = timesFull
    try {
      if (!(await isOurs())) {
        if (roomy) log.error({ directory }, 'state-directory-lost')
        roomy = false
        return
      }
      const free = await disk.freeBytes(directory)
      const enough = free >= minFreeBytes + (ballast ? 0 : ballastBytes)
      // The ballast is also the proof: a quota does not show in the free bytes of the file system.
      if (enough && !ballast) await loadBallast()
      if (timesFull !== before) return // a write knows better than this look, which began before it
      if (enough !== roomy)
        log[enough ? 'info' : 'warn']({ freeBytes: free }, enough ? 'disk-roomy' : 'disk-nearly-full')
      roomy = enough
    } catch (error) {
      roomy = false
      log.warn({ reason: String(error) }, 'disk-room-unknown')
    }
  }

  const poll = (): void => {
    looking ??= look().finally(() => {
      looking = null
      if (!stopped) cancel = clock.after(POLL_MS, poll)
    })
  }
  poll()

  return {
    roomy: () => roomy,
    async full() {
      roomy = false
      timesFull++
      if (!ballast) return
      ballast = false
      try {
        await disk.remove(path)
        log.warn({ freedBytes: ballastBytes }, 'disk-full')
      } catch (error) {
        log.error({ reason: String(error) }, 'disk-full')
      }
    },
    async stop() {
      stopped = true
      cancel?.()
      await looking
    },
  }
}
