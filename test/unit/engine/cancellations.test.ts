/** Whose deletion calls which job off, and what does it cost to find out? */
import { describe, expect, it, vi } from 'vitest'
import type { NostrEvent } from '../../../src/core/event.js'
import type { Pubkey } from '../../../src/core/identifiers.js'
import type { Job } from '../../../src/core/job.js'
import type { JobRequest } from '../../../src/core/job-request.js'
import { createCancellations } from '../../../src/engine/cancellations.js'
import type { CancelOutcome } from '../../../src/engine/calling-off.js'
import { buildJobFilters } from '../../../src/engine/job-filters.js'
import * as events from '../../../src/nostr/event.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { jobIn } from '../../support/sample-jobs.js'
import { customerPubkey, NOW_S, PROVIDER, signAs, signJob } from '../../support/sign-jobs.js'
import { createLogRecorder } from '../../support/store-parts.js'

vi.mock(import('../../../src/nostr/event.js'), async (original) => {
  const real = await original()
  return { ...real, verifyEvent: vi.fn(real.verifyEvent) }
})
const checks = vi.mocked(events.verifyEvent)

const job = signJob({ customer: 1 })
const deletion = (customer: number, ids: string[] = [job.id], created_at = NOW_S): NostrEvent =>
  signAs(customer, { kind: 5, created_at, tags: [...ids.map((id) => ['e', id]), ['k', '5800']] })

function createWorld(known: Partial<Record<string, Job>> = {}, archived: readonly string[] = []) {
  const cancelled: [id: string, author: string][] = []
  const clock = createFakeClock(NOW_S * 1000)
  const cancellations = createCancellations({
    drive: {
      current: (id) => known[id],
      cancel(id, author): CancelOutcome {
        cancelled.push([id, author])
        return known[id] ? 'stopping' : 'unknown'
      },
    },
    store: { has: (id) => id in known || archived.includes(id) },
    maxAgeMs: 600_000,
    clock,
    log: createLogRecorder(),
  })
  checks.mockClear()
  const refusal = (id: string, customer: Pubkey) =>
    cancellations.policy({ id, customer } as JobRequest, null as never, null)
  return { cancellations, cancelled, clock, refusal }
}
const mine = { ...jobIn('awaiting'), id: job.id, customer: customerPubkey(1) }

describe('a deletion', () => {
  it("by the job's author calls it off, once, from however many relays it comes", () => {
    const { cancellations, cancelled } = createWorld({ [job.id]: mine })
    const event = deletion(1)
    cancellations.receive(event)
    cancellations.receive(event)
    expect(cancelled).toEqual([[job.id, customerPubkey(1)]])
    expect(cancellations.knows(event.id)).toBe(true)
    expect(checks).toHaveBeenCalledTimes(1)
  })

  it('by a stranger does nothing, and costs no signature check', () => {
    const { cancellations, cancelled } = createWorld({ [job.id]: mine })
    cancellations.receive(deletion(2))
    expect([cancelled, checks.mock.calls]).toEqual([[], []])
  })

  it('that is forged does nothing, and does not keep the real one out', () => {
    const { cancellations, cancelled } = createWorld({ [job.id]: mine })
    const real = deletion(1)
    cancellations.receive({ ...real, sig: '0'.repeat(128) })
    expect(cancelled).toEqual([])
    cancellations.receive(real)
    expect(cancelled).toHaveLength(1)
  })

  it('of a job that has ended, or of what was never a job, costs no signature check', () => {
    const { cancellations } = createWorld({ [job.id]: { ...mine, state: 'expired' } as Job }, ['a'.repeat(64)])
    cancellations.receive(deletion(1))
    cancellations.receive(deletion(1, ['a'.repeat(64)]))
    cancellations.receive(deletion(1, ['no id', 'A'.repeat(64), '']))
    cancellations.receive(deletion(1, ['b'.repeat(64)], NOW_S - 601))
    expect(checks).not.toHaveBeenCalled()
  })

  it('that comes before its job keeps the job from being taken, and nobody else’s', () => {
    const { cancellations, refusal } = createWorld()
    expect(refusal(job.id, customerPubkey(1))).toBeNull()
    cancellations.receive(deletion(1))
    expect(refusal(job.id, customerPubkey(1))).toMatchObject({ rejected: 'cancelled' })
    expect(refusal(job.id, customerPubkey(2))).toBeNull()
    expect(refusal('b'.repeat(64), customerPubkey(1))).toBeNull()
  })

  it('of others that come first does not call a job off', () => {
    const { cancellations, refusal } = createWorld()
    cancellations.receive(deletion(2))
    expect(refusal(job.id, customerPubkey(1))).toBeNull()
  })

  it('calls off several jobs, and reads no list without end', () => {
    const ids = Array.from({ length: 60 }, (_, index) => index.toString(16).padStart(64, '0'))
    const { cancellations, cancelled } = createWorld()
    cancellations.receive(deletion(1, ids))
    expect(cancelled.map(([id]) => id)).toEqual(ids.slice(0, 50))
    expect(checks).toHaveBeenCalledTimes(1)
  })
})

describe('deletions are asked for', () => {
  const filters = (since?: number) =>
    buildJobFilters({
      ...{ self: PROVIDER, kinds: [5800], maxAgeSeconds: 600, reviveDays: 7, since, now: NOW_S * 1000 },
    }).filter(({ kinds }) => kinds?.[0] === 5)

  it('by the kind of the job and by whom it was addressed to, since a job may be fresh', () => {
    expect(filters()).toEqual([
      { kinds: [5], since: NOW_S - 600, '#p': [PROVIDER] },
      { kinds: [5], since: NOW_S - 600, '#k': ['5800'] },
    ])
  })

  it('since the last time that the relay was heard, for open jobs, but a day at the most', () => {
    expect(filters(NOW_S - 10).map(({ since }) => since)).toEqual([NOW_S - 600, NOW_S - 600])
    expect(filters(NOW_S - 7_200)[0]?.since).toBe(NOW_S - 7_200)
    expect(filters(NOW_S - 864_000)[0]?.since).toBe(NOW_S - 86_400)
  })
})
