/** Does the journal lose nothing that was acknowledged, and load nothing that is damaged? */
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Job } from '../../../src/core/job.js'
import { HIGH_WATER } from '../../../src/stores/high-water.js'
import { createFaultyDisk } from '../../support/faulty-disk.js'
import {
  createHandClock,
  createLogRecorder,
  createStateDirectory,
  expired,
  idOf,
  openTestStore,
  quoting,
  rejected,
  until,
} from '../../support/store-parts.js'

const journalOf = (dir: string): string => join(dir, 'journal-1.jsonl')
const versionsOf = (jobs: Iterable<Job>): number[] => [...jobs].map(({ version }) => version)

/** Every file with its content, to prove that nothing was changed. */
async function contentOf(dir: string): Promise<Record<string, string>> {
  const names = (await readdir(dir)).filter((name) => name.includes('.jsonl') || name.includes('.idx'))
  const contents: Record<string, string> = {}
  for (const name of names) contents[name] = await readFile(join(dir, name), 'hex')
  return contents
}

async function storeWith(jobs: Job[]): Promise<string> {
  const dir = await createStateDirectory()
  const store = await openTestStore(dir)
  for (const job of jobs) await store.insert(job)
  await store.stop()
  return dir
}

describe('the flush', () => {
  it('writes and syncs once for all saves that wait', async () => {
    const disk = createFaultyDisk()
    const dir = await createStateDirectory()
    const store = await openTestStore(dir, { disk, ballastBytes: 0 })
    const steps: string[] = []
    disk.before = (step, path) => void (path.includes('journal') && steps.push(step))
    await Promise.all(Array.from({ length: 100 }, (_, seed) => store.insert(quoting(seed))))
    expect(steps).toEqual(['write', 'datasync'])
  })

  it('resolves a save only when it is synced', async () => {
    const disk = createFaultyDisk()
    const store = await openTestStore(await createStateDirectory(), { disk })
    const steps: string[] = []
    disk.before = (step, path) => void (path.includes('journal') && steps.push(step))
    await store.insert(quoting(1)).then(() => steps.push('acknowledged'))
    expect(steps).toEqual(['write', 'datasync', 'acknowledged'])
  })

  it('writes a note by itself after 100 ms', async () => {
    const clock = createHandClock()
    const dir = await createStateDirectory()
    const store = await openTestStore(dir, { clock })
    await store.insert(quoting(1, 1))
    const { size } = await stat(journalOf(dir))
    store.note(quoting(1, 2))
    store.note(quoting(1, 3))
    clock.advance(99)
    await new Promise((resolve) => setImmediate(resolve))
    expect((await stat(journalOf(dir))).size).toBe(size)
    clock.advance(1)
    await until(async () => (await stat(journalOf(dir))).size > size, 'the note is written')
  })

  it('goes on after a record that cannot be written', async () => {
    const dir = await createStateDirectory()
    const store = await openTestStore(dir)
    const broken = { ...quoting(1), request: 1n } as unknown as Job
    await expect(store.insert(broken)).rejects.toThrow(TypeError)
    expect(store.has(idOf(1))).toBe(false)
    await store.insert(quoting(1))
    await store.stop()
    expect(versionsOf((await openTestStore(dir)).live())).toEqual([1])
  })
})

describe('a start after a crash', () => {
  /** As a crash leaves it that came before the end of the journal was acknowledged. */
  const unacknowledged = (dir: string): Promise<void> => rm(join(dir, HIGH_WATER))

  it('loads every whole line, wherever the last one was cut short', async () => {
    const dir = await storeWith([quoting(1), quoting(2)])
    const whole = await readFile(journalOf(dir))
    const lastLine = whole.lastIndexOf(10, whole.length - 2) + 1
    for (let length = lastLine; length < whole.length; length += 7) {
      await writeFile(journalOf(dir), whole.subarray(0, length))
      await unacknowledged(dir)
      const store = await openTestStore(dir)
      expect([...store.live()].map(({ id }) => id)).toEqual([idOf(1)])
      expect((await stat(journalOf(dir))).size).toBe(lastLine)
      expect(await store.insert(quoting(2))).toBe('inserted')
      await store.stop()
    }
    expect([...(await openTestStore(dir)).live()]).toHaveLength(2)
  })

  it('takes holes of zero bytes at the end for a torn write', async () => {
    const dir = await storeWith([quoting(1), quoting(2), quoting(3)])
    const bytes = await readFile(journalOf(dir))
    const second = bytes.indexOf(10) + 1
    bytes.fill(0, second + 20, second + 60)
    bytes.fill(0, bytes.lastIndexOf(10, bytes.length - 2) + 1)
    await writeFile(journalOf(dir), bytes)
    await unacknowledged(dir)
    expect([...(await openTestStore(dir)).live()].map(({ id }) => id)).toEqual([idOf(1)])
  })

  it('starts where the crash came while the store was made', async () => {
    const dir = await createStateDirectory()
    await writeFile(journalOf(dir), '')
    await writeFile(join(dir, 'snapshot.jsonl.tmp'), 'half')
    expect(await (await openTestStore(dir)).insert(quoting(1))).toBe('inserted')
  })
})

