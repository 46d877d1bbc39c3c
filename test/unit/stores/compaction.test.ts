/** Does a compaction lose or double anything, wherever it is cut off, and whoever saves meanwhile? */
import { cp, readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { JobStore } from '../../../src/ports.js'
import { createFaultyDisk } from '../../support/faulty-disk.js'
import {
  createLogRecorder,
  createStateDirectory,
  idOf,
  openTestStore,
  quoting,
  rejected,
  until,
} from '../../support/store-parts.js'

const namesIn = async (dir: string): Promise<string[]> =>
  (await readdir(dir)).filter((name) => name.includes('jsonl')).sort()

const SEEDS = Array.from({ length: 40 }, (_, seed) => seed)

async function saveAll(store: JobStore, version: number): Promise<void> {
  await Promise.all(SEEDS.map((seed) => store.save(quoting(seed, version))))
}

/** What a store holds, as one comparable text per job. */
const contentOf = (store: JobStore): string[] => [...store.live()].map((job) => JSON.stringify(job)).sort()

describe('compaction', () => {
  it('begins when the journal is larger than the limit and twice the snapshot, and leaves one journal', async () => {
    const dir = await createStateDirectory()
    const log = createLogRecorder()
    const store = await openTestStore(dir, { compactBytes: 20_000, log })
    await Promise.all(SEEDS.map((seed) => store.insert(quoting(seed, 1))))
    expect(await namesIn(dir)).toEqual(['journal-1.jsonl', 'snapshot.jsonl'])
    await saveAll(store, 2)
    await until(() => log.entries.some(({ event }) => event === 'store-compacted'), 'the snapshot is written')
    expect(await namesIn(dir)).toEqual(['journal-2.jsonl', 'snapshot.jsonl'])
    await saveAll(store, 3)
    expect(await namesIn(dir)).toEqual(['journal-2.jsonl', 'snapshot.jsonl'])
    await store.stop()
    const later = await openTestStore(dir)
    expect([...later.live()].map(({ version }) => version)).toEqual(SEEDS.map(() => 3))
  })

  it('loses and doubles nothing at whichever step of it the process dies', async () => {
    const [dir, copiesIn] = [await createStateDirectory(), await createStateDirectory()]
    const disk = createFaultyDisk()
    const store = await openTestStore(dir, { disk, compactBytes: 10_000, ballastBytes: 0 })
    await Promise.all(SEEDS.map((seed) => store.insert(quoting(seed, 1))))
    const expected: string[][] = [contentOf(store)]

    // A copy of the directory before each step is what a crash at that step leaves. One step at a time, so that each is whole.
    const copies: { step: string; copy: string; acknowledged: number }[] = []
    let last: Promise<unknown> = Promise.resolve()
    disk.around = (step, path, run) => {
      const mine = last.then(async () => {
        const copy = join(copiesIn, String(copies.length))
        copies.push({ step: `${step} ${basename(path)}`, copy, acknowledged: expected.length - 1 })
        await cp(dir, copy, { recursive: true })
        return run()
      })
      last = mine.catch(() => undefined)
      return mine
    }
    for (let version = 2; version < 8; version++) {
      await saveAll(store, version)
      expected.push(contentOf(store))
    }
    await store.stop()

    expect(copies.map(({ step }) => step.split(' ')[0])).toEqual(
      expect.arrayContaining(['rename', 'remove', 'syncDirectory']),
    )
    for (const { step, copy, acknowledged } of copies) {
      const later = await openTestStore(copy, { ballastBytes: 0 })
      // What was acknowledged is there; what was on its way may be.
      const allowed = [expected[acknowledged], expected[acknowledged + 1] ?? expected[acknowledged]]
      const perJob = contentOf(later)
      expect([step, perJob.length]).toEqual([step, SEEDS.length])
      for (const [index, job] of perJob.entries()) expect(allowed.map((jobs) => jobs?.[index])).toContain(job)
      await later.stop()
    }
  })

  it('lets saves, removals and inserts go on while the snapshot is written', async () => {
    const dir = await createStateDirectory()
    const disk = createFaultyDisk()
    const store = await openTestStore(dir, { disk, compactBytes: 10_000, ballastBytes: 0 })
    await Promise.all(SEEDS.map((seed) => store.insert(quoting(seed, 1))))
    let meanwhile: Promise<unknown> | undefined
    disk.before = (step, path) => {
      if (step !== 'write' || !path.endsWith('snapshot.jsonl.tmp') || meanwhile) return
      meanwhile = Promise.all([
        ...SEEDS.slice(0, 20).map((seed) => store.save(quoting(seed, 9))),
        store.save(rejected(20, 9)).then(() => store.archive(idOf(20))),
        store.insert(quoting('new')),
      ])
    }
    await store.save(quoting(39, 2))
    await until(() => meanwhile !== undefined, 'the snapshot has begun')
    await meanwhile
    const content = contentOf(store)
    await store.stop()
    const later = await openTestStore(dir)
    expect(contentOf(later)).toEqual(content)
    expect(later.get(idOf(20))).toBeUndefined()
    expect(later.get(idOf('new'))).toBeDefined()
  })

  it('goes on with a chain of journals where a snapshot cannot be written', async () => {
    const dir = await createStateDirectory()
    const disk = createFaultyDisk()
    const log = createLogRecorder()
    const store = await openTestStore(dir, { disk, compactBytes: 10_000, ballastBytes: 0, log })
    await Promise.all(SEEDS.map((seed) => store.insert(quoting(seed, 1))))
    disk.before = (step) => {
      if (step === 'rename') throw Object.assign(new Error('staged'), { code: 'ENOSPC' })
    }
    for (let version = 2; version < 9; version++) await saveAll(store, version)
    await until(() => log.entries.some(({ event }) => event === 'store-compaction-failed'), 'the snapshot failed')
    await store.stop()
    const names = await namesIn(dir)
    expect(names.length).toBeGreaterThan(2)
    expect(names).not.toContain('snapshot.jsonl.tmp')

    const later = await openTestStore(dir, { compactBytes: 10_000 })
    expect([...later.live()].map(({ version }) => version)).toEqual(SEEDS.map(() => 8))
    await later.save(quoting(0, 9))
    await later.stop()
    expect(await namesIn(dir)).toHaveLength(2)
    expect((await openTestStore(dir)).get(idOf(0))?.version).toBe(9)
  })

  it('writes a snapshot that ends with the number of its records', async () => {
    const dir = await createStateDirectory()
    const store = await openTestStore(dir, { compactBytes: 1 })
    await store.insert(quoting(1))
    await store.insert(quoting(2))
    await store.stop()
    const lines = (await readFile(join(dir, 'snapshot.jsonl'), 'utf8')).trimEnd().split('\n')
    expect(lines.at(-1)?.slice(9)).toBe(JSON.stringify({ records: lines.length - 2 }))
  })
})
