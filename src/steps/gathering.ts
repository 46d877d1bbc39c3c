/** gathering: what do the inputs come to that are not text? Only then is the call known; nothing was asked of the API so far. */
import { openedRequest } from '../core/arrival.js'
import { isRejection, rejection } from '../core/errors.js'
import { isMalformed } from '../core/identifiers.js'
import { keepInputs, withValues } from '../core/job-input.js'
import { parseJobRequest } from '../nostr/kinds/job-request.js'
import { pauseUntil, type Step } from './context.js'

export const gathering: Step<'gathering'> = async ({ inputs, run }, job) => {
  const rumor = openedRequest(job)
  const request = parseJobRequest(rumor)
  if (isMalformed(request)) return { type: 'refused', rejection: rejection('internal-error', request.malformed) }
  if (!inputs) return { type: 'refused', rejection: rejection('input-unsupported', 'no inputs are gathered any more') }
  const gathered = await inputs.gather(job, request, rumor)
  if (gathered.type === 'later') return pauseUntil(gathered.until)
  if (gathered.type === 'refused') return gathered
  const call = inputs.translate(withValues(request, gathered.values))
  if (isRejection(call)) return { type: 'refused', rejection: call }
  // ORDER: what was gathered and the announcement of the first call are in one save: after a crash nothing is gathered anew for a
  // call that may have been sent.
  return { type: 'gathered', call, gathered: keepInputs(gathered.values, call.body), attempt: { run } }
}
