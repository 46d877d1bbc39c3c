/** Is every damage to a saved fact noticed, and is what earlier versions saved still read? */
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { TollbridgeError } from '../../../src/core/errors.js'
import { createFact, readFact, writeFact } from '../../../src/system/fact-file.js'

const FACT = { number: 1, intent: { bolt11: 'lnbc1', amountMsat: 21_000, note: 'ü\u2028"' }, outcome: null }
let directory: string
let file: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tollbridge-fact-'))
  file = join(directory, 'fact.json')
})
afterEach(() => rm(directory, { recursive: true }))

it('is read as it was written', async () => {
  expect(await readFact(file)).toBeNull()
  await writeFact(file, FACT)
  expect(await readFact(file)).toEqual(FACT)
  expect(await createFact(file, { other: true })).toBe('exists')
  expect(await readFact(file)).toEqual(FACT)
})

it('is never another one, whichever byte was changed', async () => {
  await writeFact(file, FACT)
  const whole = await readFile(file)
  for (let at = 0; at < whole.length; at += 1) {
    const damaged = Buffer.from(whole)
    damaged[at] = (damaged[at] ?? 0) ^ 0x01
    await writeFile(file, damaged)
    const read = await readFact(file).catch((error: unknown) => error)
    // Of white space, and of the name of the checksum, nothing depends.
    if (read instanceof TollbridgeError) expect(read.code).toBe('store-corrupt')
    else expect(read).toMatchObject(FACT)
  }
})

it.each([0, 1, 40])('is not read where only %i bytes are left', async (length) => {
  await writeFact(file, FACT)
  await truncate(file, length)
  await expect(readFact(file)).rejects.toMatchObject({ code: 'store-corrupt' })
})

it.each(['null', '[]', '"paid"', '\0\0\0\0'])('is not read where the file holds %j', async (text) => {
  await writeFile(file, text)
  await expect(readFact(file)).rejects.toMatchObject({ code: 'store-corrupt' })
})

it('of an earlier version has no checksum, and is taken at its word', async () => {
  await writeFile(file, JSON.stringify(FACT))
  expect(await readFact(file)).toEqual(FACT)
})
