/** What follows from each way in which an API may answer the first call? */
import { describe, expect, it } from 'vitest'
import type { Quoting } from '../../../src/core/job.js'
import type { UpstreamOutcome } from '../../../src/ports.js'
import { quoting } from '../../../src/steps/quoting.js'
import { craftInvoice } from '../../support/craft-invoice.js'
import { jobIn } from '../../support/sample-jobs.js'
import { answer } from '../../support/scripted-upstream.js'
import { signJob } from '../../support/sign-jobs.js'
import { createStepWorld } from '../../support/step-world.js'

const jobOf = (method: string, tries = 1): Quoting => {
  const job = jobIn('quoting')
  const call = { ...job.call, method }
  return { ...job, call, request: JSON.stringify(signJob()), calls: { ...job.calls, tries } }
}
const CHALLENGE = answer(402, '', { 'www-authenticate': `L402 token="dG9rZW4tMQ==", invoice="${craftInvoice()}"` })
const refused = (rejected: string, httpStatus?: number) => ({
  type: 'refused',
  rejection: { rejected, ...(httpStatus === undefined ? {} : { httpStatus }) },
})
const again = (outcomeUnknown: boolean) => ({ type: 'attemptFailed', why: 'broken', outcomeUnknown })
const [UNSENT, LOST]: UpstreamOutcome[] = [
  { type: 'unsent', reason: 'ECONNREFUSED' },
  { type: 'unknown', reason: 'socket closed' },
]

describe('quoting', () => {
  const table: [string, UpstreamOutcome | undefined, object, object][] = [
    // what, outcome, for GET, for POST
    ['200', answer(200, 'fine'), { type: 'answered' }, { type: 'answered' }],
    ['204', answer(204), { type: 'answered' }, { type: 'answered' }],
    ['402 with a challenge', CHALLENGE, { type: 'challenged' }, { type: 'challenged' }],
    ['402 with nothing', answer(402), refused('challenge-invalid', 402), refused('challenge-invalid', 402)],
    [
      '402 in another scheme',
      answer(402, '', { 'www-authenticate': 'Payment id="1", method="x"' }),
      refused('payment-scheme-unsupported', 402),
      refused('payment-scheme-unsupported', 402),
    ],
    ['301', answer(301), refused('upstream-refused', 301), refused('upstream-refused', 301)],
    ['400', answer(400), refused('upstream-refused', 400), refused('upstream-refused', 400)],
    ['401', answer(401), refused('upstream-refused', 401), refused('upstream-refused', 401)],
    ['404', answer(404), refused('upstream-refused', 404), refused('upstream-refused', 404)],
    ['429', answer(429), again(false), again(false)],
    ['503', answer(503), again(false), again(false)],
    ['500', answer(500), again(true), refused('upstream-unavailable', 500)],
    ['502', answer(502), again(true), refused('upstream-unavailable', 502)],
    ['no connection', UNSENT, again(false), again(false)],
    ['a lost connection', LOST, again(true), refused('outcome-unknown')],
    ['too much', { type: 'tooLarge', status: 200 }, refused('result-too-large', 200), refused('result-too-large', 200)],
  ]
  it.each(table)('after %s', async (_, outcome, forGet, forPost) => {
    for (const [method, expected] of [
      ['GET', forGet],
      ['POST', forPost],
    ] as const) {
      const { context, api } = createStepWorld()
      if (outcome) api.script(outcome)
      expect(await quoting(context, jobOf(method))).toMatchObject(expected)
      expect(api.requests).toHaveLength(1)
      expect(api.requests[0]).not.toHaveProperty('authorization')
    }
  })

  it.each([answer(503), answer(500), UNSENT, LOST])('gives up after three calls', async (outcome) => {
    const { context, api } = createStepWorld()
    if (outcome) api.script(outcome)
    expect(await quoting(context, jobOf('GET', 2))).toMatchObject({ type: 'attemptFailed' })
    expect(await quoting(context, jobOf('GET', 3))).toMatchObject(refused('upstream-unavailable'))
  })

  it('refuses where the operator took the route away', async () => {
    const { context, api } = createStepWorld({ route: { name: 'another' } })
    expect(await quoting(context, jobOf('GET'))).toMatchObject(refused('path-not-allowed'))
    expect(api.requests).toEqual([])
  })
})

describe('credit', () => {
  const job = jobOf('GET')
  const credit = { customer: job.customer, upstream: 'api', authorization: 'L402 a:b', balanceSats: 5, savedAt: 1 }
  const withCredit = (changes: Parameters<typeof createStepWorld>[0] = {}) => {
    const world = createStepWorld(changes)
    world.store.putCredit(credit)
    return world
  }

  it('goes along with the next job of the customer who paid for it, and of nobody else', async () => {
    const { context, api } = withCredit()
    api.script(answer(200, 'fine', { 'x-credit-balance': '4' }))
    await quoting(context, jobOf('GET'))
    await quoting(context, { ...jobOf('GET'), customer: 'e'.repeat(64) as never })
    await quoting(context, jobOf('GET'))
    expect(api.requests.map(({ authorization }) => authorization)).toEqual(['L402 a:b', undefined, 'L402 a:b'])
  })

  it('stays at home where the operator does not want it', async () => {
    const { context, api } = withCredit({ upstream: { reuseCredit: false } })
    await quoting(context, jobOf('GET'))
    expect(api.requests[0]).not.toHaveProperty('authorization')
  })

  it.each([
    ['4', 4],
    ['0', undefined],
    ['a lot', undefined],
    [undefined, undefined],
  ])('is kept with the balance that the API reports: %s', async (reported, balance) => {
    const { context, api, store } = withCredit()
    api.script(answer(200, 'fine', reported === undefined ? {} : { 'x-credit-balance': reported }))
    expect(await quoting(context, jobOf('GET'))).toMatchObject({ type: 'answered' })
    expect(store.credit(job.customer, 'api')?.balanceSats).toBe(balance)
  })

  it.each([401, 403])('that is refused with %i is forgotten, and the call is made without it', async (status) => {
    const { context, api, store } = withCredit()
    api.script(answer(status))
    expect(await quoting(context, jobOf('GET'))).toEqual({
      ...{ type: 'attemptFailed', retryAt: 0, outcomeUnknown: false, why: 'refused' },
    })
    expect(store.credit(job.customer, 'api')).toBeUndefined()
  })

  it('that is used up is forgotten, and the new challenge counts', async () => {
    const { context, api, store } = withCredit()
    api.script(CHALLENGE)
    expect(await quoting(context, jobOf('GET'))).toMatchObject({ type: 'challenged' })
    expect(store.credit(job.customer, 'api')).toBeUndefined()
  })

  it('is announced apart where the call may not be repeated with it', async () => {
    const { context, api } = withCredit({ route: { gated: true } })
    const post = jobOf('POST')
    const fact = await quoting(context, post)
    expect(fact).toMatchObject({ type: 'attempting', attempt: { withCredit: true } })
    expect(api.requests).toEqual([])
    if (fact.type !== 'attempting') return
    api.script(LOST ?? answer(500))
    expect(await quoting(context, { ...post, calls: { ...post.calls, attempt: fact.attempt } })).toMatchObject(
      refused('outcome-unknown'),
    )
  })
})
