/** Is a call that may have taken effect ever sent again, and is one announcement ever used twice? */
import { describe, expect, it } from 'vitest'
import type { Calls, Fetching, Quoting } from '../../../src/core/job.js'
import type { Route } from '../../../src/core/route.js'
import { fetching } from '../../../src/steps/fetching.js'
import { quoting } from '../../../src/steps/quoting.js'
import { jobIn } from '../../support/sample-jobs.js'
import { answer } from '../../support/scripted-upstream.js'
import { signJob } from '../../support/sign-jobs.js'
import { createStepWorld, RUN } from '../../support/step-world.js'

const REQUEST = JSON.stringify(signJob())

const quotingOf = (method: string, calls: Partial<Calls> = {}): Quoting => {
  const job = jobIn('quoting')
  return { ...job, request: REQUEST, call: { ...job.call, method }, calls: { ...job.calls, ...calls } }
}
const fetchingOf = (method: string, calls: Partial<Calls> = {}): Fetching => {
  const job = jobIn('fetching')
  return { ...job, request: REQUEST, call: { ...job.call, method }, calls: { ...job.calls, ...calls } }
}
const INTERRUPTED = { attempt: { run: 'run-0' } }

describe('a call that was interrupted', () => {
  const again = { type: 'attemptFailed', outcomeUnknown: true, why: 'broken', retryAt: 0 }
  const over = { type: 'refused', rejection: { rejected: 'outcome-unknown' } }
  const gated: Partial<Route> = { gated: true }
  const keyed: Partial<Route> = { idempotencyKey: true }
  const table: [string, string, Partial<Route>, object, object][] = [
    // what, method, route, while quoting, while fetching
    ['GET', 'GET', {}, again, again],
    ['POST', 'POST', {}, over, over],
    ['POST behind a gate that executes nothing unpaid', 'POST', gated, again, over],
    ['POST with an idempotency key', 'POST', keyed, again, again],
    ['GET that the operator calls unsafe', 'GET', { repeatable: new Set() }, over, over],
    ['POST that the operator calls safe', 'POST', { repeatable: new Set(['POST']) }, again, again],
  ]
  it.each(table)('is repeated only where that is safe: %s', async (_, method, route, whileQuoting, whileFetching) => {
    const { context, api } = createStepWorld({ route })
    expect(await quoting(context, quotingOf(method, INTERRUPTED))).toMatchObject(whileQuoting)
    expect(await fetching(context, fetchingOf(method, INTERRUPTED))).toMatchObject(whileFetching)
    expect(api.requests).toEqual([])
  })

  it('with credit is as unsafe as a paid one, gate or no gate', async () => {
    const { context } = createStepWorld({ route: gated })
    const job = quotingOf('POST', { attempt: { run: 'run-0', withCredit: true } })
    expect(await quoting(context, job)).toMatchObject(over)
  })
})

describe('an announcement', () => {
  it.each([
    ['quoting', (context: never) => quoting(context, quotingOf('POST', { attempt: null }))],
    ['fetching', (context: never) => fetching(context, fetchingOf('POST', { attempt: null }))],
  ])('comes before the call: %s', async (_, step) => {
    const { context, api } = createStepWorld()
    expect(await step(context as never)).toEqual({ type: 'attempting', attempt: { run: RUN } })
    expect(api.requests).toEqual([])
  })

  it('is acted on once, also where the step is performed again', async () => {
    const { context, api } = createStepWorld()
    for (const job of [quotingOf('POST'), fetchingOf('POST')]) {
      api.script(answer(200, 'fine'))
      const step = () => (job.state === 'quoting' ? quoting(context, job) : fetching(context, job))
      expect(await step()).toMatchObject({ type: 'answered' })
      expect(await step()).toMatchObject({ type: 'refused', rejection: { rejected: 'outcome-unknown' } })
    }
    expect(api.requests).toHaveLength(2)
  })

  it('waits for the time that was set', async () => {
    const { context, clock } = createStepWorld()
    const later = clock.now() + 5_000
    const job = quotingOf('GET', { attempt: null, retryAt: later })
    expect(await quoting(context, job)).toEqual({ type: 'pause', until: later })
    await clock.advance(5_000)
    expect(await quoting(context, job)).toMatchObject({ type: 'attempting' })
  })
})

describe('a repeated call', () => {
  const waits = async (tries: number, headers: Record<string, string> = {}): Promise<number> => {
    const { context, clock, api } = createStepWorld()
    api.script(answer(503, '', headers))
    const job = fetchingOf('GET', { tries })
    const fact = await fetching(context, { ...job, payment: { ...job.payment, at: clock.now() } })
    return fact.type === 'attemptFailed' ? (fact.retryAt - clock.now()) / 1000 : Number.NaN
  }
  it.each([
    [1, 1],
    [2, 2],
    [5, 16],
    [9, 256],
    [10, 300],
    [1_000, 300],
  ])('after %i tries waits %i seconds', async (tries, seconds) => {
    expect(await waits(tries)).toBe(seconds)
  })

  it.each([
    ['120', 120],
    ['999999', 3_600],
    ['0', 1],
    ['-5', 1],
    ['soon', 1],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 1],
  ])('honours Retry-After: %s within reason', async (value, seconds) => {
    expect(await waits(1, { 'retry-after': value })).toBe(seconds)
  })

  it('carries the job id as its Idempotency-Key only where the upstream honours one', async () => {
    for (const idempotencyKey of [true, false]) {
      const { context, api } = createStepWorld({ route: { idempotencyKey } })
      await quoting(context, quotingOf('POST'))
      await fetching(context, fetchingOf('POST'))
      const expected = idempotencyKey ? jobIn('quoting').id : undefined
      expect(api.requests.map((request) => request.idempotencyKey)).toEqual([expected, expected])
    }
  })
})

describe('what a handler makes of an answer', () => {
  const output = { content: 'x', encoding: 'text' as const, contentType: null, httpStatus: 200 }
  const made = async (toOutput: () => unknown) => {
    const { context, api, log } = createStepWorld()
    const handler = { ...context.handlers.get(5800), toOutput } as never
    api.script(answer(200, 'the answer', { 'content-type': 'text/plain' }))
    const fact = await fetching({ ...context, handlers: new Map([[5800, handler]]) }, fetchingOf('GET'))
    return { output: fact.type === 'answered' ? fact.output : fact, log: log.entries.map(({ event }) => event) }
  }
  const asItCame = {
    content: Buffer.from('the answer').toString('base64'),
    encoding: 'base64',
    contentType: 'text/plain',
    httpStatus: 200,
  }

  it('is passed on', async () => {
    expect((await made(() => output)).output).toEqual(output)
  })

  it.each([
    ['throws', () => JSON.parse('{') as unknown],
    ['returns nothing', () => undefined],
    ['finds no content', () => ({ ...output, content: undefined })],
    ['returns an object as content', () => ({ ...output, content: {} })],
    ['invents an encoding', () => ({ ...output, encoding: 'hex' })],
    ['forgets the content type', () => ({ ...output, contentType: undefined })],
    ['forgets the status', () => ({ ...output, httpStatus: '200' })],
  ])('is replaced by the bytes as they came where it %s', async (_, toOutput) => {
    const { output: passedOn, log } = await made(toOutput)
    expect(passedOn).toEqual(asItCame)
    expect(log).toHaveLength(1)
  })
})
