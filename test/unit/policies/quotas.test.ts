/** How many jobs, unpaid invoices and free calls may one key have, and when again? */
import { describe, expect, it } from 'vitest'
import type { EventId, Pubkey } from '../../../src/core/identifiers.js'
import type { JobRequest } from '../../../src/core/job-request.js'
import type { Job, JobState, UpstreamCall } from '../../../src/core/job.js'
import { createFreeQuota } from '../../../src/policies/free-quota.js'
import { createJobRate } from '../../../src/policies/job-rate.js'
import { createQuota } from '../../../src/policies/quota.js'
import { createUnpaidQuota } from '../../../src/policies/unpaid-quota.js'
import type { Policy, Seen } from '../../../src/ports.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { jobIn } from '../../support/sample-jobs.js'

const [ANNA, BERT] = ['a', 'b'].map((digit) => digit.repeat(64)) as [Pubkey, Pubkey]
const SEEN: Seen = { openOfCustomer: 0, unpaidOfCustomer: 0, openInAll: 0, acceptsJobs: true }
const ask = (policy: Policy, customer = ANNA, upstream = 'api') => {
  const refusal = policy({ customer } as JobRequest, SEEN, { upstream } as UpstreamCall)
  return refusal === null ? null : [refusal.rejected, refusal.remedy?.[1]]
}
const HOUR_MS = 3_600_000

describe('a quota', () => {
  it('gives so many at once, and again one by one', () => {
    const quota = createQuota(3, 60_000)
    for (let taken = 0; taken < 3; taken += 1) quota.take('a', 0)
    expect([quota.waitMs('a', 0), quota.waitMs('a', 19_999), quota.waitMs('a', 20_000)]).toEqual([20_000, 1, 0])
    expect(quota.waitMs('b', 0)).toBe(0)
  })

  it('gives nothing for a clock that is set back', () => {
    const quota = createQuota(1, 60_000)
    quota.take('a', 100_000)
    expect(quota.waitMs('a', 0)).toBe(60_000)
    quota.take('a', 0)
    expect(quota.waitMs('a', 100_000)).toBe(120_000)
  })

  it('forgets the quietest of very many keys', () => {
    const quota = createQuota(1, HOUR_MS)
    for (let key = 0; key < 20_001; key += 1) quota.take(String(key), 0)
    expect([quota.waitMs('0', 0), quota.waitMs('1', 0)]).toEqual([0, HOUR_MS])
  })
})

describe('jobs of one key', () => {
  it('are taken so many a minute and an hour, and told when again', async () => {
    const clock = createFakeClock()
    const policy = createJobRate({ perMinute: 2, perHour: 3 }, clock)
    expect([ask(policy), ask(policy), ask(policy)]).toEqual([null, null, ['rate-limited', '30']])
    expect(ask(policy, BERT)).toBeNull()
    await clock.advance(30_000)
    expect([ask(policy), ask(policy)]).toEqual([null, ['rate-limited', '1170']])
  })
})

const at = (state: JobState, number: number, customer = ANNA, changes: object = {}): Job => ({
  ...(jobIn(state) as Job),
  ...({ customer, id: String(number).padStart(64, '0') as EventId } as object),
  ...changes,
})

