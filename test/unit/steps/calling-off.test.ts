/** Is a held payment given back where its author calls the job off before the upstream is paid, and not after? */
import { describe, expect, it } from 'vitest'
import type { Paying } from '../../../src/core/job.js'
import { transition } from '../../../src/core/transition.js'
import { createCallingOff } from '../../../src/engine/calling-off.js'
import { callOff, isStoppable } from '../../../src/steps/calling-off.js'
import { boughtJobIn, jobIn } from '../../support/sample-jobs.js'
import { createStepWorld, RUN } from '../../support/step-world.js'

const payingWith = (attempt: Paying['spending']['attempt']): Paying => {
  const job = jobIn('paying')
  return { ...job, spending: { ...job.spending, attempt } }
}

describe('a job whose payment is held', () => {
  it.each([
    ['nothing is announced', null, true],
    ['it is announced and not begun', { run: RUN }, true],
    ['another run has announced it', { run: 'run-0' }, false],
  ])('can be stopped where %s: %#', (_what, attempt, stoppable) => {
    expect(isStoppable(createStepWorld().context, payingWith(attempt))).toBe(stoppable)
  })

  it('goes on once its payment was begun', () => {
    const { context } = createStepWorld()
    const attempt = { run: RUN }
    context.begun.add(attempt)
    expect(isStoppable(context, payingWith(attempt))).toBe(false)
    expect(isStoppable(context, jobIn('tracking'))).toBe(false)
  })

  it('gives it back, and says so', async () => {
    const { context } = createStepWorld()
    const job = payingWith({ run: RUN })
    const fact = await callOff(context, job)
    expect(fact).toMatchObject({ type: 'payRefused', rejection: { rejected: 'payment-returned' } })
    expect(transition(job, fact, 9)).toMatchObject({ state: 'cancelling', failure: { code: 'payment-returned' } })
  })

  it('never forgets what became of a payment that was begun before the word came', async () => {
    const { context } = createStepWorld()
    const job = payingWith({ run: RUN })
    const callingOff = createCallingOff()
    const paid = { type: 'paid', preimage: '00'.repeat(32) as never, feesMsat: null, attempt: { run: RUN } } as const
    const step = async () => {
      expect(callingOff.request(context, job, job.customer)).toBe('stopping')
      if (job.spending.attempt) context.begun.add(job.spending.attempt)
      return paid
    }
    expect(await callingOff.perform(context, job, step)).toBe(paid)
  })

  it('that was accepted after it was called off goes back', () => {
    const payment = { source: 'holdInvoice', at: 9 } as const
    const { hold } = jobIn('paying')
    const fact = { type: 'funded', payment, hold: hold ?? null, attempt: { run: RUN } } as const
    expect(transition(boughtJobIn('cancelled'), fact, 9)).toMatchObject({
      ...{ state: 'cancelling', failure: { code: 'payment-returned' }, spending: { attempt: null } },
    })
  })
})
