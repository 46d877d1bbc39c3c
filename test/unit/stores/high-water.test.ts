/** Is a journal that lost what was acknowledged told from one that a crash left short? */
import { appendFile, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { HIGH_WATER } from '../../../src/stores/high-water.js'
import { createFaultyDisk } from '../../support/faulty-disk.js'
import { createStateDirectory, idOf, openTestStore, quoting } from '../../support/store-parts.js'

const journalOf = (dir: string): string => join(dir, 'journal-1.jsonl')
const markOf = (dir: string): string => join(dir, HIGH_WATER)

async function storeWithSix(): Promise<string> {
  const dir = await createStateDirectory()
  const store = await openTestStore(dir, { ballastBytes: 0 })
  for (let seed = 1; seed <= 6; seed++) await store.insert(quoting(seed))
  await store.stop()
  return dir
}

describe('a start', () => {
  it('refuses a journal whose acknowledged lines were cut off, at whichever byte, and changes nothing', async () => {
    const dir = await storeWithSix()
    const whole = await readFile(journalOf(dir))
    const second = whole.indexOf(10) + 1
    for (let length = second; length < whole.length; length += 53) {
      await writeFile(journalOf(dir), whole.subarray(0, length))
      const opening = openTestStore(dir, { ballastBytes: 0 })
      await expect(opening).rejects.toMatchObject({ code: 'store-corrupt' })
      await expect(opening).rejects.toThrow(`journal-1.jsonl was cut short (${whole.length} bytes were acknowledged`)
      expect(await readFile(journalOf(dir))).toHaveLength(length)
    }
  })

  it('refuses where everything is gone but the mark', async () => {
    const dir = await storeWithSix()
    for (const name of await readdir(dir)) if (name.endsWith('.jsonl')) await rm(join(dir, name))
    await expect(openTestStore(dir)).rejects.toThrow('snapshot.jsonl is missing')
  })

  it('goes on with what is there once the operator takes the mark away, as the refusal says', async () => {
    const dir = await storeWithSix()
    const whole = await readFile(journalOf(dir))
    await writeFile(journalOf(dir), whole.subarray(0, whole.length - 1))
    await expect(openTestStore(dir)).rejects.toThrow(`remove ${markOf(dir)} to go on`)
    await rm(markOf(dir))
    expect([...(await openTestStore(dir)).live()]).toHaveLength(5)
  })

  it('leaves out half a line that nobody was told of', async () => {
    const dir = await storeWithSix()
    await appendFile(journalOf(dir), '00000000 ["job:half')
    expect([...(await openTestStore(dir)).live()]).toHaveLength(6)
  })

  it.each(['', 'nonsense', '00000000 000000000000001 000000000999999\n'])(
    'does not believe a mark that a crash left half: %j',
    async (content) => {
      const dir = await storeWithSix()
      await writeFile(markOf(dir), content)
      const store = await openTestStore(dir)
      expect(store.has(idOf(6))).toBe(true)
      await store.stop()
      expect((await readFile(markOf(dir), 'latin1')).slice(8)).toMatch(/^ 0{14}1 0{11}\d{4}\n$/)
    },
  )
})

describe('the mark', () => {
  it('is raised only after the sync of what it speaks of, and follows the journal into its next generation', async () => {
    const disk = createFaultyDisk()
    const dir = await createStateDirectory()
    const store = await openTestStore(dir, { disk, ballastBytes: 0, compactBytes: 2_000 })
    for (let seed = 1; seed <= 20; seed++) await store.insert(quoting(seed))
    await store.stop()
    const [, generation, bytes] = (await readFile(markOf(dir), 'latin1')).trim().split(' ')
    expect(Number(generation)).toBeGreaterThan(1)
    expect(await readFile(join(dir, `journal-${Number(generation)}.jsonl`))).toHaveLength(Number(bytes))
    expect([...(await openTestStore(dir)).live()]).toHaveLength(20)
  })

  it('costs no save anything when it cannot be written', async () => {
    const disk = createFaultyDisk()
    const dir = await createStateDirectory()
    disk.before = (_, path) => {
      if (path.endsWith(HIGH_WATER)) throw Object.assign(new Error('staged'), { code: 'EIO' })
    }
    const store = await openTestStore(dir, { disk, ballastBytes: 0 })
    expect(await store.insert(quoting(1))).toBe('inserted')
    await store.stop()
    expect([...(await openTestStore(dir)).live()]).toHaveLength(1)
  })
})
