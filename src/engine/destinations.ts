/** Where does an answer go? To the relays where the customer reads, and to our own; what came sealed goes to its inbox alone. */
import { isWrapped } from '../core/arrival.js'
import type { Job } from '../core/job.js'
import type { RelayLists } from '../ports.js'

export interface Destinations {
  /** Among these the quorum is counted. Empty where nobody can be reached: the answer cannot be sent. */
  readonly counted: readonly string[]
  readonly also: readonly string[]
}

export function createDestinations({
  writeRelays,
  lists,
}: {
  readonly writeRelays: readonly string[]
  /** Default: nobody has lists. */
  readonly lists?: RelayLists
}) {
  return async (job: Job): Promise<Destinations> => {
    if (isWrapped(job)) return inboxOf(job, lists)
    const heardOn = job.heardOn === '' ? [] : [job.heardOn]
    const own = [...writeRelays, ...heardOn]
    const read = (await lists?.readRelays(job.customer)) ?? []
    if (job.replyRelays.length > 0) return { counted: distinct(job.replyRelays), also: distinct([...read, ...own]) }
    // Where the job was published its author is at home, too: a list may be old, and none of its relays need be there any more.
    if (read.length > 0) return { counted: distinct([...read, ...heardOn]), also: own }
    return { counted: distinct(own), also: own }
  }
}

/** NIP-17 §Publishing: gift wraps go to the relays of the recipient's kind 10050, and nowhere else. */
async function inboxOf(job: Job, lists: RelayLists | undefined): Promise<Destinations> {
  const inbox = (await lists?.inboxRelays(job.customer)) ?? []
  // A list that cannot be looked up just now was there when the earlier answer left.
  const earlier = job.outbox.at(-1)?.counted ?? []
  return { counted: distinct(inbox.length > 0 ? inbox : earlier), also: [] }
}

const distinct = (urls: readonly string[]): string[] => [...new Set(urls)]
