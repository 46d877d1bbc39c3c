/** What happens when the disk is full? New jobs stop, those in flight go on, and nothing is damaged. */
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createFaultyDisk } from '../../support/faulty-disk.js'
import {
  awaiting,
  createHandClock,
  createLogRecorder,
  createStateDirectory,
  hashOf,
  idOf,
  openTestStore,
  quoting,
  rejected,
  until,
} from '../../support/store-parts.js'

const MB = 1024 * 1024

async function fullableStore() {
  const disk = createFaultyDisk()
  const clock = createHandClock()
  const log = createLogRecorder()
  const dir = await createStateDirectory()
  const options = { disk, clock, log, minFreeBytes: 64 * MB, ballastBytes: 16 * 1024 }
  const store = await openTestStore(dir, options)
  const hasBallast = async (): Promise<boolean> => (await readdir(dir)).includes('ballast')
  await until(hasBallast, 'the ballast is loaded')
  const reopen = async () => {
    await store.stop()
    return openTestStore(dir, { ...options, disk: createFaultyDisk() })
  }
  return { disk, clock, log, dir, store, hasBallast, reopen }
}

describe('a full disk', () => {
  it('rejects the saves that wait, throws off the ballast, takes no new jobs, and goes on when there is room', async () => {
    const { disk, clock, store, hasBallast, reopen, log } = await fullableStore()
    await store.insert(quoting(1, 1))
    expect(store.acceptsJobs()).toBe(true)

    disk.free = 0
    disk.room = 100 // half a line fits
    const saves = await Promise.allSettled([store.save(quoting(1, 2)), store.insert(quoting(2))])
    for (const save of saves) expect(save).toMatchObject({ status: 'rejected', reason: { code: 'store-full' } })
    expect(store.acceptsJobs()).toBe(false)
    expect(await hasBallast()).toBe(false)
    expect(store.get(idOf(1))?.version).toBe(1)
    expect(store.has(idOf(2))).toBe(false)

    disk.room = 16 * 1024 // what the ballast gave back
    await store.save(quoting(1, 2))
    expect(store.acceptsJobs()).toBe(false)

    disk.room = disk.free = 1000 * MB
    await until(() => (clock.advance(5_000), store.acceptsJobs()), 'there is room again')
    expect(await hasBallast()).toBe(true)
    expect(await store.insert(quoting(2))).toBe('inserted')
    expect(log.entries.map(({ event }) => event)).toContain('disk-roomy')
    const later = await reopen()
    expect([...later.live()].map(({ version }) => version)).toEqual([2, 1])
  })

  it('leaves whole lines only, even where what was written cannot be taken back at once', async () => {
    const { disk, store, dir, reopen } = await fullableStore()
    await store.insert(quoting(1, 1))
    const { size } = await stat(join(dir, 'journal-1.jsonl'))
    disk.room = 100
    disk.truncateFails = true
    await expect(store.save(quoting(1, 2))).rejects.toMatchObject({ code: 'store-full' })
    expect((await stat(join(dir, 'journal-1.jsonl'))).size).toBe(size + 100)
    disk.room = MB
    await expect(store.save(quoting(1, 2))).rejects.toMatchObject({ code: 'EIO' })
    disk.truncateFails = false
    await store.save(quoting(1, 2))
    expect((await reopen()).get(idOf(1))?.version).toBe(2)
  })

  it.each(['EDQUOT', 'EFBIG'])('takes %s of a sync for full, too', async (code) => {
    const { disk, store, reopen } = await fullableStore()
    disk.syncFailsWith = code
    await expect(store.insert(quoting(1))).rejects.toMatchObject({ code: 'store-full' })
    expect(store.acceptsJobs()).toBe(false)
    disk.syncFailsWith = null
    expect(await store.insert(quoting(1))).toBe('inserted')
    expect([...(await reopen()).live()]).toHaveLength(1)
  })

  it('passes on what else the file system says, and goes on', async () => {
    const { disk, store } = await fullableStore()
    disk.syncFailsWith = 'EIO'
    await expect(store.insert(quoting(1))).rejects.toMatchObject({ code: 'EIO' })
    expect(store.acceptsJobs()).toBe(true)
    disk.syncFailsWith = null
    expect(await store.insert(quoting(1))).toBe('inserted')
  })

  it('gives back the payment hash of a save that failed, and keeps one that was stored before', async () => {
    const { disk, store } = await fullableStore()
    for (const seed of [1, 2]) await store.insert(quoting(seed))
    disk.syncFailsWith = 'ENOSPC'
    await expect(store.save(awaiting(1, 2, hashOf('one')))).rejects.toMatchObject({ code: 'store-full' })
    disk.syncFailsWith = null
    expect(store.hasPaymentHash(hashOf('one'))).toBe(false)
    await store.save(awaiting(2, 2, hashOf('one')))
    disk.syncFailsWith = 'ENOSPC'
    await expect(store.save(awaiting(2, 3, hashOf('one')))).rejects.toMatchObject({ code: 'store-full' })
    expect(store.hasPaymentHash(hashOf('one'))).toBe(true)
  })

  it('keeps a later save of the same job that did not fail', async () => {
    const { disk, store, reopen } = await fullableStore()
    await store.insert(quoting(1, 1))
    let late: Promise<void> | undefined
    disk.before = (step) => {
      if (step !== 'datasync' || late) return
      late = store.save(quoting(1, 3))
      throw Object.assign(new Error('staged'), { code: 'ENOSPC' })
    }
    await expect(store.save(quoting(1, 2))).rejects.toMatchObject({ code: 'store-full' })
    await late
    expect(store.get(idOf(1))?.version).toBe(3)
    expect((await reopen()).get(idOf(1))?.version).toBe(3)
  })

  it('keeps notes that could not be written, and writes them when it can', async () => {
    const { disk, store, clock, log, reopen } = await fullableStore()
    await store.insert(quoting(1, 1))
    disk.syncFailsWith = 'ENOSPC'
    store.note(quoting(1, 2))
    clock.advance(100)
    await until(() => log.entries.some(({ event }) => event === 'store-write-failed'), 'the note failed')
    disk.syncFailsWith = null
    expect(store.get(idOf(1))?.version).toBe(2)
    expect((await reopen()).get(idOf(1))?.version).toBe(2)
  })

  it('keeps a job live that could not be archived', async () => {
    const { disk, store, reopen } = await fullableStore()
    await store.insert(rejected(1))
    disk.room = 100
    await expect(store.archive(idOf(1))).rejects.toMatchObject({ code: 'store-full' })
    expect(store.get(idOf(1))).toBeDefined()
    disk.room = MB
    await store.archive(idOf(1))
    const later = await reopen()
    expect(await later.listArchived(9)).toHaveLength(1)
    expect([...later.live()]).toEqual([])
  })
})

