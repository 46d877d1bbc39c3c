/** What is left of the store after a crash? A disk in memory, and the JobStore that a life keeps on it. */
import { TollbridgeError } from '../../../src/core/errors.js'
import type { EventId } from '../../../src/core/identifiers.js'
import type { SpendingRecord } from '../../../src/engine/resale.js'
import type { Job } from '../../../src/core/job.js'
import type { Credit, JobStore } from '../../../src/ports.js'
import { createClaims } from '../../../src/stores/claims.js'
import { checkVersion } from '../../../src/stores/versions.js'
import { Crash, never, type Life } from './world.js'

/** Serialised, so that no object of a dead process lives on. */
export interface Disk {
  readonly records: Map<string, string>
  readonly archive: Map<EventId, string>
  readonly archivedHashes: Set<string>
  /** How often a call with a credential was announced, by job. */
  readonly announced: Map<EventId, number>
  /** What was spent on upstreams: no cap is near here. */
  readonly spent: SpendingRecord
}

export const createDisk = (): Disk => ({
  records: new Map(),
  archive: new Map(),
  archivedHashes: new Set(),
  announced: new Map(),
  spent: {},
})

const SAVE_FAILS_PERCENT = 1
const jobKey = (id: string): string => `job:${id}`
const creditKey = (customer: string, upstream: string): string => `credit:${customer}:${upstream}`

/** What is acknowledged by `insert` and `save` is on the disk; what is noted is there with the next flush. */
export function createSimulatedStore(disk: Disk, life: Life): JobStore {
  const { chance, agenda } = life.world
  const memory = new Map([...disk.records].map(([key, text]) => [key, JSON.parse(text) as unknown]))
  const dirty = new Set<string>()
  const claims = createClaims(jobsOf(memory), (hash) => disk.archivedHashes.has(hash))
  let flushing: Promise<void> | null = null

  life.onDeath(() => {
    // Whatever was on its way may have arrived, in the order in which it was written.
    write([...dirty].slice(0, chance.below(dirty.size + 1)))
  })

  function write(keys: readonly string[]): void {
    for (const key of keys) {
      dirty.delete(key)
      const value = memory.get(key)
      if (value === undefined) disk.records.delete(key)
      else disk.records.set(key, JSON.stringify(value))
    }
  }

  /** One flush for everybody who waits. */
  function flush(): Promise<void> {
    flushing ??= new Promise<void>((resolve) => {
      agenda.after(chance.between(0, 4), () => {
        flushing = null
        if (life.isDead()) return
        write([...dirty])
        resolve()
      })
    })
    return flushing
  }

  const jobOf = (id: string): Job | undefined => memory.get(jobKey(id)) as Job | undefined
  const has = (id: string): boolean => memory.has(jobKey(id)) || disk.archive.has(id as EventId)

  function put(job: Job): void {
    claims.claim(job)
    for (const given of claims.given(jobOf(job.id), job)) claims.remember(given, job.id)
    memory.set(jobKey(job.id), job)
    dirty.add(jobKey(job.id))
  }

  async function save(job: Job, point: string): Promise<void> {
    if (life.dies(`${point} before`)) return never()
    const before = jobOf(job.id)
    put(job)
    if (before && chance.of(SAVE_FAILS_PERCENT)) {
      memory.set(jobKey(job.id), before)
      claims.withdraw(job, before)
      throw new TollbridgeError('store-full', 'the disk is full')
    }
    await flush()
    countAnnounced(disk, before, job)
    if (life.dies(`${point} after`)) return never()
  }

  function noteKey(key: string, value: unknown): void {
    if (life.isDead()) throw new Crash()
    memory.set(key, value)
    dirty.add(key)
    agenda.after(chance.between(1, 200), () => void flush())
    if (life.dies(`note ${key.slice(0, 8)}`)) throw new Crash()
  }

  return {
    async insert(job) {
      if (has(job.id)) return 'duplicate'
      await save(job, 'insert')
      return 'inserted'
    },
    async save(job) {
      if (life.isDead()) return never()
      checkVersion(job, jobOf(job.id), 'save', () => disk.archive.has(job.id))
      await save(job, `save ${job.state}`)
    },
    note(job) {
      if (life.isDead()) throw new Crash()
      checkVersion(job, jobOf(job.id), 'note', () => disk.archive.has(job.id))
      put(job)
      noteKey(jobKey(job.id), job)
    },
    get: jobOf,
    has,
    hasPaymentHash: (hash) => claims.has(hash),
    live: () => jobsOf(memory),
    async archive(id) {
      const job = jobOf(id)
      if (!job || life.dies('archive before')) return never()
      await flush()
      if (life.isDead() || jobOf(id) !== job) return
      disk.archive.set(id, JSON.stringify(job))
      for (const hash of claims.hashesOf(job)) disk.archivedHashes.add(hash)
      // ORDER: as the real store does it: archived first, and live no longer after that.
      if (life.dies('archive under way')) return never()
      memory.delete(jobKey(id))
      disk.records.delete(jobKey(id))
      claims.drop(job)
      if (life.dies('archive after')) return never()
    },
    findArchived: async (id) => {
      const text = disk.archive.get(id)
      return text === undefined ? undefined : (JSON.parse(text) as Job)
    },
    listArchived: async () => [...disk.archive.values()].map((text) => JSON.parse(text) as Job),
    credit: (customer, upstream) => memory.get(creditKey(customer, upstream)) as Credit | undefined,
    putCredit: (credit) => noteKey(creditKey(credit.customer, credit.upstream), credit),
    dropCredit: (customer, upstream) => noteKey(creditKey(customer, upstream), undefined),
    cursor: (key) => memory.get(`cursor:${key}`) as number | undefined,
    putCursor: (key, seconds) => noteKey(`cursor:${key}`, seconds),
    acceptsJobs: () => true,
    flush,
    stop: flush,
  }
}

function* jobsOf(records: ReadonlyMap<string, unknown>): Generator<Job> {
  for (const [key, value] of records) if (key.startsWith('job:') && value !== undefined) yield value as Job
}

function countAnnounced(disk: Disk, before: Job | undefined, job: Job): void {
  const isNew = job.state === 'fetching' && job.calls.attempt !== null
  if (isNew && !(before?.state === 'fetching' && before.calls.attempt === job.calls.attempt)) {
    disk.announced.set(job.id, (disk.announced.get(job.id) ?? 0) + 1)
  }
}

/** The job as a process would find it that starts now. */
export function readDisk(disk: Disk, id: EventId): Job | undefined {
  const text = disk.records.get(jobKey(id)) ?? disk.archive.get(id)
  return text === undefined ? undefined : (JSON.parse(text) as Job)
}
