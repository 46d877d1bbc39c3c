/** Has our own key answered this job already? Two daemons may share a key and not their state: the later one stands down. */
import { isWrapped } from '../core/arrival.js'
import { tagValue } from '../core/event.js'
import type { Job } from '../core/job.js'
import { verifyEvent } from '../nostr/event.js'
import { JOB_FEEDBACK_KIND } from '../nostr/kinds/job-feedback.js'
import { RESULT_KIND_OFFSET } from '../nostr/kinds/job-result.js'
import type { StepContext } from './context.js'

/** Asks the relays that answers go to. What remains is the race of two that look at the same moment. */
export async function isAnsweredElsewhere({ relays, signer, settings }: StepContext, job: Job): Promise<boolean> {
  // What we say in gift wraps is signed by keys used once, and names no job: nobody could find it, nor should be told what to look for.
  if (isWrapped(job)) return false
  const kinds = [JOB_FEEDBACK_KIND, job.kind + RESULT_KIND_OFFSET]
  const where = [...new Set([...settings.writeRelays, ...job.replyRelays])]
  const filter = { kinds, authors: [signer.pubkey], '#e': [job.id], limit: 1 }
  const { events } = await relays.fetch(where, filter, settings.lookMs)
  // Verified, or any one relay could make us stand down from every job: by making an answer up, or with one to another job.
  return events.some((event) => event.pubkey === signer.pubkey && tagValue(event, 'e') === job.id && verifyEvent(event))
}