describe('a disk that is nearly full', () => {
  it('takes no new jobs before it is full, and takes them again when there is room', async () => {
    const { disk, store, clock, hasBallast } = await fullableStore()
    disk.free = 63 * MB
    await until(() => (clock.advance(5_000), !store.acceptsJobs()), 'the low mark is seen')
    expect(await hasBallast()).toBe(true)
    await store.insert(quoting(1))
    disk.free = 65 * MB
    await until(() => (clock.advance(5_000), store.acceptsJobs()), 'the room is seen')
  })

  it('is said where a new store finds no room at all', async () => {
    const disk = createFaultyDisk()
    disk.room = 10
    await expect(openTestStore(await createStateDirectory(), { disk })).rejects.toMatchObject({ code: 'store-full' })
  })

  it('starts without taking jobs, and without a ballast that does not fit', async () => {
    const disk = createFaultyDisk()
    disk.free = MB
    const store = await openTestStore(await createStateDirectory(), { disk, minFreeBytes: 64 * MB })
    expect(store.acceptsJobs()).toBe(false)
    expect(await store.insert(quoting(1))).toBe('inserted')
  })
})

describe('short writes', () => {
  it('are carried on until every byte is written', async () => {
    const { disk, store, reopen } = await fullableStore()
    disk.shortWrites = 13
    await Promise.all([1, 2, 3].map((seed) => store.insert(quoting(seed))))
    await store.insert(rejected(4))
    await store.archive(idOf(4))
    const later = await reopen()
    expect([...later.live()]).toEqual([1, 2, 3].map((seed) => quoting(seed)))
    expect(await later.findArchived(idOf(4))).toEqual(rejected(4))
  })
})

describe('a state directory that is not ours any more', () => {
  it('takes no new jobs until it is ours again, and goes on saving', async () => {
    const clock = createHandClock()
    const log = createLogRecorder()
    let ours = true
    const options = { clock, log, minFreeBytes: 0, ballastBytes: 0, isOurs: async () => ours }
    const store = await openTestStore(await createStateDirectory(), options)
    const lookAgain = (expected: boolean) =>
      until(
        () => {
          clock.advance(5_000)
          return store.acceptsJobs() === expected
        },
        `new jobs are ${expected ? 'taken' : 'not taken'}`,
      )
    await lookAgain(true)
    ours = false
    await lookAgain(false)
    expect(log.entries.map(({ event }) => event)).toContain('state-directory-lost')
    expect(await store.insert(quoting(1))).toBe('inserted')
    ours = true
    await lookAgain(true)
  })
})
