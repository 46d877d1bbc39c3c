/** Does every store keep the promises of the JobStore port? */
import { beforeEach, describe, expect, it } from 'vitest'
import type { Pubkey } from '../../src/core/identifiers.js'
import type { Credit, JobStore } from '../../src/ports.js'
import { createMemoryStore } from '../../src/stores/memory-store.js'
import {
  awaiting,
  createStateDirectory,
  CUSTOMER,
  expired,
  failing,
  fetching,
  hashOf,
  hexOf,
  idOf,
  invoicing,
  openTestStore,
  quoting,
  rejected,
  TOKEN,
} from '../support/store-parts.js'

interface Subject {
  readonly name: string
  /** Opens a fresh store; `reopen` closes it and opens the same state again, where the store has any. */
  create(): Promise<{ store: JobStore; reopen: (() => Promise<JobStore>) | null }>
}

const subjects: Subject[] = [
  { name: 'memory', create: async () => ({ store: createMemoryStore(), reopen: null }) },
  {
    name: 'lowdb',
    async create() {
      const dir = await createStateDirectory()
      const store = await openTestStore(dir)
      const reopen = async (): Promise<JobStore> => {
        await store.stop()
        return openTestStore(dir)
      }
      return { store, reopen }
    },
  },
]

const credit: Credit = {
  ...{ customer: CUSTOMER, upstream: 'api', authorization: `L402 ${TOKEN}:00`, balanceSats: 40, savedAt: 1 },
}

