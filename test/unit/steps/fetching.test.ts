/** What follows from each way in which an API may answer the call that was paid for? */
import { describe, expect, it } from 'vitest'
import type { Calls, Fetching } from '../../../src/core/job.js'
import type { UpstreamOutcome } from '../../../src/ports.js'
import { fetching } from '../../../src/steps/fetching.js'
import { settled } from '../../support/fake-clock.js'
import { jobIn } from '../../support/sample-jobs.js'
import { answer } from '../../support/scripted-upstream.js'
import { signJob } from '../../support/sign-jobs.js'
import { createStepWorld, RUN, type StepWorld } from '../../support/step-world.js'

const PAID_AT = 1_800_000_000_000
const DAY_MS = 86_400_000
const CREDENTIAL = `L402 token-of-the-sample:${'00'.repeat(32)}`

const jobOf = (method: string, calls: Partial<Calls> = {}): Fetching => {
  const job = jobIn('fetching')
  return {
    ...{ ...job, call: { ...job.call, method }, request: JSON.stringify(signJob()) },
    ...{ payment: { ...job.payment, at: PAID_AT }, calls: { ...job.calls, ...calls } },
  }
}
const refused = (rejected: string, httpStatus?: number) => ({
  type: 'refused',
  rejection: { rejected, ...(httpStatus === undefined ? {} : { httpStatus }) },
})
const failed = (status: number) => refused('upstream-failed', status)
const again = (why: 'deferred' | 'refused' | 'broken') => ({
  ...{ type: 'attemptFailed', why, outcomeUnknown: why === 'broken' },
})
const [UNSENT, LOST]: [UpstreamOutcome, UpstreamOutcome] = [
  { type: 'unsent', reason: 'ECONNREFUSED' },
  { type: 'unknown', reason: 'socket closed' },
]
const after = (world: StepWorld, outcome: UpstreamOutcome, job: Fetching) => {
  world.api.script(outcome)
  return fetching(world.context, job)
}

describe('fetching', () => {
  const table: [string, UpstreamOutcome, object, object][] = [
    // what, outcome, for GET, for POST
    ['200', answer(200, 'fine'), { type: 'answered' }, { type: 'answered' }],
    ['201', answer(201), { type: 'answered' }, { type: 'answered' }],
    ['301', answer(301), failed(301), failed(301)],
    ['400', answer(400), failed(400), failed(400)],
    ['401', answer(401), again('refused'), again('refused')],
    ['402', answer(402), again('refused'), again('refused')],
    ['403', answer(403), again('refused'), again('refused')],
    ['404', answer(404), failed(404), failed(404)],
    ['429', answer(429), again('deferred'), again('deferred')],
    ['503', answer(503), again('deferred'), again('deferred')],
    ['500', answer(500), again('broken'), failed(500)],
    ['504', answer(504), again('broken'), failed(504)],
    ['no connection', UNSENT, again('deferred'), again('deferred')],
    ['a lost connection', LOST, again('broken'), refused('outcome-unknown')],
    ['too much', { type: 'tooLarge', status: 200 }, refused('result-too-large', 200), refused('result-too-large', 200)],
  ]
  it.each(table)('after %s', async (_, outcome, forGet, forPost) => {
    for (const [method, expected] of [
      ['GET', forGet],
      ['POST', forPost],
    ] as const) {
      const world = createStepWorld()
      expect(await after(world, outcome, jobOf(method))).toMatchObject(expected)
      expect(world.api.requests.map(({ authorization }) => authorization)).toEqual([CREDENTIAL])
    }
  })

  it('gives the same credential three further chances, and then says whether it had been used', async () => {
    const world = createStepWorld()
    expect(await after(world, answer(402), jobOf('GET', { tries: 90, refusals: 2 }))).toMatchObject(again('refused'))
    expect(await after(world, answer(402), jobOf('GET', { tries: 4, refusals: 3 }))).toMatchObject(
      refused('credential-refused', 402),
    )
    expect(await after(world, answer(402), jobOf('GET', { refusals: 3, outcomeUnknown: true }))).toMatchObject(
      refused('credential-consumed', 402),
    )
  })

  it('counts refusals and breakages apart', async () => {
    const world = createStepWorld()
    expect(await after(world, answer(402), jobOf('GET', { breakages: 16, tries: 9 }))).toMatchObject(again('refused'))
    expect(await after(world, answer(500), jobOf('GET', { refusals: 3, tries: 9 }))).toMatchObject(again('broken'))
    expect(await after(world, answer(500), jobOf('GET', { breakages: 16, tries: 9 }))).toMatchObject(failed(500))
    expect(await after(world, LOST, jobOf('GET', { breakages: 16, tries: 9 }))).toMatchObject(
      refused('upstream-failed'),
    )
  })

  it.each([
    ['503', answer(503)],
    ['429', answer(429)],
    ['no connection', UNSENT],
  ])('is patient for a day with %s, however often it tried', async (_, outcome) => {
    const world = createStepWorld()
    await world.clock.advance(DAY_MS - 1)
    expect(await after(world, outcome, jobOf('GET', { tries: 5_000 }))).toMatchObject(again('deferred'))
    await world.clock.advance(1)
    expect(await after(world, outcome, jobOf('GET', { tries: 5_001 }))).toMatchObject(refused('upstream-failed'))
  })

  it('waits for an operator who took the route of a paid job away', async () => {
    const world = createStepWorld({ route: { name: 'another' } })
    const paused = { type: 'pause', until: PAID_AT + 60_000 }
    expect(await fetching(world.context, jobOf('GET', { attempt: null }))).toEqual(paused)
    // Another run's call may have been under way: what is known of it stays as it is.
    expect(await fetching(world.context, jobOf('POST', { attempt: { run: 'run-0' } }))).toEqual(paused)
    expect(world.api.requests).toEqual([])
  })

  it('takes the announced call back first, so that a crash during the wait does not look like a call under way', async () => {
    const world = createStepWorld({ route: { name: 'another' } })
    const job = jobOf('POST', { attempt: { run: RUN } })
    const taken = { type: 'attemptFailed', retryAt: PAID_AT + 60_000, outcomeUnknown: false, why: 'deferred' }
    expect(await fetching(world.context, job)).toEqual(taken)
    expect(world.api.requests).toEqual([])
  })

  it('keeps credit for the customer who paid', async () => {
    const world = createStepWorld()
    await after(world, answer(200, 'fine', { 'x-credit-balance': '7' }), jobOf('GET'))
    const { customer } = jobIn('fetching')
    expect(world.store.credit(customer, 'api')).toMatchObject({ authorization: CREDENTIAL, balanceSats: 7 })
  })
})

describe('processing', () => {
  it('is said at the first call only, beside it, and is not sent for long', async () => {
    const world = createStepWorld()
    await after(world, answer(200), jobOf('GET', { tries: 1 }))
    await after(world, answer(200), jobOf('GET', { tries: 2 }))
    await settled()
    expect(world.sent.map(({ delivery }) => [delivery.purpose, delivery.notAfter])).toEqual([
      ['processing', PAID_AT / 1000 + 600],
    ])
  })

  it('costs the job nothing where it cannot be signed', async () => {
    const world = createStepWorld()
    const signer = { ...world.context.signer, sign: () => Promise.reject(new Error('away')) }
    expect(await fetching({ ...world.context, signer }, jobOf('GET'))).toMatchObject({ type: 'answered' })
  })
})
