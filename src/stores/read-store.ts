/** What can be read of the store while a daemon writes it? Everything but the secrets; no lease, no key, no change on disk. */
import { setTimeout as pause } from 'node:timers/promises'
import { isFault } from '../core/errors.js'
import type { JobStore } from '../ports.js'
import { createArchiveReader } from './archive.js'
import { errorCode, realDisk, type Disk } from './disk.js'
import { jobKey, jobsOf, sealedCodec, type Records } from './records.js'
import type { Job } from '../core/job.js'
import { readState } from './state-files.js'

/** The jobs as they stood when it was opened. Their secrets read `(sealed)`, and a challenge is left out. */
export type ReadStore = Pick<JobStore, 'get' | 'live' | 'findArchived' | 'listArchived'>

const TRIES = 8
const PAUSE_MS = 25

/** @throws TollbridgeError `store-corrupt` where it stays unreadable, so that no write under way explains it. */
export async function readStore(stateDir: string, disk: Disk = realDisk): Promise<ReadStore> {
  // Live jobs are read before the archive: a job that moves meanwhile is seen twice, and then counts as live, never not at all.
  const records = await readSteadily(stateDir, disk)
  const archive = createArchiveReader(disk, `${stateDir}/archive`, sealedCodec)
  const isLive = (id: string): boolean => records.has(jobKey(id))
  return {
    get: (id) => records.get(jobKey(id)) as Job | undefined,
    live: () => jobsOf(records),
    findArchived: (id) => archive.find(id),
    listArchived: (limit) => archive.list(limit, isLive),
  }
}

/** A compaction may take files away while we read: what looks like damage is looked at again before it is called so. */
async function readSteadily(stateDir: string, disk: Disk): Promise<Records> {
  for (let tried = 1; ; tried++) {
    try {
      const state = await readState({ disk, directory: stateDir, codec: sealedCodec })
      return state?.records ?? new Map()
    } catch (error) {
      const passing = isFault(error, 'store-corrupt') || errorCode(error) === 'ENOENT'
      if (!passing || tried === TRIES) throw error
      await pause(PAUSE_MS)
    }
  }
}
