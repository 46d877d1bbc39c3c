/** Has the customer not got it? The stored result is sent once more: the same bytes, where it went and where its author reads now. */
import { TollbridgeError } from '../core/errors.js'
import type { EventId } from '../core/identifiers.js'
import type { Delivery, Job } from '../core/job.js'
import type { JobStore, PublishVerdict, RelayPool } from '../ports.js'
import type { Destinations } from './destinations.js'

/** What one relay answers. */
export interface Redelivery {
  readonly eventId: EventId
  readonly relay: string
  readonly verdict: PublishVerdict['type']
  readonly reason: string | null
}

/**
 * For live jobs and archived ones. What a relay accepts is noted with a live job, so that another try of one that could not be
 * delivered succeeds. @throws TollbridgeError `job-unknown`, `job-not-retryable` where no result is stored.
 */
export async function redeliver(
  wiring: {
    readonly store: Pick<JobStore, 'get' | 'findArchived' | 'note'>
    readonly relays: Pick<RelayPool, 'publish'>
    readonly destinations: (job: Job) => Promise<Destinations>
  },
  jobId: EventId,
): Promise<readonly Redelivery[]> {
  const { store, relays } = wiring
  const job = store.get(jobId) ?? (await store.findArchived(jobId))
  if (!job) throw new TollbridgeError('job-unknown', `no job has the id ${jobId}`)
  const result = job.outbox.find(({ purpose, event }) => purpose === 'result' && event !== null)
  if (!result?.event) {
    throw new TollbridgeError('job-not-retryable', `the job is ${job.state}; no signed result of it is stored`)
  }
  const { event, eventId } = result
  const { counted, also } = await wiring.destinations(job)
  const targets = new Set([...Object.keys(result.relays), ...counted, ...also])
  const outcomes = await Promise.all(
    [...targets].map(async (relay): Promise<Redelivery> => {
      const verdict = await relays.publish(event, relay)
      if (verdict.type === 'accepted') result.relays[relay] = 'accepted'
      return { eventId, relay, verdict: verdict.type, reason: verdict.type === 'accepted' ? null : verdict.reason }
    }),
  )
  noteIfLive(store, jobId, result)
  return outcomes
}

/** The job may have gone on while the relays answered: what holds the result now is what is noted. */
function noteIfLive(store: Pick<JobStore, 'get' | 'note'>, jobId: EventId, result: Delivery): void {
  const now = store.get(jobId)
  if (now?.outbox.includes(result)) store.note(now)
}
