/** Is a status endpoint asked often enough to be quick, and never more often than its origin allows? */
import { describe, expect, it } from 'vitest'
import type { UpstreamOutcome, UpstreamRequest } from '../../../src/ports.js'
import { createRequestBudget } from '../../../src/settlement/request-budget.js'
import { createStatusEndpoint, parseStatusAnswer } from '../../../src/settlement/status-endpoint.js'
import { createFakeClock, settled } from '../../support/fake-clock.js'
import { answer, createScriptedUpstream, jsonAnswer } from '../../support/scripted-upstream.js'
import { createLogRecorder } from '../../support/store-parts.js'
import { createTargets, paymentHashOf, preimageOf, START_MS, targetNumber } from '../../support/watch-targets.js'

const UNPAID = jsonAnswer({ paid: false })
const SECOND = 1_000

function createWorld(respond: (request: UpstreamRequest) => UpstreamOutcome | Promise<UpstreamOutcome> = () => UNPAID) {
  const [clock, api, targets] = [createFakeClock(START_MS), createScriptedUpstream(), createTargets()]
  const asked: { readonly at: number; readonly path: string }[] = []
  api.script((request) => {
    asked.push({ at: clock.now() - START_MS, path: request.target })
    return respond(request)
  })
  const endpoint = createStatusEndpoint({
    client: api,
    targets,
    budget: createRequestBudget(10, clock),
    clock,
    log: createLogRecorder(),
  })
  const watch = (number: number, changes: Parameters<typeof targetNumber>[1] = {}) =>
    endpoint.watch(targetNumber(number, changes))
  return { clock, api, targets, endpoint, asked, watch }
}
const paid = (number: number) => jsonAnswer({ paid: true, preimage: preimageOf(number) })

