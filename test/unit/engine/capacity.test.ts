/** When there is no room left, does a higher bid find some, at the cost of nobody who has cost anything? */
import { expect, it } from 'vitest'
import { PAUSE } from '../../../src/steps/context.js'
import type { ScriptedStep } from '../../support/drive-world.js'
import { settled } from '../../support/fake-clock.js'
import { createIntakeWorld } from '../../support/intake-world.js'
import { sampleDelivery } from '../../support/sample-jobs.js'
import { PROVIDER, signJob } from '../../support/sign-jobs.js'

const RELAY = 'wss://read.test/'
const bidding = (customer: number, bid: number | null) =>
  signJob({
    customer,
    tags: [
      ['p', PROVIDER],
      ['param', 'method', 'GET'],
      ['param', 'path', '/joke'],
      ...(bid === null ? [] : [['bid', String(bid)]]),
    ],
  })

/** Three jobs fit, one is worked on: the first. Its call ends when it is let go. */
async function createFullWorld(bids: readonly (number | null)[]) {
  let letGo = (): void => undefined
  const held = new Promise<void>((resolve) => (letGo = resolve))
  const step: ScriptedStep = async (job) => {
    if (job.state === 'failing') return { type: 'signed', delivery: sampleDelivery('error') }
    await held
    return PAUSE
  }
  const world = createIntakeWorld({ step, concurrency: 1, limits: { maxOpen: bids.length } })
  const jobs = bids.map((bid, number) => bidding(number, bid))
  for (const job of jobs) world.intake.receive(job, RELAY)
  await settled()
  const say = async (job: ReturnType<typeof bidding>) => {
    world.intake.receive(job, RELAY)
    await settled()
    return job
  }
  const failureOf = (id: (typeof jobs)[number]['id']) => {
    const job = world.store.get(id)
    return job && 'failure' in job ? job.failure.code : (job?.state ?? 'unknown')
  }
  const letAllGo = async () => {
    letGo()
    await settled()
    await settled()
  }
  return { ...world, jobs, say, failureOf, letAllGo }
}

it('the lowest bid that waits for its first call gives way, and is told', async () => {
  const { jobs, say, failureOf, letAllGo } = await createFullWorld([1, 500, null, 400])
  const dear = await say(bidding(10, 450))
  const dearer = await say(bidding(11, 600))
  const cheap = await say(bidding(12, 300))
  await letAllGo()
  expect(jobs.map(({ id }) => failureOf(id))).toEqual(['quoting', 'quoting', 'at-capacity', 'at-capacity'])
  expect([dear, dearer, cheap].map(({ id }) => failureOf(id))).toEqual(['quoting', 'quoting', 'at-capacity'])
})

it('one whose call is under way keeps its place, whatever others bid', async () => {
  const { jobs, say, failureOf, letAllGo } = await createFullWorld([null])
  const dear = await say(bidding(10, 1_000_000))
  await letAllGo()
  expect([failureOf(jobs[0]?.id as never), failureOf(dear.id)]).toEqual(['quoting', 'at-capacity'])
})

it('nobody gives way to a job without a bid, or with an equal one', async () => {
  const { jobs, say, failureOf, letAllGo } = await createFullWorld([null, null, 7])
  const none = await say(bidding(10, null))
  const zero = await say(bidding(11, 0))
  await letAllGo()
  expect([...jobs, none, zero].map(({ id }) => failureOf(id))).toEqual([
    ...['quoting', 'quoting', 'quoting'],
    ...['at-capacity', 'at-capacity'],
  ])
})

it('the highest bid is begun first', async () => {
  const { jobs, began, letAllGo } = await createFullWorld([null, 5, 900, null, 70])
  await letAllGo()
  const order = began.map(({ id }) => jobs.findIndex((job) => job.id === id))
  expect(order).toEqual([0, 2, 4, 1, 3])
})

it('few give way at one time: a stream of rising bids does not fill the place with farewells', async () => {
  const { jobs, say, census, letAllGo } = await createFullWorld(Array.from({ length: 100 }, () => 1))
  for (let number = 0; number < 200; number += 1) await say(bidding(1_000 + number, 2 + number))
  expect(census.openInAll()).toBeLessThanOrEqual(100 + 64 + 1 + 200)
  const leaving = jobs.length
  expect(leaving).toBe(100)
  await letAllGo()
  expect(census.openInAll()).toBeLessThanOrEqual(100)
})
