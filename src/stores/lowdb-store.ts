/** Where do jobs live on one machine? The embedded store: lowdb over a journal, an archive, and an index of all that was. */
import { Low } from 'lowdb'
import { TollbridgeError } from '../core/errors.js'
import type { EventId, PaymentHash } from '../core/identifiers.js'
import { isOpen, type Job } from '../core/job.js'
import type { Clock, Credit, JobStore, Logger } from '../ports.js'
import { createArchiveReader } from './archive.js'
import { createArchiver } from './archiver.js'
import { createClaims } from './claims.js'
import { prepareDirectory } from './directory.js'
import { createDiskSpace } from './disk-space.js'
import { isDiskFull, realDisk, storeFault, type Disk } from './disk.js'
import { createJournal } from './journal.js'
import { claimKey, claimsOf, createRecordCodec, creditKey, cursorKey, jobKey, jobsOf, SEEN_COUNT } from './records.js'
import type { Records } from './records.js'
import { buildKeyCheck, createSealing, isKeyOf } from './sealing.js'
import { openSeenIndex } from './seen-index.js'
import { checkVersion } from './versions.js'

export interface LowdbStoreOptions {
  /** The state directory: made with mode 0700 if missing. One process at a time: hold the lease first. */
  readonly dir: string
  /** 32 bytes: seals tokens, preimages and status URLs. */
  readonly sealingKey: Uint8Array
  readonly clock: Clock
  readonly log: Logger
  /** Cryptographically random bytes. */
  readonly random: (bytes: number) => Uint8Array
  /** Asked now and then: no new jobs are taken while the directory is not ours any more. Default: it always is. */
  readonly isOurs?: () => Promise<boolean>
  /** New jobs are refused below this; default 64 MB. */
  readonly minFreeBytes?: number
  /** Kept for the hour when the disk is full; default 8 MB. */
  readonly ballastBytes?: number
  /** A journal below this is never compacted; default 16 MB. */
  readonly compactBytes?: number
  readonly disk?: Disk
}

/**
 * Opens the store, or makes it. A save is seen by `get` at once, and taken back if its write fails.
 * @throws TollbridgeError `store-corrupt` naming file and line (nothing on disk was changed then), `key-unusable` for a sealing
 * key of another size or store, `config-invalid` for a directory that others can read, `store-full`.
 */