describe('the budget of an origin', () => {
  it('is shared by all open jobs: ten thousand cost ten requests a second', async () => {
    const { clock, asked, watch } = createWorld()
    for (let number = 0; number < 10_000; number += 1) watch(number)
    await clock.advance(60 * SECOND)
    expect(asked.length).toBeGreaterThan(550)
    for (let second = 1; second < 60; second += 1) {
      const inIt = asked.filter(({ at }) => Math.floor(at / SECOND) === second).length
      expect(inIt).toBeLessThanOrEqual(20) // a second's burst at most
    }
    expect(asked.length).toBeLessThanOrEqual(610)
  })

  it('goes to the newest first, and to one that soon expires', async () => {
    const { clock, asked, watch } = createWorld()
    await clock.advance(1_800 * SECOND)
    const now = clock.now()
    for (let age = 1; age <= 100; age += 1) watch(age, { offeredAt: now - age * 10 * SECOND, expiresAt: now + 1e7 })
    watch(500, { offeredAt: now - 1_700 * SECOND, expiresAt: now + SECOND })
    await clock.advance(SECOND)
    expect(asked.slice(0, 3).map(({ path }) => path)).toContain('/status/500')
    expect(asked.map(({ path }) => path)).toContain('/status/1')
    expect(asked.map(({ path }) => path)).not.toContain('/status/100')
  })

  it('holds at most sixteen requests open', async () => {
    const { clock, asked, watch } = createWorld(() => new Promise(() => undefined))
    for (let number = 0; number < 100; number += 1) watch(number)
    await clock.advance(60 * SECOND)
    expect(asked).toHaveLength(16)
  })

  it.each([
    ['30', 30],
    [undefined, 5],
    ['never', 5],
    ['99999', 3_600],
  ])('is not used while the origin asks for quiet: Retry-After %s', async (value, seconds) => {
    let calls = 0
    const { clock, asked, watch } = createWorld(() => {
      calls += 1
      return calls === 1 ? answer(429, '', value === undefined ? {} : { 'retry-after': value }) : UNPAID
    })
    watch(1)
    await clock.advance(700)
    const [first] = asked
    watch(2)
    await clock.advance(seconds * SECOND - 800)
    expect(asked).toHaveLength(1)
    await clock.advance(3 * SECOND)
    expect(asked.length).toBeGreaterThan(1)
    expect((asked[1]?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(seconds * SECOND)
  })
})

describe('one invoice', () => {
  it('is asked about soon, then less and less often', async () => {
    const { clock, asked, watch } = createWorld()
    watch(1)
    await clock.advance(600 * SECOND)
    const gaps = asked.slice(1).map(({ at }, index) => at - (asked[index]?.at ?? 0))
    expect(asked[0]?.at).toBe(500)
    expect(gaps.every((gap, index) => index === 0 || gap >= (gaps[index - 1] ?? 0) - 60)).toBe(true)
    expect(gaps.at(-1)).toBeGreaterThanOrEqual(30 * SECOND)
    expect(gaps.at(-1)).toBeLessThan(31 * SECOND)
  })

  it('is reported with its key, and asked about again while nobody ended the watch', async () => {
    const { clock, targets, asked, watch, endpoint } = createWorld(() => paid(1))
    watch(1)
    await clock.advance(SECOND)
    const found = { key: { kind: 'preimage', value: preimageOf(1) }, source: 'statusEndpoint' }
    expect(targets.reports[0]).toEqual({ paymentHash: paymentHashOf(1), found })
    endpoint.unwatch(paymentHashOf(1))
    const before = asked.length
    await clock.advance(600 * SECOND)
    expect(asked).toHaveLength(before)
  })

  it.each<[string, UpstreamOutcome]>([
    ['paid without a key', jsonAnswer({ paid: true })],
    ['an outage', answer(500)],
    ['a lost connection', { type: 'unknown', reason: 'x' }],
    ['a page of HTML', answer(200, '<html>')],
    ['a 404', answer(404)],
  ])('is asked about again after %s', async (_, first) => {
    let calls = 0
    const { clock, targets, watch } = createWorld(() => ((calls += 1) === 1 ? first : paid(1)))
    watch(1)
    await clock.advance(5 * SECOND)
    expect(targets.reports.length).toBeGreaterThan(0)
  })

  it('is asked about no more once the endpoint says that it is gone', async () => {
    const { clock, asked, watch } = createWorld(() => answer(410))
    watch(1)
    await clock.advance(600 * SECOND)
    expect([asked.length, clock.timers()]).toEqual([1, 0])
  })

  it('counts what is answered to a question from before its pace changed', async () => {
    let say = (_: UpstreamOutcome) => undefined as void
    const first = new Promise<UpstreamOutcome>((resolve) => (say = resolve))
    const { clock, targets, watch } = createWorld(() => first)
    watch(1)
    await clock.advance(SECOND)
    watch(1, { pace: 'late' })
    say(paid(1))
    await settled()
    expect(targets.reports).toHaveLength(1)
  })

  it.each([
    ['on another origin', { statusUrl: 'https://evil.test/status' }],
    ['over another protocol', { statusUrl: 'http://api.test/status' }],
    ['that does not exist', { statusUrl: null }],
    ['of another upstream', { upstream: 'other' }],
    ['that was not chosen', { sources: ['merchantWallet'] as const }],
    ['at the pace of proofs only', { pace: 'proofOnly' as const }],
  ])('is never asked about at an endpoint %s', async (_, changes) => {
    const { clock, asked, watch } = createWorld()
    watch(1, changes)
    await clock.advance(60 * SECOND)
    expect([asked.length, clock.timers()]).toEqual([0, 0])
  })

  it('keeps no request and no timer after a stop', async () => {
    const { clock, asked, watch, endpoint } = createWorld()
    watch(1)
    await clock.advance(SECOND)
    endpoint.stop()
    const before = asked.length
    await clock.advance(60 * SECOND)
    expect([asked.length, clock.timers()]).toEqual([before, 0])
  })
})

describe('an answer', () => {
  const read = (body: unknown, status = 200) => parseStatusAnswer(status, Buffer.from(JSON.stringify(body)))
  const PREIMAGE = preimageOf(1)
  const SUFFIX = 'abcdefghijklmnop'
  it.each([
    [
      { paid: true, preimage: PREIMAGE },
      { type: 'paid', key: { kind: 'preimage', value: PREIMAGE } },
    ],
    [
      { settled: true, preimage: PREIMAGE.toUpperCase() },
      { type: 'paid', key: { kind: 'preimage', value: PREIMAGE } },
    ],
    [
      { paid: true, token_suffix: SUFFIX },
      { type: 'paid', key: { kind: 'suffix', value: SUFFIX } },
    ],
    [
      { paid: true, preimage: PREIMAGE, token_suffix: SUFFIX },
      { type: 'paid', key: { kind: 'preimage', value: PREIMAGE } },
    ],
    [{ paid: false, preimage: PREIMAGE }, { type: 'unpaid' }],
    [{ preimage: PREIMAGE }, { type: 'unpaid' }],
    [{ paid: 'true', preimage: PREIMAGE }, { type: 'unpaid' }],
    [{ paid: true, preimage: 'short' }, { type: 'unpaid' }],
    [{ paid: true, token_suffix: 'with a blank in it' }, { type: 'unpaid' }],
    [null, { type: 'unpaid' }],
    [[], { type: 'unpaid' }],
  ])('%j', (body, expected) => {
    expect(read(body)).toEqual(expected)
  })
})
