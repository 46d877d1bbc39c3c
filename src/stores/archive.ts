/** Where do closed jobs go? One JSON line each, into the file of the day on which they closed (UTC). */
import { TollbridgeError } from '../core/errors.js'
import type { EventId, PaymentHash } from '../core/identifiers.js'
import type { Job } from '../core/job.js'
import { writeAll, type Disk, type DiskFile } from './disk.js'
import { corruptLine } from './framing.js'
import { readLines, readLinesBackwards } from './lines.js'
import { jobKey, type RecordCodec } from './records.js'

export interface ArchivedJob {
  readonly job: Job
  /** Every payment hash that the job ever had. */
  readonly hashes: readonly PaymentHash[]
}

export interface ArchiveReader {
  /** Newest day first, and within a day the last archived first; each job once, and none that `isLive` (a crash may leave both). */
  list(limit: number, isLive: (id: EventId) => boolean): Promise<Job[]>
  find(id: EventId): Promise<Job | undefined>
  /** Every id and payment hash. @throws TollbridgeError `store-corrupt`, naming file and line. */
  forEach(onJob: (id: EventId, hashes: readonly PaymentHash[]) => void): Promise<void>
}

const DAY = /^\d{4}-\d{2}-\d{2}\.jsonl$/
const NEWLINE = 10

export function createArchiveReader(disk: Disk, directory: string, codec: Pick<RecordCodec, 'decode'>): ArchiveReader {
  const days = async (): Promise<string[]> =>
    (await disk.names(directory)).filter((name) => DAY.test(name)).sort((a, b) => (a < b ? 1 : -1))

  async function* lines(): AsyncGenerator<{ path: string; line: Buffer }> {
    for (const name of await days()) {
      const path = `${directory}/${name}`
      const file = await disk.open(path, 'read')
      try {
        for await (const line of readLinesBackwards(file)) yield { path, line }
      } finally {
        await file.close()
      }
    }
  }

  const decode = (path: string, line: Buffer): Job => {
    try {
      const { job } = JSON.parse(line.toString()) as ArchivedJob
      return codec.decode(jobKey(job.id), job) as Job
    } catch (cause) {
      throw new TollbridgeError('store-corrupt', `${path}: a line cannot be read`, { cause })
    }
  }

  return {
    async list(limit, isLive) {
      const found = new Map<EventId, Job>()
      if (limit <= 0) return []
      for await (const { path, line } of lines()) {
        const job = decode(path, line)
        // A job that was archived again after a change stands there twice: the newer line comes first and counts.
        if (!isLive(job.id) && !found.has(job.id)) found.set(job.id, job)
        if (found.size >= limit) break
      }
      return [...found.values()]
    },
    async find(id) {
      for await (const { path, line } of lines()) {
        // The id may stand in another job's text, too; parsing decides.
        if (!line.includes(id)) continue
        const job = decode(path, line)
        if (job.id === id) return job
      }
      return undefined
    },
    async forEach(onJob) {
      for (const name of await days()) {
        const path = `${directory}/${name}`
        const file = await disk.open(path, 'read')
        try {
          await readLines(file, ({ bytes, number }) => {
            try {
              const { job, hashes } = JSON.parse(bytes.toString()) as ArchivedJob
              onJob(job.id, hashes)
            } catch (cause) {
              throw corruptLine(path, number, 'the archived job cannot be read', cause)
            }
          })
        } finally {
          await file.close()
        }
      }
    },
  }
}

const dayOf = (job: Job): string => new Date(job.updatedAt).toISOString().slice(0, 10)

/** Appends jobs to the files of their days. Durable when resolved; a failure leaves whole lines only. One call at a time. */
export async function appendToArchive(
  { disk, directory, codec }: { disk: Disk; directory: string; codec: RecordCodec },
  jobs: readonly ArchivedJob[],
): Promise<void> {
  const byDay = new Map<string, string[]>()
  for (const { job, hashes } of jobs) {
    const line = `{"job":${codec.encode(jobKey(job.id), job)},"hashes":${JSON.stringify(hashes)}}\n`
    const day = dayOf(job)
    const lines = byDay.get(day)
    if (lines) lines.push(line)
    else byDay.set(day, [line])
  }
  await disk.makeDirectory(directory)
  for (const [day, lines] of byDay) await appendLines(disk, `${directory}/${day}.jsonl`, lines)
  await disk.syncDirectory(directory)
}

async function appendLines(disk: Disk, path: string, lines: readonly string[]): Promise<void> {
  const file = await disk.open(path, 'edit')
  try {
    const end = await endOfLines(file)
    // Half a line is left where a crash met an append; its job is live still.
    if (end < (await file.size())) await file.truncate(end)
    try {
      await writeAll(file, Buffer.from(lines.join('')), end)
      await file.datasync()
    } catch (error) {
      await file.truncate(end).catch(() => undefined) // the next append cuts it off
      throw error
    }
  } finally {
    await file.close()
  }
}

async function endOfLines(file: DiskFile): Promise<number> {
  const step = Buffer.alloc(64 * 1024)
  for (let end = await file.size(); end > 0;) {
    const from = Math.max(0, end - step.length)
    const count = await file.read(step.subarray(0, end - from), from)
    const at = step.subarray(0, count).lastIndexOf(NEWLINE)
    if (at !== -1) return from + at + 1
    end = from
  }
  return 0
}
