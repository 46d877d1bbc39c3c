/** Are secrets unreadable on disk, and does only the right key open them? */
import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createSealing } from '../../../src/stores/sealing.js'
import {
  awaiting,
  createStateDirectory,
  CUSTOMER,
  expired,
  fetching,
  idOf,
  invoicing,
  openTestStore,
  PREIMAGE,
  SEALING_KEY,
  STATUS_TOKEN,
  TOKEN,
} from '../../support/store-parts.js'

const OTHER_KEY = createHash('sha256').update('another key').digest()
const random = (bytes: number): Uint8Array => randomBytes(bytes)

describe('the state directory', () => {
  it('holds no token, preimage or status URL in plain, in live jobs, archive, snapshot or credits', async () => {
    const dir = await createStateDirectory()
    const store = await openTestStore(dir, { compactBytes: 2_000 })
    for (const job of [invoicing(1), awaiting(2), fetching(3), expired(4), expired(5)]) await store.insert(job)
    store.putCredit({
      ...{ customer: CUSTOMER, upstream: 'api', balanceSats: 1, savedAt: 1 },
      authorization: `L402 ${TOKEN}:${PREIMAGE}`,
    })
    await store.archive(idOf(5))
    await store.save({ ...fetching(3), version: 9 })
    await store.stop()
    const files = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile())
    expect(files.length).toBeGreaterThan(3)
    for (const { parentPath, name } of files) {
      const content = await readFile(join(parentPath, name))
      for (const canary of [TOKEN, STATUS_TOKEN, PREIMAGE]) {
        for (const form of [
          canary,
          Buffer.from(canary).toString('base64').slice(0, -4),
          Buffer.from(canary).toString('hex'),
        ]) {
          expect([name, content.includes(form)]).toEqual([name, false])
        }
      }
      expect(content.includes(Buffer.from(PREIMAGE, 'hex'))).toBe(false)
    }
    const journal = await readFile(join(dir, 'snapshot.jsonl'), 'utf8')
    expect(journal).toContain('"state":"awaiting"') // the rest stays readable
    const later = await openTestStore(dir)
    expect([...later.live()]).toEqual(
      expect.arrayContaining(
        [invoicing(1), awaiting(2), expired(4), fetching(3, 9)].map((job) => ({
          ...job,
          updatedAt: expect.any(Number) as number,
        })),
      ),
    )
    expect(await later.findArchived(idOf(5))).toEqual(expired(5))
    expect(later.credit(CUSTOMER, 'api')?.authorization).toBe(`L402 ${TOKEN}:${PREIMAGE}`)
  })

  it('does not open with another key, and says so', async () => {
    const dir = await createStateDirectory()
    await (await openTestStore(dir)).stop()
    await expect(openTestStore(dir, { sealingKey: OTHER_KEY })).rejects.toMatchObject({ code: 'key-unusable' })
    await expect(openTestStore(dir, { sealingKey: SEALING_KEY.subarray(1) })).rejects.toMatchObject({
      code: 'key-unusable',
    })
    await openTestStore(dir)
  })
})

describe('sealing', () => {
  it('opens what it sealed, for the record it was sealed for', () => {
    const sealing = createSealing(SEALING_KEY, random)
    const sealed = sealing.seal('Geheimnis ⚡', 'job:1')
    expect(sealing.unseal(sealed, 'job:1')).toBe('Geheimnis ⚡')
    expect(() => sealing.unseal(sealed, 'job:2')).toThrow()
    expect(() => createSealing(OTHER_KEY, random).unseal(sealed, 'job:1')).toThrow()
    expect(() => sealing.unseal('AAAA', 'job:1')).toThrow(RangeError)
  })

  it('opens nothing in which a bit was changed', () => {
    const sealing = createSealing(SEALING_KEY, random)
    const bytes = Buffer.from(sealing.seal('secret', 'job:1'), 'base64')
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ 4
      expect(() => sealing.unseal(changed.toString('base64'), 'job:1')).toThrow()
    }
  })

  it('never seals twice alike', () => {
    const sealing = createSealing(SEALING_KEY, random)
    const nonces = Array.from({ length: 1000 }, () =>
      Buffer.from(sealing.seal('x', 'job:1'), 'base64').toString('hex', 0, 12),
    )
    expect(new Set(nonces).size).toBe(1000)
  })
})
