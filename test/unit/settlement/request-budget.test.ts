/** Is one origin asked no more often than it may be, whoever asks? */
import { describe, expect, it } from 'vitest'
import { createRequestBudget } from '../../../src/settlement/request-budget.js'
import { createFakeClock } from '../../support/fake-clock.js'

describe('a request budget', () => {
  it('gives so many requests a second, to all who share it together', async () => {
    const clock = createFakeClock()
    const budget = createRequestBudget(10, clock)
    let taken = 0
    for (let tick = 0; tick < 100; tick += 1) {
      while (budget.take()) taken += 1
      await clock.advance(100)
    }
    expect(taken).toBeGreaterThanOrEqual(98)
    expect(taken).toBeLessThanOrEqual(101)
  })

  it.each([
    ['30', 30_000],
    ['Wed, 21 Oct 2026 07:28:00 GMT', 5_000],
    ['-1', 5_000],
    [undefined, 5_000],
    ['999999', 3_600_000],
  ])('is quiet after Retry-After %s', async (retryAfter, quietMs) => {
    const clock = createFakeClock()
    const budget = createRequestBudget(10, clock)
    budget.quiet(retryAfter)
    await clock.advance(quietMs - 1)
    expect(budget.take()).toBe(false)
    await clock.advance(1)
    expect(budget.take()).toBe(true)
  })
})
