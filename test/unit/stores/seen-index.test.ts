/** Is every id and payment hash known that ever was, whatever happens to the index file? */
import { randomBytes } from 'node:crypto'
import { appendFile, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FingerprintSet, fingerprintOf } from '../../../src/stores/fingerprint-set.js'
import { createFaultyDisk } from '../../support/faulty-disk.js'
import {
  awaiting,
  createLogRecorder,
  createStateDirectory,
  expired,
  failing,
  hashOf,
  idOf,
  openTestStore,
  quoting,
  rejected,
} from '../../support/store-parts.js'

describe('a set of fingerprints', () => {
  it('knows what was added and nothing else, through many growths', () => {
    const set = new FingerprintSet()
    const ids = Array.from({ length: 20_000 }, () => randomBytes(32).toString('hex'))
    const zero = '0'.repeat(64)
    expect(set.has(fingerprintOf(zero))).toBe(false)
    expect([...ids, zero].every((id) => set.add(fingerprintOf(id)))).toBe(true)
    expect([...ids, zero].some((id) => set.add(fingerprintOf(id)))).toBe(false)
    expect(set.size).toBe(20_001)
    expect([...set.values()]).toHaveLength(20_001)
    expect(ids.every((id) => set.has(fingerprintOf(id)))).toBe(true)
    const others = Array.from({ length: 20_000 }, () => randomBytes(32).toString('hex'))
    expect(others.some((id) => set.has(fingerprintOf(id)))).toBe(false)
  })
})

describe('the index of the archive', () => {
  const indexOf = (dir: string): string => join(dir, 'seen.idx')

  async function archiveWith(count: number): Promise<string> {
    const dir = await createStateDirectory()
    const store = await openTestStore(dir)
    await store.insert(quoting('gave up'))
    await store.save(awaiting('gave up', 2))
    await store.save(failing('gave up', 3))
    await store.save(rejected('gave up', 4))
    await store.archive(idOf('gave up'))
    for (let seed = 0; seed < count; seed++) {
      await store.insert(expired(seed))
      await store.archive(idOf(seed))
    }
    await store.stop()
    return dir
  }

  const damages: [string, (dir: string) => Promise<void>][] = [
    ['is missing', (dir) => rm(indexOf(dir))],
    ['was cut short at a record', async (dir) => truncate(indexOf(dir), (await stat(indexOf(dir))).size - 20)],
    ['was cut short within a record', async (dir) => truncate(indexOf(dir), (await stat(indexOf(dir))).size - 7)],
    ['is empty', (dir) => truncate(indexOf(dir), 0)],
    [
      'has a changed bit',
      async (dir) => {
        const bytes = await readFile(indexOf(dir))
        bytes[50]! ^= 8
        await writeFile(indexOf(dir), bytes)
      },
    ],
  ]

  it.each(damages)('is made again from the archive where it %s', async (_, damage) => {
    const dir = await archiveWith(5)
    await damage(dir)
    const log = createLogRecorder()
    const store = await openTestStore(dir, { log })
    expect(log.entries.map(({ event }) => event)).toContain('seen-index-built')
    for (const seed of [0, 1, 2, 3, 4, 'gave up']) {
      expect(store.has(idOf(seed))).toBe(true)
      expect(store.hasPaymentHash(hashOf(seed))).toBe(true)
      expect(await store.insert(quoting(seed))).toBe('duplicate')
    }
    await store.insert(expired('next'))
    await store.archive(idOf('next'))
    await store.stop()
    const again = createLogRecorder()
    const later = await openTestStore(dir, { log: again })
    expect(again.entries.map(({ event }) => event)).not.toContain('seen-index-built')
    expect(later.has(idOf('next'))).toBe(true)
  })

  it('carries on behind half a record that a crash left', async () => {
    const dir = await archiveWith(2)
    await appendFile(indexOf(dir), 'half')
    const store = await openTestStore(dir)
    await store.insert(expired('next'))
    await store.archive(idOf('next'))
    await store.stop()
    const later = await openTestStore(dir)
    for (const seed of [0, 1, 'next', 'gave up']) expect(later.has(idOf(seed))).toBe(true)
  })

  it('is made again once, and not at every start, where archive files are gone, too', async () => {
    const dir = await archiveWith(3)
    await rm(join(dir, 'archive'), { recursive: true })
    await rm(indexOf(dir))
    await (await openTestStore(dir)).stop()
    const log = createLogRecorder()
    await openTestStore(dir, { log })
    expect(log.entries.map(({ event }) => event)).not.toContain('seen-index-built')
  })

  it('knows ids whose archive file was taken away', async () => {
    const dir = await archiveWith(3)
    await rm(join(dir, 'archive'), { recursive: true })
    const store = await openTestStore(dir)
    expect(await store.insert(quoting(1))).toBe('duplicate')
    expect(await store.findArchived(idOf(1))).toBeUndefined()
  })
})

describe('a crash while a job is archived', () => {
  it.each(['open', 'write', 'datasync', 'syncDirectory'])(
    'leaves it live or archived, never neither: %s',
    async (where) => {
      const dir = await createStateDirectory()
      const disk = createFaultyDisk()
      const store = await openTestStore(dir, { disk, ballastBytes: 0 })
      await store.insert(expired(1))
      // Fails at the first such step, then at the second, and so on, until archiving gets through.
      for (let nth = 1; ; nth++) {
        let count = 0
        disk.before = (step) => {
          if (step.startsWith(where) && ++count === nth) throw Object.assign(new Error('staged'), { code: 'EIO' })
        }
        const moved = await store.archive(idOf(1)).then(
          () => true,
          () => false,
        )
        disk.before = () => undefined
        const seen = await openTestStore(dir, { ballastBytes: 0 })
        const places = [seen.get(idOf(1)) !== undefined, (await seen.findArchived(idOf(1))) !== undefined]
        expect(places).toContain(true)
        expect(seen.has(idOf(1))).toBe(true)
        await expect(seen.insert(quoting(1))).resolves.toBe('duplicate')
        await seen.stop()
        if (moved) break
        expect(store.get(idOf(1))).toEqual(expired(1))
      }
      expect(await store.listArchived(9)).toEqual([expired(1)])
    },
  )

  it('cuts half a line off the archive before it writes on', async () => {
    const dir = await createStateDirectory()
    const store = await openTestStore(dir)
    for (const seed of [1, 2]) await store.insert(expired(seed))
    await store.archive(idOf(1))
    const [day] = await readdir(join(dir, 'archive'))
    await appendFile(join(dir, 'archive', day ?? ''), `{"job":{"id":"${'half a line '.repeat(500)}`)
    expect(await store.listArchived(9)).toEqual([expired(1)])
    await store.archive(idOf(2))
    expect(await store.listArchived(9)).toEqual([expired(2), expired(1)])
    expect((await readFile(join(dir, 'archive', day ?? ''), 'utf8')).trimEnd().split('\n')).toHaveLength(2)
  })
})
