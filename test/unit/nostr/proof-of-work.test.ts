/** Does the work that we do count for those who asked for it, and does everything else go on meanwhile? */
import { describe, expect, it } from 'vitest'
import type { EventTemplate } from '../../../src/core/event.js'
import type { Pubkey } from '../../../src/core/identifiers.js'
import { eventHash } from '../../../src/nostr/event.js'
import { proveWork } from '../../../src/nostr/proof-of-work.js'
import { leadingZeroBits, provenWork } from '../../../src/nostr/work.js'

const AUTHOR = 'ab'.repeat(32) as Pubkey
const template = (changes: Partial<EventTemplate> = {}): EventTemplate => ({
  kind: 6800,
  created_at: 1_800_000_000,
  tags: [['p', AUTHOR]],
  content: '{"ok":true}',
  ...changes,
})
const prove = (given: EventTemplate, bits: number, withinMs = 60_000) =>
  proveWork(AUTHOR, given, { bits, withinMs, now: () => Date.now() })
const idOf = (given: EventTemplate): string => eventHash(AUTHOR, given).toString('hex')

describe('proof of work', () => {
  it.each([1, 4, 7, 8, 9, 12, 15, 16])('of %i bits is found, and committed to', async (bits) => {
    const worked = await prove(template(), bits)
    if (!worked) throw new Error('nothing found')
    expect(leadingZeroBits(idOf(worked))).toBeGreaterThanOrEqual(bits)
    expect(provenWork({ id: idOf(worked) as never, tags: worked.tags })).toBe(bits)
  })

  it.each([
    ['line breaks and quotes', 'a\n"b"\\'],
    ['letters of several bytes', 'Zürich 🌉 東京'],
    ['nothing', ''],
    ['what looks like a nonce', '["nonce","0000000000000000","8"]],"'],
    ['halves of surrogate pairs', 'x\ud800y'],
  ])('is found whatever the content: %s', async (_, content) => {
    const worked = await prove(template({ content }), 8)
    expect(worked && leadingZeroBits(idOf(worked))).toBeGreaterThanOrEqual(8)
    expect(worked).toMatchObject({ content, kind: 6800, created_at: 1_800_000_000 })
  })

  it('takes the place of work that was not enough', async () => {
    const once = await prove(template(), 4)
    const again = once && (await prove(once, 10))
    expect(again?.tags.map(([name]) => name)).toEqual(['p', 'nonce'])
  })

  it('ends in time where nothing is found', async () => {
    expect(await prove(template(), 250, 30)).toBeNull()
  })

  it('lets everything else go on meanwhile', async () => {
    let turns = 0
    const count = () => {
      turns += 1
      timer = setImmediate(count)
    }
    let timer = setImmediate(count)
    const begun = Date.now()
    await prove(template({ content: 'x'.repeat(20_000) }), 250, 200)
    clearImmediate(timer)
    // A slice is 4 ms; ten times as much is left to a machine that does other work.
    expect(turns).toBeGreaterThan((Date.now() - begun) / 40)
  })
})
