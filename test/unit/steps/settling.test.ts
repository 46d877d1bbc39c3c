/** Is a held payment taken once its preimage is known, given back only where nothing was paid, and a loss called one? */
import { describe, expect, it } from 'vitest'
import type { Hold } from '../../../src/core/job.js'
import type { IncomingState } from '../../../src/ports.js'
import { cancelling } from '../../../src/steps/cancelling.js'
import { settling } from '../../../src/steps/settling.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { jobIn } from '../../support/sample-jobs.js'
import { createScriptedPurse, type PurseScript } from '../../support/scripted-purse.js'
import { createStepWorld, RUN } from '../../support/step-world.js'

const PAID_AT = 2_500
const DAY_MS = 86_400_000

function open(script: Partial<PurseScript>, now = PAID_AT, hold: Partial<Hold> = {}) {
  const purse = createScriptedPurse(script)
  const world = createStepWorld({
    clock: createFakeClock(now),
    context: { purses: new Map([['purse', purse]]) },
  })
  const [held, unpaid] = [jobIn('settling'), jobIn('cancelling')]
  return {
    ...{ world, purse },
    settle: () => settling(world.context, { ...held, hold: { ...held.hold, ...hold } }),
    cancel: () => cancelling(world.context, unpaid),
    errors: () => world.log.entries.filter(({ level }) => level === 'error'),
  }
}
const FAILS = { settle: new Error('not now'), cancel: new Error('not now') }
const seen = (state: 'pending' | 'cancelled' | 'expired' | 'not_found'): IncomingState => ({ state })
const SETTLED: IncomingState = { state: 'settled', preimage: null, amountMsat: 21_000 as never, settledAt: null }
const ACCEPTED: IncomingState = { state: 'accepted', amountMsat: 21_000 as never, settleDeadline: 1_000 }

describe('settling', () => {
  it('is done when the wallet says so, or shows it', async () => {
    expect(await open({}).settle()).toEqual({ type: 'taken', attempt: { run: RUN } })
    expect(await open({ ...FAILS, incoming: SETTLED }).settle()).toMatchObject({ type: 'taken' })
  })

  it.each<[string, IncomingState | Error, number]>([
    ['accepted', ACCEPTED, 2_000],
    ['pending', seen('pending'), 2_000],
    ['expired before its deadline', seen('expired'), 999],
    ['unknown before its deadline', seen('not_found'), 999],
    ['nowhere, as it does not answer', new Error('away'), 2_000],
  ])('is tried again where the hold is %s', async (_what, incoming, blockHeight) => {
    const { settle, purse } = open({ ...FAILS, incoming, info: { blockHeight } })
    await expect(settle()).rejects.toThrow()
    expect(purse.calls).not.toContain('cancelHoldInvoice')
  })

  it.each<[string, IncomingState, number]>([
    ['cancelled', seen('cancelled'), 801],
    ['expired after its deadline', seen('expired'), 1_000],
    ['unknown after its deadline', seen('not_found'), 1_000],
  ])('is a loss of the price, said aloud, where the hold is %s', async (_what, incoming, blockHeight) => {
    const { settle, errors } = open({ ...FAILS, incoming, info: { blockHeight } })
    expect(await settle()).toMatchObject({ type: 'lost', loss: { amountMsat: 10_012, at: PAID_AT } })
    expect(errors().map(({ event }) => event)).toEqual(['loss'])
  })

  it('waits two days before it calls a hold lost whose deadline nobody told', async () => {
    const gone = { ...FAILS, incoming: seen('not_found') }
    await expect(open(gone, PAID_AT + 2 * DAY_MS, { settleDeadline: null }).settle()).rejects.toThrow()
    expect(await open(gone, PAID_AT + 2 * DAY_MS + 1, { settleDeadline: null }).settle()).toMatchObject({
      type: 'lost',
    })
  })
})

describe('cancelling', () => {
  it('is done when the wallet says so, or shows it', async () => {
    expect(await open({}).cancel()).toEqual({ type: 'returned' })
    expect(await open({ ...FAILS, incoming: seen('cancelled') }).cancel()).toEqual({ type: 'returned' })
  })

  it('leaves the money owed where somebody has taken it', async () => {
    expect(await open({ ...FAILS, incoming: SETTLED }).cancel()).toMatchObject({ type: 'owed' })
  })

  it.each([ACCEPTED, seen('pending'), seen('expired')])('is tried again where it is $state', async (incoming) => {
    await expect(open({ ...FAILS, incoming }).cancel()).rejects.toThrow()
  })
})

it('waits for a wallet that is not configured, and says so', async () => {
  for (const step of ['settle', 'cancel'] as const) {
    const opened = open({})
    ;(opened.world.context.purses as Map<string, unknown>).clear()
    expect(await opened[step]()).toEqual({ type: 'pause', until: PAID_AT + 10_000 })
    expect(opened.errors()).toHaveLength(1)
  }
})
