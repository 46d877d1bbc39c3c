/** Who has how many jobs, whose turn is it, and which ids were seen of late? */
import { describe, expect, it } from 'vitest'
import type { Job } from '../../../src/core/job.js'
import type { Pubkey } from '../../../src/core/identifiers.js'
import { createCensus } from '../../../src/engine/census.js'
import { createRecentIds } from '../../../src/engine/recent-ids.js'
import { createSlots, type Slots } from '../../../src/engine/slots.js'
import { jobIn } from '../../support/sample-jobs.js'

const [ANNA, BERT] = ['a'.repeat(64) as Pubkey, 'b'.repeat(64) as Pubkey]
const of = (customer: Pubkey, job: Job): Job => ({ ...job, customer })

describe('the census', () => {
  it('follows a job from its admission to its end', () => {
    const census = createCensus()
    const life = [
      undefined,
      jobIn('quoting'),
      jobIn('offering'),
      jobIn('awaiting'),
      jobIn('fetching'),
      jobIn('completed'),
    ]
    const counts = life.slice(1).map((after, index) => {
      census.move(life[index], after)
      const { open, unpaid } = census.of(jobIn('quoting').customer)
      return [open, unpaid, census.openInAll()]
    })
    expect(counts).toEqual([
      [1, 0, 1],
      [1, 1, 1],
      [1, 1, 1],
      [1, 0, 1],
      [0, 0, 0],
    ])
  })

  it('counts a job again that was paid late', () => {
    const census = createCensus()
    census.move(jobIn('awaiting'), jobIn('expired'))
    census.move(undefined, jobIn('awaiting'))
    census.move(jobIn('expired'), jobIn('fetching'))
    expect(census.openInAll()).toBe(1)
  })

  it('keeps customers apart', () => {
    const census = createCensus()
    census.move(undefined, of(ANNA, jobIn('awaiting')))
    census.move(undefined, of(ANNA, jobIn('quoting')))
    census.move(undefined, of(BERT, jobIn('publishing')))
    expect([census.of(ANNA), census.of(BERT)]).toEqual([
      { open: 2, unpaid: 1 },
      { open: 1, unpaid: 0 },
    ])
  })
})

/** A step that bids nothing, and stays where it is. */
async function take(slots: Slots, urgent: boolean): Promise<() => void> {
  const give = await slots.take({ urgent, bid: 0, mayGiveWay: false })
  if (!give) throw new Error('gave way')
  return give
}

describe('slots', () => {
  it('are given to paid work first, and within it to whoever waited longest', async () => {
    const slots = createSlots(1, () => 0)
    const order: string[] = []
    const give = await take(slots, false)
    const waiting = [
      ...[
        ['unpaid 1', false],
        ['paid 1', true],
        ['unpaid 2', false],
        ['paid 2', true],
      ].map(async ([name, urgent]) => {
        const done = await take(slots, urgent === true)
        order.push(String(name))
        done()
      }),
    ]
    give()
    await Promise.all(waiting)
    expect(order).toEqual(['paid 1', 'paid 2', 'unpaid 1', 'unpaid 2'])
  })

  it('are never more than the limit, also where one is given back twice', async () => {
    const slots = createSlots(2, () => 0)
    const [first] = [await take(slots, true), await take(slots, true)]
    let third = false
    const next = take(slots, true).then((done) => {
      third = true
      return done
    })
    await Promise.resolve()
    expect(third).toBe(false)
    first()
    first()
    await next
    let fourth = false
    void take(slots, true).then(() => (fourth = true))
    await Promise.resolve()
    expect(fourth).toBe(false)
  })
})

describe('recent ids', () => {
  it('are known, and not after they were taken back', () => {
    const recent = createRecentIds(10)
    recent.add('a')
    expect(recent.has('a')).toBe(true)
    recent.delete('a')
    expect(recent.has('a')).toBe(false)
  })

  it('are bounded: at least half as many as the capacity are kept, and the oldest go', () => {
    const recent = createRecentIds(100)
    for (let number = 0; number < 1_000; number += 1) recent.add(String(number))
    const kept = Array.from({ length: 1_000 }, (_, number) => number).filter((number) => recent.has(String(number)))
    expect(kept.length).toBeGreaterThanOrEqual(50)
    expect(kept.length).toBeLessThanOrEqual(100)
    expect(kept.at(-1)).toBe(999)
    expect(kept[0]).toBeGreaterThanOrEqual(900)
  })
})
