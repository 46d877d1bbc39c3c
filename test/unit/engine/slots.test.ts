/** Can those who pay nothing take every slot from those who have paid? */
import { describe, expect, it } from 'vitest'
import { createSlots, type Slots } from '../../../src/engine/slots.js'

async function take(slots: Slots, urgent: boolean, bid = 0): Promise<() => void> {
  const give = await slots.take({ urgent, bid, mayGiveWay: false })
  if (!give) throw new Error('gave way')
  return give
}

const isGiven = async (slot: Promise<unknown>): Promise<boolean> => {
  let given = false
  void slot.then(() => (given = true))
  for (let turns = 0; turns < 5; turns += 1) await Promise.resolve()
  return given
}

it('a quarter is kept for what is paid, however many wait that are not', async () => {
  const slots = createSlots(8, () => 0)
  const unpaid = Array.from({ length: 20 }, () => take(slots, false))
  const given = await Promise.all(unpaid.map(isGiven))
  expect(given.filter(Boolean)).toHaveLength(6)
  const paid = [take(slots, true), take(slots, true), take(slots, true)]
  expect(await Promise.all(paid.map(isGiven))).toEqual([true, true, false])

  const [give] = await Promise.all(unpaid.slice(0, 1))
  give?.()
  expect(await isGiven(paid[2] as Promise<unknown>)).toBe(true)
  expect(await isGiven(unpaid[6] as Promise<unknown>)).toBe(false)
})

it('what is kept goes unused by the unpaid only: none of them waits for ever', async () => {
  const slots = createSlots(4, () => 0)
  const served: number[] = []
  await Promise.all(
    Array.from({ length: 30 }, async (_, number) => {
      const give = await take(slots, number % 3 === 0)
      await Promise.resolve()
      served.push(number)
      give()
    }),
  )
  expect(served).toHaveLength(30)
})

describe('when all are taken', () => {
  /** One slot, taken; the others wait with what they bid. Returns who was served, in order, when it is given back. */
  async function serve(bids: readonly number[], clock = { now: 0 }, everyMs = 0): Promise<number[]> {
    const slots = createSlots(1, () => clock.now)
    const first = await take(slots, false)
    const order: number[] = []
    const all = bids.map(async (bid) => {
      const give = await take(slots, false, bid)
      order.push(bid)
      clock.now += everyMs
      give()
    })
    clock.now += everyMs
    first()
    await Promise.all(all)
    return order
  }

  it('the highest bid is served first, and of equal ones the first', async () => {
    expect(await serve([5, 0, 1_000, 7, 1_001, 0.5])).toEqual([1_001, 1_000, 7, 5, 0.5, 0])
    const slots = createSlots(1, () => 0)
    const give = await take(slots, false)
    const order: string[] = []
    const all = ['a', 'b', 'c'].map(async (name) => {
      const done = await take(slots, false, 9)
      order.push(name)
      done()
    })
    give()
    await Promise.all(all)
    expect(order).toEqual(['a', 'b', 'c'])
  })

  it('who has waited for long is served in every second turn, so that nobody starves', async () => {
    expect(await serve([0, 1, 2, 3, 4, 5], { now: 0 }, 15_000)).toEqual([0, 5, 1, 4, 2, 3])
  })

  it('a stream of higher bids does not keep one without a bid waiting for ever', async () => {
    const clock = { now: 0 }
    const slots = createSlots(1, () => clock.now)
    let give = await take(slots, false)
    let turns = 0
    let isServed = false
    const hold = (done: () => void): void => void (give = done)
    void take(slots, false, 0).then((done) => {
      isServed = true
      hold(done)
    })
    for (; !isServed && turns < 100; turns += 1) {
      void take(slots, false, 1_000 + turns).then(hold)
      clock.now += 1_000
      give()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(turns).toBeLessThan(20)
  })

  it('the lowest bid gives way to a higher one, and only what has cost nothing', async () => {
    const slots = createSlots(1, () => 0)
    await take(slots, false)
    const fate = (bid: number, mayGiveWay: boolean) =>
      slots.take({ urgent: false, bid, mayGiveWay }).then((give) => (give === null ? 'gave way' : 'served'))
    const under = [fate(1, false), fate(7, true), fate(5, true), fate(5, true)]
    expect([slots.displace(5), slots.displace(4), slots.displace(6)]).toEqual([false, false, true])
    expect(await under[3]).toBe('gave way')
    expect([slots.displace(6), slots.displace(6), slots.displace(8), slots.displace(1_000)]).toEqual([
      true,
      false,
      true,
      false,
    ])
    expect(await Promise.all([under[2], under[1]])).toEqual(['gave way', 'gave way'])
  })

  it('twenty thousand that gave way are not kept', async () => {
    const slots = createSlots(1, () => 0)
    const give = await take(slots, false)
    let gaveWay = 0
    void slots.take({ urgent: false, bid: 0, mayGiveWay: true }).then((given) => (gaveWay += given ? 0 : 1))
    for (let bid = 1; bid <= 20_000; bid += 1) {
      expect(slots.displace(bid)).toBe(true)
      void slots.take({ urgent: false, bid, mayGiveWay: true }).then((given) => (gaveWay += given ? 0 : 1))
    }
    give()
    await new Promise((resolve) => setImmediate(resolve))
    expect(gaveWay).toBe(20_000)
  })
})
