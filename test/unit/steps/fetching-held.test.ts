/** Is a payment that is held until the answer taken in time, whatever the upstream does? */
import { describe, expect, it } from 'vitest'
import type { Fetching } from '../../../src/core/job.js'
import type { UpstreamOutcome } from '../../../src/ports.js'
import { fetching } from '../../../src/steps/fetching.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { heldFetching } from '../../support/sample-jobs.js'
import { createScriptedPurse } from '../../support/scripted-purse.js'
import { answer } from '../../support/scripted-upstream.js'
import { signJob } from '../../support/sign-jobs.js'
import { createStepWorld, RUN } from '../../support/step-world.js'

const PAID_AT = 2_500
const MAX_HOLD_MS = 300_000

function open(now: number, calls: Partial<Fetching['calls']> = {}, route: { readonly name?: string } = {}) {
  const purse = createScriptedPurse()
  const clock = createFakeClock(now)
  const world = createStepWorld({ clock, route, context: { purses: new Map([['purse', purse]]) } })
  const sample = heldFetching()
  const job = { ...sample, request: JSON.stringify(signJob()), calls: { ...sample.calls, ...calls } }
  return { world, purse, clock, fetch: () => fetching(world.context, job) }
}

describe('an upstream that is called while the payment is held', () => {
  it('and answers in time leaves the payment to be settled after it', async () => {
    const { world, purse, clock, fetch } = open(PAID_AT)
    world.api.script(answer(200, 'fine'))
    expect(await fetch()).toMatchObject({ type: 'answered' })
    expect([purse.calls, clock.timers()]).toEqual([[], 0])
  })

  it('and never ends its answer does not prolong the hold', async () => {
    const { world, purse, clock, fetch } = open(PAID_AT)
    let end: (outcome: UpstreamOutcome) => void = () => undefined
    world.api.script(() => new Promise((resolve) => (end = resolve)))
    const fetched = fetch()
    await clock.advance(MAX_HOLD_MS - 1)
    expect(purse.calls).toEqual([])
    await clock.advance(1)
    expect(purse.calls).toEqual(['settleHoldInvoice'])
    end({ type: 'unknown', reason: 'took too long' })
    expect(await fetched).toMatchObject({ type: 'attemptFailed', why: 'broken' })
  })

  it('whose wallet fails meanwhile is answered all the same', async () => {
    const { world, purse, clock, fetch } = open(PAID_AT)
    purse.script.settle = new Error('not now')
    let end: (outcome: UpstreamOutcome) => void = () => undefined
    world.api.script(() => new Promise((resolve) => (end = resolve)))
    const fetched = fetch()
    await clock.advance(MAX_HOLD_MS)
    end(answer(200, 'fine'))
    expect(await fetched).toMatchObject({ type: 'answered' })
  })

  it.each([
    ['between two calls', { attempt: null, retryAt: PAID_AT + MAX_HOLD_MS + 60_000 }, {}],
    ['after a call of another run', { attempt: { run: 'run-0' } }, {}],
    ['whose route is no longer configured', { attempt: null }, { name: 'another' }],
  ])('is waited for only so long: %s', async (_what, calls, route) => {
    expect(await open(PAID_AT + MAX_HOLD_MS, calls, route).fetch()).toEqual({ type: 'settleDue' })
  })

  it.each([
    ['a retry', { attempt: null, retryAt: PAID_AT + MAX_HOLD_MS + 60_000 }, {}],
    ['its configuration', { attempt: null }, { name: 'another' }],
  ])('is looked after in time while it waits for %s', async (_what, calls, route) => {
    const { fetch } = open(PAID_AT + MAX_HOLD_MS - 5_000, calls, route)
    expect(await fetch()).toEqual({ type: 'pause', until: PAID_AT + MAX_HOLD_MS })
  })

  it('that was announced is called, even late: the payment is taken beside it', async () => {
    const { world, purse, clock, fetch } = open(PAID_AT + MAX_HOLD_MS, { attempt: { run: RUN } })
    world.api.script(async () => {
      await clock.advance(0)
      return answer(200, 'fine')
    })
    expect(await fetch()).toMatchObject({ type: 'answered' })
    expect(purse.calls).toEqual(['settleHoldInvoice'])
  })
})