describe('damage', () => {
  const damages: [string, (dir: string) => Promise<void>, RegExp][] = [
    [
      'a changed bit in the middle of the journal',
      async (dir) => {
        const bytes = await readFile(journalOf(dir))
        bytes[bytes.indexOf(10) + 40]! ^= 1
        await writeFile(journalOf(dir), bytes)
      },
      /journal-1\.jsonl line 2/,
    ],
    [
      'a line that is no line',
      async (dir) => writeFile(journalOf(dir), `nonsense\n${await readFile(journalOf(dir), 'utf8')}`),
      /journal-1\.jsonl line 1/,
    ],
    [
      'a whole last line that does not fit its checksum',
      async (dir) => writeFile(journalOf(dir), `${await readFile(journalOf(dir), 'utf8')}00000000 ["job:x"]\n`),
      /journal-1\.jsonl line 4/,
    ],
    [
      'a snapshot cut short at a line',
      async (dir) => {
        const text = await readFile(join(dir, 'snapshot.jsonl'), 'utf8')
        await writeFile(join(dir, 'snapshot.jsonl'), text.slice(0, text.indexOf('\n') + 1))
      },
      /snapshot\.jsonl line 2/,
    ],
    [
      'a snapshot cut short within a line',
      async (dir) => {
        const text = await readFile(join(dir, 'snapshot.jsonl'), 'utf8')
        await writeFile(join(dir, 'snapshot.jsonl'), text.slice(0, -5))
      },
      /snapshot\.jsonl line 2/,
    ],
    [
      'a snapshot that lacks a line in the middle',
      async (dir) => {
        const store = await openTestStore(dir, { compactBytes: 1 })
        await store.insert(quoting(4))
        await store.stop()
        const lines = (await readFile(join(dir, 'snapshot.jsonl'), 'utf8')).split('\n')
        await writeFile(join(dir, 'snapshot.jsonl'), lines.toSpliced(2, 1).join('\n'))
      },
      /snapshot\.jsonl line \d/,
    ],
    ['an empty snapshot', (dir) => writeFile(join(dir, 'snapshot.jsonl'), ''), /snapshot\.jsonl line 1/],
    ['a missing snapshot', (dir) => rm(join(dir, 'snapshot.jsonl')), /snapshot\.jsonl is missing/],
    ['a missing journal', (dir) => rm(journalOf(dir)), /journal-1\.jsonl is missing/],
  ]

  it.each(damages)('refuses to start with %s, names it, and changes nothing', async (_, damage, message) => {
    const dir = await storeWith([quoting(1), quoting(2), quoting(3)])
    await damage(dir)
    const before = await contentOf(dir)
    const opening = openTestStore(dir)
    await expect(opening).rejects.toMatchObject({ code: 'store-corrupt' })
    await expect(opening).rejects.toThrow(message)
    expect(await contentOf(dir)).toEqual(before)
  })

  it('refuses to build its index from a damaged archive', async () => {
    const dir = await createStateDirectory()
    const store = await openTestStore(dir)
    for (const seed of [1, 2]) await store.insert(expired(seed))
    for (const seed of [1, 2]) await store.archive(idOf(seed))
    await store.stop()
    const [day] = await readdir(join(dir, 'archive'))
    const file = join(dir, 'archive', day ?? '')
    await writeFile(file, `{"job":\n${await readFile(file, 'utf8')}`)
    await writeFile(join(dir, 'seen.idx'), '')
    await expect(openTestStore(dir)).rejects.toThrow(/2023-11-14\.jsonl line 1/)
  })
})

describe('the state directory', () => {
  it('is made for its owner alone, and so are the files in it', async () => {
    const dir = join(await createStateDirectory(), 'deep', 'state')
    const store = await openTestStore(dir)
    await store.insert(rejected(1))
    await store.archive(idOf(1))
    await until(async () => (await readdir(dir)).includes('ballast'), 'the ballast is there')
    const modeOf = async (path: string): Promise<number> => (await stat(join(dir, path))).mode & 0o777
    const [day] = await readdir(join(dir, 'archive'))
    expect(await modeOf('.')).toBe(0o700)
    expect(await modeOf('archive')).toBe(0o700)
    for (const name of ['snapshot.jsonl', 'journal-1.jsonl', 'seen.idx', 'ballast', `archive/${day}`]) {
      expect([name, await modeOf(name)]).toEqual([name, 0o600])
    }
  })

  it('is closed to others where it was open, and the log says so', async () => {
    const dir = join(await createStateDirectory(), 'open')
    await mkdir(dir)
    await chmod(dir, 0o755)
    const log = createLogRecorder()
    await openTestStore(dir, { log })
    expect((await stat(dir)).mode & 0o777).toBe(0o700)
    expect(log.entries).toContainEqual(
      expect.objectContaining({ level: 'warn', event: 'state-directory-closed-to-others' }),
    )
  })

  it('cannot be a file', async () => {
    const dir = join(await createStateDirectory(), 'file')
    await writeFile(dir, '')
    await expect(openTestStore(dir)).rejects.toThrow()
  })
})