describe('invoices that nobody pays', () => {
  it('are counted from before they are made, and no more once they are paid', async () => {
    const clock = createFakeClock()
    const quota = createUnpaidQuota({ perHour: 2, perDay: null }, clock)
    const updatedAt = clock.now()
    const open = (number: number) => quota.move(undefined, at('quoting', number, ANNA, { updatedAt }))
    open(1)
    expect(ask(quota.policy)).toBeNull()
    open(2)
    expect([ask(quota.policy), ask(quota.policy, BERT)]).toEqual([['unpaid-quota-used', '3600'], null])
    quota.move(at('quoting', 1), at('invoicing', 1))
    quota.move(at('invoicing', 1), at('offering', 1))
    quota.move(at('offering', 1), at('awaiting', 1))
    expect(ask(quota.policy)).not.toBeNull()
    quota.move(at('awaiting', 1), at('fetching', 1))
    expect(ask(quota.policy)).toBeNull()
  })

  it('are not counted where the API answered, or was not asked', () => {
    const quota = createUnpaidQuota({ perHour: 1, perDay: null }, createFakeClock())
    for (const state of ['publishing', 'failing', 'cancelled'] as const) {
      quota.move(undefined, at('quoting', 1))
      quota.move(at('quoting', 1), at(state, 1))
      expect(ask(quota.policy)).toBeNull()
    }
    quota.move(undefined, at('quoting', 2))
    quota.move(at('quoting', 2), undefined)
    expect(ask(quota.policy)).toBeNull()
  })

  it('count after they have expired, for an hour and for a day', async () => {
    const clock = createFakeClock()
    const quota = createUnpaidQuota({ perHour: 1, perDay: 2 }, clock)
    const expire = (number: number) => {
      quota.move(undefined, at('quoting', number, ANNA, { updatedAt: clock.now() }))
      quota.move(at('quoting', number), at('invoicing', number))
      quota.move(at('awaiting', number), at('expired', number))
    }
    expire(1)
    expect(ask(quota.policy)).toEqual(['unpaid-quota-used', '3600'])
    await clock.advance(HOUR_MS)
    expect(ask(quota.policy)).toBeNull()
    expire(2)
    await clock.advance(HOUR_MS)
    expect(ask(quota.policy)).toEqual(['unpaid-quota-used', String(22 * 3600)])
    await clock.advance(22 * HOUR_MS)
    expect(ask(quota.policy)).toBeNull()
  })

  it('are remembered over a restart, by the offers that the store holds', () => {
    const clock = createFakeClock()
    const quota = createUnpaidQuota({ perHour: 2, perDay: null }, clock)
    const offer = { offeredAt: clock.now() - 600_000 }
    quota.move(undefined, at('expired', 1, ANNA, { offer }))
    quota.move(undefined, at('completed', 2, ANNA, { offer }))
    expect(ask(quota.policy)).toBeNull()
    quota.move(undefined, at('awaiting', 3, ANNA, { offer }))
    expect(ask(quota.policy)).toEqual(['unpaid-quota-used', '3000'])
  })

  it('of very many keys are forgotten, the quietest first', () => {
    const quota = createUnpaidQuota({ perHour: 1, perDay: null }, createFakeClock())
    const key = (number: number) => String(number).padStart(64, '0') as Pubkey
    const updatedAt = createFakeClock().now()
    for (let number = 0; number <= 100_000; number += 1) {
      quota.move(undefined, at('quoting', number, key(number), { updatedAt }))
    }
    expect([ask(quota.policy, key(0)), ask(quota.policy, key(1))]).toEqual([null, ['unpaid-quota-used', '3600']])
  })
})

describe('free calls', () => {
  const answered = (quota: ReturnType<typeof createFreeQuota>, customer = ANNA) =>
    quota.move(at('quoting', 1, customer), at('publishing', 1, customer))

  it('are so many for one key, while the API is free, and told when again', async () => {
    const clock = createFakeClock()
    const quota = createFreeQuota({ perDay: 2, hasCredit: () => false, clock })
    answered(quota)
    expect(ask(quota.policy)).toBeNull()
    answered(quota)
    expect([ask(quota.policy), ask(quota.policy, BERT)]).toEqual([['free-quota-used', '43200'], null])
    expect(ask(quota.policy, ANNA, 'another')).toBeNull()
    await clock.advance(43_200_000)
    expect(ask(quota.policy)).toBeNull()
  })

  it('stand in nobody’s way once the API asks for payment', () => {
    const quota = createFreeQuota({ perDay: 1, hasCredit: () => false, clock: createFakeClock() })
    answered(quota)
    expect(ask(quota.policy)).not.toBeNull()
    quota.move(at('quoting', 2, BERT), at('invoicing', 2, BERT))
    expect(ask(quota.policy)).toBeNull()
    answered(quota, BERT)
    expect(ask(quota.policy)).not.toBeNull()
  })

  it('are none of those that credit paid for', () => {
    const quota = createFreeQuota({ perDay: 1, hasCredit: (customer) => customer === ANNA, clock: createFakeClock() })
    answered(quota)
    answered(quota, BERT)
    expect([ask(quota.policy), ask(quota.policy, BERT)?.[0]]).toEqual([null, 'free-quota-used'])
  })
})
