/** Is the ledger right whoever writes it, and whatever died while it was written? */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import type { EventId } from '../../../src/core/identifiers.js'
import type { Msat } from '../../../src/core/money.js'
import { createBudget, LONGEST_WINDOW_MS, type Budget } from '../../../src/hirer/budget.js'
import { createMovedClock } from '../../support/pool-fixture.js'

const HOUR = 3_600_000
const id = (n: number) => n.toString(16).padStart(64, '0') as EventId
const msat = (n: number) => n as Msat
const cost = (amount: number, fees = 0) => ({ amountMsat: msat(amount), feesMsat: msat(fees) })
const limit = { msat: msat(100), windowMs: HOUR }

let directory: string
const clock = createMovedClock()
const open = (): Budget => createBudget(directory, clock)
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tollbridge-budget-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

it('reserves up to the limit and not a millisat more', async () => {
  const budget = open()
  expect(await budget.reserve(id(1), cost(60), limit)).toBe(true)
  expect(await budget.reserve(id(2), cost(41), limit)).toBe(false)
  expect(await budget.reserve(id(3), cost(40), limit)).toBe(true)
  expect(await budget.committed(HOUR)).toBe(100)
})

it('reserves once for one hire', async () => {
  const budget = open()
  await budget.reserve(id(1), cost(60), limit)
  expect(await budget.reserve(id(1), cost(60), limit)).toBe(true)
  expect(await budget.committed(HOUR)).toBe(60)
})

it('frees what was definitely not paid, and nothing that was', async () => {
  const budget = open()
  await budget.reserve(id(1), cost(60), limit)
  await budget.reserve(id(2), cost(40), limit)
  await budget.settle(id(1), msat(60), msat(3))
  await budget.release(id(1))
  await budget.release(id(2))
  expect(await budget.committed(HOUR)).toBe(63)
})

it('keeps back what the fees may be, and takes what they were', async () => {
  const budget = open()
  expect(await budget.reserve(id(1), cost(60, 10), limit)).toBe(true)
  expect(await budget.reserve(id(2), cost(25, 6), limit)).toBe(false)
  await budget.settle(id(1), msat(60), msat(2))
  expect(await budget.committed(HOUR)).toBe(62)
  expect(await budget.reserve(id(2), cost(25, 6), limit)).toBe(true)
  expect(await budget.committed(HOUR)).toBe(93)
})

it('counts all that was kept for fees where nobody tells what they were', async () => {
  const budget = open()
  await budget.reserve(id(1), cost(60, 10), limit)
  await budget.settle(id(1), msat(60), null)
  expect(await budget.committed(HOUR)).toBe(70)
})

it('counts fees that were higher than what was kept for them', async () => {
  const budget = open()
  await budget.reserve(id(1), cost(60, 10), limit)
  await budget.settle(id(1), msat(60), msat(39))
  expect(await budget.reserve(id(2), cost(1, 1), limit)).toBe(false)
})

it('lets what was spent leave the window, and never what may have been', async () => {
  const budget = open()
  await budget.reserve(id(1), cost(60), limit)
  await budget.settle(id(1), msat(60), null)
  await budget.reserve(id(2), cost(40), limit)
  clock.advance(HOUR + 1)
  expect(await budget.committed(HOUR)).toBe(40)
  clock.advance(2 * LONGEST_WINDOW_MS)
  await budget.reserve(id(3), cost(1), null)
  expect(await open().committed(HOUR)).toBe(41)
})

it('counts the time from the payment, however long it was reserved before', async () => {
  const budget = open()
  await budget.reserve(id(1), cost(60), limit)
  clock.advance(HOUR - 1)
  await budget.settle(id(1), msat(60), null)
  clock.advance(HOUR - 1)
  expect(await budget.committed(HOUR)).toBe(60)
})

it('is not passed by many that reserve at once, each with a ledger of its own', async () => {
  const granted = await Promise.all(Array.from({ length: 8 }, (_, n) => open().reserve(id(n + 1), cost(30), limit)))
  expect(granted.filter(Boolean)).toHaveLength(3)
  expect(await open().committed(HOUR)).toBe(90)
})

it('takes the turn of a holder that was killed', async () => {
  await mkdir(join(directory, 'budget.lease'))
  const dead = { pid: 2 ** 22 + 1, started: null, boot: null, run: 'x', briefly: true }
  await writeFile(join(directory, 'budget.lease', 'lease-1.json'), JSON.stringify(dead))
  expect(await open().reserve(id(1), cost(30), limit)).toBe(true)
})

it('never takes a ledger that cannot be read for an empty one', async () => {
  await writeFile(join(directory, 'budget.json'), '{"half')
  await expect(open().reserve(id(1), cost(30), limit)).rejects.toMatchObject({ code: 'store-corrupt' })
  await expect(open().committed(HOUR)).rejects.toMatchObject({ code: 'store-corrupt' })
})

it.each([
  'null',
  '[]',
  '{"x":1}',
  '{"x":{"mscat":90,"state":"spent","at":1}}',
  '{"x":{"msat":-1,"state":"spent","at":1}}',
])('never takes %s for a ledger', async (text) => {
  await writeFile(join(directory, 'budget.json'), text)
  await expect(open().reserve(id(1), cost(30), limit)).rejects.toMatchObject({ code: 'store-corrupt' })
})
