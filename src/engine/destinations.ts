/** Where does an answer go? To the relays where the customer reads, and to our own. */
import type { Job } from '../core/job.js'

export interface Destinations {
  /** Among these the quorum is counted. At least one. */
  readonly counted: readonly string[]
  readonly also: readonly string[]
}

export function createDestinations({ writeRelays }: { readonly writeRelays: readonly string[] }) {
  return async (job: Job): Promise<Destinations> => {
    const own = job.heardOn === '' ? writeRelays : [...writeRelays, job.heardOn]
    return { counted: [...new Set(job.replyRelays.length > 0 ? job.replyRelays : own)], also: own }
  }
}
