/** Does whoever sends large jobs for nothing fill the disk? */
import { expect, it } from 'vitest'
import { transition } from '../../../src/core/transition.js'
import { jobIn, paidJobIn, sampleDelivery } from '../../support/sample-jobs.js'

const error = { type: 'signed', delivery: sampleDelivery('error') } as const

it('a job that was refused or completed is kept without what its customer sent', () => {
  for (const closed of [
    transition(jobIn('failing'), error, 77),
    transition(jobIn('publishing'), { type: 'delivered' }, 77),
  ]) {
    expect(closed.request).toBe('')
    expect('call' in closed && closed.call?.body).toBeFalsy()
  }
})

it('a job that is paid and owed keeps all of it: it may be tried again', () => {
  const failing = paidJobIn('failing')
  const failed = transition(failing, error, 77)
  expect([failed.state, failed.request]).toEqual(['failed', failing.request])
  expect('call' in failed && failed.call).toEqual('call' in failing && failing.call)
})