export async function createLowdbStore(options: LowdbStoreOptions): Promise<JobStore> {
  const { dir, sealingKey, log, disk = realDisk } = options
  const sealing = createSealing(sealingKey, options.random)
  const codec = createRecordCodec(sealing)
  await prepareDirectory(dir, log)

  const checkKey = (check: string): void => {
    if (!isKeyOf(sealing, check)) {
      throw new TollbridgeError('key-unusable', `the sealing key is not the one that ${dir} was written with`)
    }
  }
  const space = { full: async (): Promise<void> => undefined }
  const journal = createJournal({
    ...{ ...options, disk, directory: dir, codec, checkKey, keyCheck: buildKeyCheck(sealing) },
    onFull: () => space.full(),
  })
  const db = new Low<Records>(journal, new Map())
  await db.read()

  const archiveDirectory = `${dir}/archive`
  const archive = createArchiveReader(disk, archiveDirectory, codec)
  const expected = (db.data.get(SEEN_COUNT) as number | undefined) ?? 0
  const seen = await openSeenIndex({
    disk,
    directory: dir,
    expected,
    everything: (onEntry) => archive.forEach(onEntry),
    onRebuild: (records) => log.info({ records }, 'seen-index-built'),
  }).catch((error: unknown) => {
    throw storeFault(error)
  })
  const claims = createClaims(jobsOf(db.data), (hash) => seen.hasHash(hash))
  for (const [hash, id] of claimsOf(db.data)) claims.remember(hash, id)
  // Nothing was changed on disk so far.
  const room = await createDiskSpace({ ...options, disk, directory: dir })
  space.full = () => room.full()
  await journal.start(db.data).catch(async (error: unknown) => {
    await room.stop()
    throw storeFault(error)
  })
  if (seen.size < expected) {
    // Made again from less than there was: somebody took archive files away. From now on this is what is expected.
    db.data.set(SEEN_COUNT, seen.size)
    journal.noted(SEEN_COUNT)
  }
  const archiver = createArchiver({ disk, directory: archiveDirectory, codec, seen })

  const inserting = new Map<EventId, Promise<void>>()
  const archiving = new Map<EventId, Promise<void>>()
  let stopping: Promise<void> | null = null

  const jobOf = (id: string): Job | undefined => db.data.get(jobKey(id)) as Job | undefined
  const has = (id: string): boolean => db.data.has(jobKey(id)) || (id.length === 64 && seen.hasId(id))
  const checkOpen = (): void => {
    if (stopping) throw new TollbridgeError('store-closed', 'the store is closed')
  }

  /** Puts the job in its place and marks what changed; the caller decides whether to wait. */
  function put(job: Job, how: 'save' | 'note'): void {
    const key = jobKey(job.id)
    const before = jobOf(job.id)
    for (const hash of claims.given(before, job)) {
      claims.remember(hash, job.id)
      db.data.set(claimKey(hash), job.id)
      journal.noted(claimKey(hash))
    }
    db.data.set(key, job)
    if (how === 'save') journal.saved(key, before)
    else journal.noted(key)
  }

  async function save(job: Job): Promise<void> {
    claims.claim(job)
    put(job, 'save')
    try {
      await db.write()
    } catch (error) {
      claims.withdraw(job, jobOf(job.id))
      throw error
    }
  }

  async function moveToArchive(id: EventId): Promise<void> {
    for (let job = jobOf(id); job !== undefined; job = jobOf(id)) {
      if (isOpen(job))
        throw new TollbridgeError('impossible-transition', `job ${id} is ${job.state}: not to be archived`)
      const hashes = claims.hashesOf(job)
      await archiver.put({ job, hashes }).catch(refuse)
      // Changed meanwhile: the archived line is outdated, and the newer one will stand before it.
      if (jobOf(id) !== job) continue
      // ORDER: the job leaves the journal only now that archive and index are durable; between the two it is in both.
      db.data.delete(jobKey(id))
      journal.saved(jobKey(id), job)
      for (const hash of hashes) if (db.data.delete(claimKey(hash))) journal.noted(claimKey(hash))
      db.data.set(SEEN_COUNT, seen.size)
      journal.noted(SEEN_COUNT)
      await db.write()
      claims.drop(job)
      return
    }
  }

  async function refuse(error: unknown): Promise<never> {
    if (isDiskFull(error)) await room.full()
    throw storeFault(error)
  }

  async function stop(): Promise<void> {
    await Promise.allSettled(archiving.values())
    await archiver.stop()
    await db.write().catch(() => undefined) // the journal has logged it; the savers were told
    await journal.stop()
    await seen.close()
    await room.stop()
  }

  return {
    async insert(job) {
      checkOpen()
      const underWay = inserting.get(job.id)
      if (underWay) {
        await underWay // its failure is ours, too: the job is not stored
        return 'duplicate'
      }
      if (has(job.id)) return 'duplicate'
      const saved = save(job)
      inserting.set(job.id, saved)
      try {
        await saved
        return 'inserted'
      } finally {
        inserting.delete(job.id)
      }
    },
    async save(job) {
      checkOpen()
      checkVersion(job, jobOf(job.id), 'save', () => seen.hasId(job.id))
      await save(job)
    },
    note(job) {
      if (stopping) return
      checkVersion(job, jobOf(job.id), 'note', () => seen.hasId(job.id))
      claims.claim(job)
      put(job, 'note')
    },
    get: jobOf,
    has,
    hasPaymentHash: (hash: PaymentHash) => claims.has(hash),
    live: () => jobsOf(db.data),
    archive(id) {
      const underWay = archiving.get(id)
      if (underWay) return underWay
      const moved = Promise.resolve()
        .then(checkOpen)
        .then(() => moveToArchive(id))
        .finally(() => archiving.delete(id))
      archiving.set(id, moved)
      return moved
    },
    async findArchived(id) {
      return seen.hasId(id) ? archive.find(id) : undefined
    },
    listArchived: (limit) => archive.list(limit, (id) => db.data.has(jobKey(id))),
    credit: (customer, upstream) => db.data.get(creditKey(customer, upstream)) as Credit | undefined,
    putCredit(credit) {
      if (stopping) return
      const key = creditKey(credit.customer, credit.upstream)
      db.data.set(key, credit)
      journal.noted(key)
    },
    dropCredit(customer, upstream) {
      const key = creditKey(customer, upstream)
      if (!stopping && db.data.delete(key)) journal.noted(key)
    },
    cursor: (name) => db.data.get(cursorKey(name)) as number | undefined,
    putCursor(name, seconds) {
      if (stopping || db.data.get(cursorKey(name)) === seconds) return
      db.data.set(cursorKey(name), seconds)
      journal.noted(cursorKey(name))
    },
    acceptsJobs: () => room.roomy() && !stopping,
    flush: () => db.write(),
    stop() {
      stopping ??= stop()
      return stopping
    },
  }
}
