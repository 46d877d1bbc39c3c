/** Can the jobs be read while a daemon writes, compacts and archives them? */
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readStore } from '../../../src/stores/read-store.js'
import { createFaultyDisk } from '../../support/faulty-disk.js'
import {
  awaiting,
  createStateDirectory,
  expired,
  fetching,
  idOf,
  invoicing,
  openTestStore,
  PREIMAGE,
  quoting,
  rejected,
  STATUS_TOKEN,
  TOKEN,
} from '../../support/store-parts.js'

describe('reading without the lease', () => {
  it('shows live and archived jobs without key and without secrets, and changes nothing', async () => {
    const dir = await createStateDirectory()
    const store = await openTestStore(dir)
    for (const job of [quoting(1), invoicing(2), awaiting(3), fetching(4), expired(5)]) await store.insert(job)
    await store.archive(idOf(5))
    const before = await stat(join(dir, 'journal-1.jsonl'))
    const reader = await readStore(dir)
    expect([...reader.live()].map(({ id }) => id)).toEqual([1, 2, 3, 4].map(idOf))
    expect(reader.get(idOf(1))).toEqual(quoting(1))
    expect(await reader.listArchived(5)).toHaveLength(1)
    expect(await reader.findArchived(idOf(5))).toMatchObject({ id: idOf(5), state: 'expired' })
    const shown = JSON.stringify([[...reader.live()], await reader.listArchived(5)])
    for (const canary of [TOKEN, STATUS_TOKEN, PREIMAGE, '"sealed"']) expect(shown).not.toContain(canary)
    expect((await stat(join(dir, 'journal-1.jsonl'))).mtimeMs).toBe(before.mtimeMs)
  })

  it('finds an empty directory empty, and a missing one, too', async () => {
    const dir = await createStateDirectory()
    for (const path of [dir, join(dir, 'none')]) {
      const reader = await readStore(path)
      expect([...reader.live()]).toEqual([])
      expect(await reader.listArchived(5)).toEqual([])
      expect(await reader.findArchived(idOf(1))).toBeUndefined()
    }
    expect(await readdir(dir)).toEqual([])
  })

  it('sees every job at each moment of a daemon that saves, compacts and archives', async () => {
    const dir = await createStateDirectory()
    const store = await openTestStore(dir, { compactBytes: 8_000 })
    const seeds = Array.from({ length: 30 }, (_, seed) => seed)
    await Promise.all(seeds.map((seed) => store.insert(quoting(seed, 1))))
    let reading = true
    const writing = (async () => {
      let version = 1
      while (reading) {
        version++
        await Promise.all(seeds.slice(1).map((seed) => store.save(quoting(seed, version))))
        await store.insert(rejected(`closed ${version}`))
        await store.archive(idOf(`closed ${version}`))
      }
      return version
    })()
    let newest = 0
    for (let round = 0; round < 40; round++) {
      const reader = await readStore(dir)
      const versions = seeds.map((seed) => reader.get(idOf(seed))?.version ?? 0)
      expect(versions).not.toContain(0)
      expect(Math.max(...versions)).toBeGreaterThanOrEqual(newest)
      newest = Math.max(...versions)
      for (let version = 2; version < newest; version++) {
        const id = idOf(`closed ${version}`)
        expect(reader.get(id) ?? (await reader.findArchived(id))).toBeDefined()
      }
    }
    reading = false
    expect(await writing).toBeGreaterThan(2)
  })

  it('looks again where a compaction took a journal away between two looks', async () => {
    const dir = await createStateDirectory()
    const store = await openTestStore(dir, { compactBytes: 1 })
    await store.insert(quoting(1))
    const disk = createFaultyDisk()
    let moved: Promise<unknown> | null = null
    disk.around = async (step, path, run) => {
      const result = await run()
      if (step === 'open read' && path.endsWith('snapshot.jsonl') && !moved) {
        moved = store.insert(quoting(2)).then(() => store.stop())
        await moved
      }
      return result
    }
    expect([...(await readStore(dir, disk)).live()].map(({ id }) => id)).toEqual([1, 2].map(idOf))
  })

  it('calls damage damage', async () => {
    const dir = await createStateDirectory()
    const store = await openTestStore(dir)
    for (const seed of [1, 2]) await store.insert(quoting(seed))
    await store.stop()
    const bytes = await readFile(join(dir, 'journal-1.jsonl'))
    bytes[30]! ^= 1
    await writeFile(join(dir, 'journal-1.jsonl'), bytes)
    await expect(readStore(dir)).rejects.toMatchObject({ code: 'store-corrupt' })
  })
})
