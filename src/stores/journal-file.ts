/** Up to which byte is the journal good? Appends durably; a write that fails is taken back, so that the next one finds a clean end. */
import { writeAll, type Disk, type DiskFile } from './disk.js'

export interface JournalFile {
  /** Bytes that are durable. */
  readonly size: number
  /** Resolved when durable. @throws what the file system says; then nothing of these bytes counts. */
  append(bytes: Uint8Array): Promise<void>
  close(): Promise<void>
}

/** `end` is where whole lines end; `torn` says that something follows, which goes before the first append. */
export async function openJournalFile(
  disk: Disk,
  { path, end, torn }: { path: string; end: number; torn: boolean },
): Promise<JournalFile> {
  const file: DiskFile = await disk.open(path, 'edit')
  let size = end
  let dirtyEnd = torn

  const cleanEnd = async (): Promise<void> => {
    await file.truncate(size)
    dirtyEnd = false
  }

  try {
    if (dirtyEnd) await cleanEnd()
    // What a killed process wrote may be in memory only. It is acted upon from now on, so it has to be durable.
    await file.datasync()
  } catch (error) {
    await file.close()
    throw error
  }

  return {
    get size() {
      return size
    },
    async append(bytes) {
      // ORDER: a half line is cut off before anything is put behind it; otherwise the two would read as one damaged line.
      if (dirtyEnd) await cleanEnd()
      dirtyEnd = true
      try {
        await writeAll(file, bytes, size)
        await file.datasync()
      } catch (error) {
        await cleanEnd().catch(() => undefined) // tried again before the next append; a start cuts it off, too
        throw error
      }
      dirtyEnd = false
      size += bytes.length
    },
    close: () => file.close(),
  }
}
