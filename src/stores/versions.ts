/** May this job replace the stored one? Only upwards: whoever worked on an older copy is told so. */
import { TollbridgeError } from '../core/errors.js'
import type { Job } from '../core/job.js'

/** @throws TollbridgeError `store-stale`, `job-unknown`. A note may repeat the version, for it may change no more than deliveries. */
export function checkVersion(job: Job, stored: Job | undefined, how: 'save' | 'note', archived: () => boolean): void {
  if (!stored) {
    if (archived()) throw new TollbridgeError('store-stale', `job ${job.id} is in the archive`)
    throw new TollbridgeError('job-unknown', `job ${job.id} was never stored`)
  }
  const least = how === 'save' ? stored.version + 1 : stored.version
  if (job.version >= least) return
  const message = `job ${job.id}: version ${job.version} is not above the stored version ${stored.version}`
  throw new TollbridgeError('store-stale', message)
}
