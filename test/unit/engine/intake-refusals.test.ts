/** What is a fresh, valid job told that is not taken, how often, and what does it cost us? */
import { describe, expect, it } from 'vitest'
import type { NostrEvent } from '../../../src/core/event.js'
import type { Job } from '../../../src/core/job.js'
import { PAUSE } from '../../../src/steps/context.js'
import type { ScriptedStep } from '../../support/drive-world.js'
import { settled } from '../../support/fake-clock.js'
import { createIntakeWorld, type IntakeOptions } from '../../support/intake-world.js'
import { sampleDelivery, sampleOffer } from '../../support/sample-jobs.js'
import { NOW_S, PROVIDER, signJob } from '../../support/sign-jobs.js'

const RELAY = 'wss://read.test/'
const withTags = (...tags: string[][]): NostrEvent => signJob({ tags: [['p', PROVIDER], ...tags] })
const [METHOD, PATH] = [
  ['param', 'method', 'GET'],
  ['param', 'path', '/joke'],
]

/** Signs what is refused, and leaves the rest where it is. */
const signErrors: ScriptedStep = (job) =>
  job.state === 'failing' ? { type: 'signed', delivery: sampleDelivery('error') } : PAUSE

async function refusalOf(event: NostrEvent, options: IntakeOptions = {}): Promise<string> {
  const { intake, store } = createIntakeWorld({ step: () => PAUSE, ...options })
  intake.receive(event, RELAY)
  await settled()
  const job = store.get(event.id) as Extract<Job, { state: 'failing' }>
  expect([job.state, job.request]).toEqual(['failing', ''])
  return job.failure.code
}

describe('a refusal', () => {
  it.each([
    ['without a method', withTags(PATH), 'invalid-request'],
    ['without a path', withTags(METHOD), 'invalid-request'],
    ['with a bid that is no number', withTags(METHOD, PATH, ['bid', '5 sats']), 'invalid-bid'],
    ['with a bid tag that holds nothing', withTags(METHOD, PATH, ['bid']), 'invalid-bid'],
    ['that is encrypted', withTags(['encrypted']), 'encryption-unsupported'],
    ['with a method that no route has', withTags(['param', 'method', 'DELETE'], PATH), 'method-not-allowed'],
    ['with a path in disguise', withTags(METHOD, ['param', 'path', '/a/../joke']), 'path-not-allowed'],
    ['with too many tags', withTags(METHOD, PATH, ...Array<string[]>(200).fill(['x'])), 'invalid-request'],
    ['with a body over the limit', withTags(METHOD, PATH, ['param', 'body', 'x'.repeat(1_001)]), 'body-too-large'],
    ['that is a megabyte long', signJob({ content: 'x'.repeat(1_048_576) }), 'body-too-large'],
    ['for gRPC', withTags(METHOD, PATH, ['param', 'content-type', 'application/grpc+proto']), 'invalid-request'],
  ])('is recorded for a job %s', async (_, event, code) => {
    expect(await refusalOf(event)).toBe(code)
  })

  it.each([
    ['throws', () => JSON.parse('{') as never, 'internal-error'],
    ['refuses with a code that nobody documented', () => ({ rejected: 'no-thanks' as never }), 'internal-error'],
    ['refuses with one of ours', () => ({ rejected: 'invalid-request' as const }), 'invalid-request'],
    ['returns nothing', () => undefined as never, 'internal-error'],
  ])('is recorded where the handler %s', async (_, toRequest, code) => {
    expect(await refusalOf(signJob(), { handler: { toRequest } })).toBe(code)
  })

  it('is said once, however many relays bring the job', async () => {
    const { intake, began } = createIntakeWorld({ step: signErrors })
    const event = withTags(METHOD)
    for (let copy = 0; copy < 30; copy += 1) intake.receive(event, `wss://${copy % 10}.test/`)
    await settled()
    expect([began.length, intake.counts.refused, intake.counts.duplicate]).toEqual([1, 1, 29])
  })

  it('stays within a rate per customer and a rate in all, and what is over is known all the same', async () => {
    const { intake, store, clock } = createIntakeWorld({ step: signErrors, refusals: [2, 5] })
    const events = [1, 2, 3, 4].flatMap((customer) =>
      [1, 2, 3].map((number) =>
        signJob({
          customer,
          tags: [
            ['p', PROVIDER],
            ['n', String(number)],
          ],
        }),
      ),
    )
    for (const event of events) intake.receive(event, RELAY)
    await settled()
    expect([...store.live()]).toHaveLength(5)
    expect([intake.counts.refused, intake.counts.refusedSilently]).toEqual([12, 7])
    expect(events.every(({ id }) => intake.knows(id))).toBe(true)
    await clock.advance(60_000)
    intake.receive(signJob({ tags: [['p', PROVIDER]], createdAt: NOW_S + 60 }), RELAY)
    await settled()
    expect(intake.counts.refusedSilently).toBe(7)
  })

  it('is said and not stored where the disk is full', async () => {
    const { intake, store, unrecorded } = createIntakeWorld({ acceptsJobs: () => false })
    const event = signJob()
    for (let copy = 0; copy < 3; copy += 1) intake.receive(event, RELAY)
    await settled()
    expect(unrecorded.map(({ failure }) => failure.code)).toEqual(['storage-full'])
    expect([...store.live()]).toEqual([])
  })
})

describe('a burst', () => {
  const burst = async (options: IntakeOptions, events: readonly NostrEvent[]) => {
    const world = createIntakeWorld(options)
    for (const event of events) world.intake.receive(event, RELAY)
    await settled()
    const codes = [...world.store.live()].flatMap((job) => ('failure' in job ? job.failure.code : []))
    return { admitted: world.intake.counts.admitted, codes: new Set(codes) }
  }
  const jobs = (count: number, customerOf: (number: number) => number): NostrEvent[] =>
    Array.from({ length: count }, (_, number) => signJob({ number: number + 1, customer: customerOf(number) }))

  it('of one customer does not slip past the open jobs of a customer', async () => {
    const { admitted, codes } = await burst(
      { limits: { maxOpenPerCustomer: 3 } },
      jobs(10, () => 1),
    )
    expect([admitted, ...codes]).toEqual([3, 'too-many-open'])
  })

  it('of many customers does not slip past the open jobs in all', async () => {
    const { admitted, codes } = await burst(
      { limits: { maxOpen: 4 } },
      jobs(10, (number) => number),
    )
    expect([admitted, ...codes]).toEqual([4, 'at-capacity'])
  })

  it('does not slip past the unpaid invoices once they are out', async () => {
    const secrets = { token: 'token-of-a-test', statusUrl: null }
    const step: ScriptedStep = (job) => {
      if (job.state === 'quoting') return { type: 'challenged', challenge: {} as never }
      if (job.state !== 'invoicing') return PAUSE
      return { type: 'invoiced', offer: { ...sampleOffer, paymentHash: job.id as never }, secrets }
    }
    const world = createIntakeWorld({ step, limits: { maxUnpaidPerCustomer: 2 } })
    for (const event of jobs(2, () => 1)) world.intake.receive(event, RELAY)
    await settled()
    const late = signJob({ number: 99 })
    world.intake.receive(late, RELAY)
    world.intake.receive(signJob({ number: 99, customer: 2 }), RELAY)
    await settled()
    expect(world.store.get(late.id)).toMatchObject({ failure: { code: 'too-many-unpaid' } })
    expect(world.intake.counts.admitted).toBe(3)
  })
})
