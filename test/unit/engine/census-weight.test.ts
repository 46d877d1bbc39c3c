/** Can a few thousand large jobs use up the memory that ten thousand ordinary ones may have? */
import { expect, it } from 'vitest'
import { createCensus } from '../../../src/engine/census.js'
import { jobIn } from '../../support/sample-jobs.js'

it('a large job counts as the several that would fit into its place, until it is closed', () => {
  const census = createCensus()
  const job = jobIn('awaiting')
  const large = { ...job, request: 'x'.repeat(100_000), call: { ...job.call, body: 'y'.repeat(60_000) } }
  census.move(undefined, job)
  expect(census.weightInAll()).toBe(1)
  census.move(undefined, large)
  expect([census.openInAll(), census.weightInAll()]).toEqual([2, 11])
  census.move(large, { ...large, state: 'expired' })
  expect([census.openInAll(), census.weightInAll()]).toEqual([1, 1])
})
