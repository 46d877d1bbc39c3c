/** Does asking without paying cost the daemon memory without end? */
import { expect, it, vi } from 'vitest'
import type { EventId, PaymentHash, Preimage } from '../../../src/core/identifiers.js'
import { archiveIfDone, lookAfter } from '../../../src/engine/afterlife.js'
import { createLateJobs } from '../../../src/engine/late-jobs.js'
import { jobIn } from '../../support/sample-jobs.js'
import { createStepWorld, numberedId } from '../../support/step-world.js'

const expired = (number: number, request = '{}') => ({ ...jobIn('expired'), id: numberedId(number), request })

function createFixture(options: { max: number; maxCharacters?: number }) {
  const evicted: EventId[] = []
  return { evicted, late: createLateJobs({ ...options, onEvicted: (id) => evicted.push(id) }) }
}

it('lets the oldest make room, once, and keeps the others', () => {
  const { late, evicted } = createFixture({ max: 2 })
  const [first, second, third] = [expired(1), expired(2), expired(3)]
  for (const job of [first, second, first, third]) expect(late.keep(job)).toBe(true)
  expect(evicted).toEqual([first.id])
  expect([first, second, third].map((job) => late.keep(job))).toEqual([false, true, true])
})

it('counts what the requests weigh, too, and gives back what left', () => {
  const { late, evicted } = createFixture({ max: 100, maxCharacters: 2_500 })
  const large = [1, 2, 3].map((number) => expired(number, 'x'.repeat(1_000)))
  const [first, second, third] = large as [(typeof large)[0], (typeof large)[0], (typeof large)[0]]
  late.keep(first)
  late.keep(second)
  late.leave(first.id)
  late.keep(third)
  expect(evicted).toEqual([])
  late.keep(expired(4, 'x'.repeat(1_000)))
  expect(evicted).toEqual([second.id])
})

it('what makes room is watched no more and archived, unless its payment was found meanwhile', async () => {
  const { context, watched, found, store, clock } = createStepWorld()
  const late = createLateJobs({ max: 1, onEvicted: () => undefined })
  const afterlife = { lateMs: 86_400_000, reviveMs: 7 * 86_400_000, late }
  const jobs = [1, 2, 3].map((number) => {
    const { offer, ...job } = expired(number)
    const paymentHash = numberedId(number) as string as PaymentHash
    return { ...job, outbox: [], offer: { ...offer, paymentHash, expiresAt: clock.now() - 1 } }
  })
  for (const job of jobs) {
    await store.insert(job)
    void lookAfter(context, job, afterlife)
  }
  const [first, paid, newest] = jobs as [(typeof jobs)[0], (typeof jobs)[0], (typeof jobs)[0]]
  const key = { kind: 'preimage', value: 'a'.repeat(64) as Preimage } as const
  found.set(paid.offer.paymentHash, { key, source: 'customerProof' })
  const looked = await Promise.all(jobs.map(async (job) => lookAfter(context, job, afterlife)))
  expect(looked.map(({ type }) => type)).toEqual(['pause', 'settled', 'pause'])
  expect([...watched.values()].map(({ jobId }) => jobId)).toEqual([paid.id, newest.id])
  archiveIfDone(context, first)
  await vi.waitFor(async () => expect((await store.findArchived(first.id))?.state).toBe('expired'))
})
