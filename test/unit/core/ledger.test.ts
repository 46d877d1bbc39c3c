/** Does the ledger of a job tell where the money went? */
import { describe, expect, it } from 'vitest'
import type { Job } from '../../../src/core/job.js'
import { isLost, ledgerOf } from '../../../src/core/ledger.js'
import type { Msat } from '../../../src/core/money.js'
import { transition } from '../../../src/core/transition.js'
import { boughtJobIn, heldFetching, jobIn } from '../../support/sample-jobs.js'

const NONE = { received: 0, held: 0, paid: 0, routingFee: 0, refunded: 0, loss: 0, markup: 0 }
const loss = { amountMsat: 10_012 as Msat, at: 9, reason: 'the held payment is cancelled, and the upstream is paid' }
const taken = (job: Job): Job => transition(job, { type: 'taken', attempt: { run: 'run-1' } }, 9)

describe('the ledger of a job', () => {
  it('is none where no money of ours is concerned', () => {
    for (const job of [jobIn('completed'), jobIn('awaiting'), boughtJobIn('awaiting'), jobIn('quoting')]) {
      expect(ledgerOf(job)).toBeNull()
    }
  })

  it('follows a held payment from accepted to taken', () => {
    expect(ledgerOf(jobIn('paying'))).toEqual({ ...NONE, held: 21_000 })
    expect(ledgerOf(jobIn('settling'))).toEqual({
      ...NONE,
      held: 21_000,
      paid: 10_000,
      routingFee: 12,
      markup: -10_012,
    })
    expect(ledgerOf(heldFetching())).toMatchObject({ held: 21_000, received: 0, paid: 10_000 })
    expect(ledgerOf(taken(jobIn('settling')))).toEqual({
      ...{ ...NONE, received: 21_000, paid: 10_000, routingFee: 12, markup: 10_988 },
    })
  })

  it('has nothing left of what was given back', () => {
    expect(ledgerOf(jobIn('cancelling'))).toEqual({ ...NONE, held: 21_000 })
    expect(ledgerOf(jobIn('refunded'))).toEqual(NONE)
  })

  it('calls a loss one', () => {
    const lost = transition(jobIn('settling'), { type: 'lost', loss, attempt: { run: 'run-1' } }, 9)
    expect(ledgerOf(lost)).toEqual({ ...NONE, paid: 10_000, routingFee: 12, loss: 10_012, markup: -10_012 })
    expect([isLost(lost), isLost(jobIn('settling')), lost.state]).toEqual([true, false, 'fetching'])
  })

  it('does not know a fee that no wallet tells', () => {
    const job = jobIn('settling')
    expect(ledgerOf({ ...job, spent: { at: 1, feesMsat: null } })).toMatchObject({ routingFee: null, markup: -10_000 })
  })
})
