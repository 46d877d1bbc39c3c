/** Is there credit left? What a customer paid for and has not used up serves that customer's next jobs, and nobody else's. */
import type { Fetching, Quoting } from '../core/job.js'
import type { UpstreamOutcome } from '../ports.js'
import { headerOf, type Place } from './calling.js'
import type { StepContext } from './context.js'

/** Keeps the credential while the upstream reports a balance, and forgets it when that is used up. */
export function rememberCredit(
  { store, clock }: StepContext,
  job: Quoting | Fetching,
  { binding }: Place,
  outcome: Extract<UpstreamOutcome, { type: 'response' }>,
  authorization: string,
): void {
  if (!binding.settings.reuseCredit) return
  const reported = headerOf(outcome, 'x-credit-balance')
  const balanceSats = reported !== undefined && /^[0-9]{1,15}$/.test(reported) ? Number(reported) : 0
  if (balanceSats === 0) return store.dropCredit(job.customer, job.call.upstream)
  store.putCredit({
    customer: job.customer,
    upstream: job.call.upstream,
    authorization,
    balanceSats,
    savedAt: clock.now(),
  })
}