describe.each(subjects)('the $name store', (subject) => {
  let store: JobStore
  let reopen: (() => Promise<JobStore>) | null
  beforeEach(async () => ({ store, reopen } = await subject.create()))

  /** The same store, after a restart where there is one. */
  const again = async (): Promise<JobStore> => (reopen ? reopen() : store)

  it('gives back the very object that was stored', async () => {
    const job = quoting(1)
    expect(await store.insert(job)).toBe('inserted')
    expect(store.get(job.id)).toBe(job)
    const next = invoicing(1)
    await store.save(next)
    expect(store.get(job.id)).toBe(next)
    expect([...store.live()]).toEqual([next])
  })

  it('knows nothing of what was never stored', async () => {
    expect(store.get(idOf(1))).toBeUndefined()
    expect(store.has(idOf(1))).toBe(false)
    expect(store.has('no event id')).toBe(false)
    expect(store.hasPaymentHash(hashOf(1))).toBe(false)
    expect(await store.findArchived(idOf(1))).toBeUndefined()
    expect(await store.listArchived(10)).toEqual([])
    await expect(store.save(quoting(1))).rejects.toMatchObject({ code: 'job-unknown' })
  })

  it('inserts an id once, whoever is first', async () => {
    expect(await Promise.all([store.insert(quoting(1)), store.insert(quoting(1))])).toEqual(['inserted', 'duplicate'])
    expect(await store.insert(quoting(1))).toBe('duplicate')
    expect(store.has(idOf(1))).toBe(true)
  })

  it('calls an archived id a duplicate, also after a restart', async () => {
    await store.insert(rejected(1))
    await store.archive(idOf(1))
    expect(await store.insert(quoting(1))).toBe('duplicate')
    const later = await again()
    expect(later.has(idOf(1))).toBe(true)
    expect(await later.insert(quoting(1))).toBe('duplicate')
    expect([...later.live()]).toEqual([])
  })

  it('refuses to save a version that is not above the stored one', async () => {
    await store.insert(quoting(1, 1))
    await store.save(quoting(1, 2))
    await expect(store.save(quoting(1, 2))).rejects.toMatchObject({ code: 'store-stale' })
    await expect(store.save(quoting(1, 1))).rejects.toMatchObject({ code: 'store-stale' })
    expect(store.get(idOf(1))?.version).toBe(2)
  })

  it('keeps the order of two saves of one job in flight', async () => {
    await store.insert(quoting(1, 1))
    const [second, third] = [store.save(quoting(1, 2)), store.save(quoting(1, 3))]
    await expect(store.save(quoting(1, 3))).rejects.toMatchObject({ code: 'store-stale' })
    await Promise.all([second, third])
    expect((await again()).get(idOf(1))?.version).toBe(3)
  })

  it('refuses a payment hash that another job has', async () => {
    await store.insert(quoting(1))
    await store.insert(quoting(2))
    await store.save(awaiting(1))
    expect(store.hasPaymentHash(hashOf(1))).toBe(true)
    await expect(store.save(awaiting(2, 2, hashOf(1)))).rejects.toMatchObject({ code: 'hash-taken' })
    expect(store.get(idOf(2))?.version).toBe(1)
    await store.save(fetching(1))
  })

  it('refuses a payment hash that another job once had and gave up, or took into the archive', async () => {
    await store.insert(quoting(1))
    await store.save(awaiting(1, 2))
    await store.save(failing(1, 3))
    await store.insert(quoting(2))
    await store.save(awaiting(2, 2))
    await store.save(expired(2, 3))
    await store.insert(quoting(3))
    await store.archive(idOf(2))
    for (const seed of [1, 2]) {
      expect(store.hasPaymentHash(hashOf(seed))).toBe(true)
      await expect(store.save(awaiting(3, 2, hashOf(seed)))).rejects.toMatchObject({ code: 'hash-taken' })
    }
    const later = await again()
    await later.save(rejected(1, 4))
    await later.archive(idOf(1))
    for (const seed of [1, 2]) {
      await expect(later.save(awaiting(3, 2, hashOf(seed)))).rejects.toMatchObject({ code: 'hash-taken' })
    }
    await later.save(awaiting(3, 2, hashOf(3)))
  })

  it('keeps notes, and refuses a note on an older version', async () => {
    await store.insert(quoting(1, 1))
    store.note(quoting(1, 2))
    expect(store.get(idOf(1))?.version).toBe(2)
    store.note(quoting(1, 2))
    expect(() => store.note(quoting(1, 1))).toThrow(expect.objectContaining({ code: 'store-stale' }))
    await store.flush()
    expect((await again()).get(idOf(1))?.version).toBe(2)
  })

  it('archives closed jobs, and finds and lists them, newest day first', async () => {
    const day = 86_400_000
    const jobs = [expired(1, 1, 5 * day), expired(2, 1, 7 * day), expired(3, 1, 7 * day + 1), expired(4, 1, 6 * day)]
    for (const job of jobs) {
      await store.insert(job)
      await store.archive(job.id)
    }
    const later = await again()
    expect([...later.live()]).toEqual([])
    expect(later.get(idOf(1))).toBeUndefined()
    expect(await later.findArchived(idOf(1))).toEqual(jobs[0])
    expect((await later.listArchived(10)).map(({ id }) => id)).toEqual([3, 2, 4, 1].map(idOf))
    expect((await later.listArchived(2)).map(({ id }) => id)).toEqual([3, 2].map(idOf))
    expect(await later.listArchived(0)).toEqual([])
  })

  it('archives a thousand jobs at once', async () => {
    const seeds = Array.from({ length: 1000 }, (_, seed) => seed)
    await Promise.all(seeds.map((seed) => store.insert(rejected(seed))))
    await Promise.all(seeds.map((seed) => store.archive(idOf(seed))))
    const later = await again()
    expect(seeds.every((seed) => later.has(idOf(seed)))).toBe(true)
    expect(await later.listArchived(2000)).toHaveLength(1000)
  })

  it('archives no open job, and nothing twice', async () => {
    await store.insert(quoting(1))
    await expect(store.archive(idOf(1))).rejects.toMatchObject({ code: 'impossible-transition' })
    await store.save(rejected(1, 2))
    await Promise.all([store.archive(idOf(1)), store.archive(idOf(1))])
    await store.archive(idOf(1))
    expect(await store.listArchived(10)).toHaveLength(1)
    await expect(store.save(quoting(1, 9))).rejects.toMatchObject({ code: 'store-stale' })
  })

  it('keeps credits and cursors', async () => {
    store.putCredit(credit)
    store.putCredit({ ...credit, upstream: 'other' })
    store.dropCredit(CUSTOMER, 'other')
    store.putCursor('jobs wss://relay.example', 17)
    expect(store.credit(CUSTOMER, 'api')).toEqual(credit)
    await store.flush()
    const later = await again()
    expect(later.credit(CUSTOMER, 'api')).toEqual(credit)
    expect(later.credit(CUSTOMER, 'other')).toBeUndefined()
    expect(later.credit(hexOf('another customer') as Pubkey, 'api')).toBeUndefined()
    expect(later.cursor('jobs wss://relay.example')).toBe(17)
    expect(later.cursor('jobs wss://other.example')).toBeUndefined()
  })

  it('restores every kind of job whole', async () => {
    const jobs = [quoting(1), invoicing(2), awaiting(3), fetching(4), failing(5), rejected(6), expired(7)]
    for (const job of jobs) await store.insert(job)
    const later = await again()
    expect([...later.live()]).toEqual(jobs)
  })

  it('accepts jobs, and after stop takes nothing more', async () => {
    await store.insert(quoting(1))
    expect(store.acceptsJobs()).toBe(true)
    await Promise.all([store.stop(), store.stop()])
    expect(store.acceptsJobs()).toBe(false)
    await expect(store.insert(quoting(2))).rejects.toMatchObject({ code: 'store-closed' })
    await expect(store.save(quoting(1, 2))).rejects.toMatchObject({ code: 'store-closed' })
    await expect(store.archive(idOf(1))).rejects.toMatchObject({ code: 'store-closed' })
  })
})
