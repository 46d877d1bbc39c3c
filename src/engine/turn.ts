/** What does a job offer for its turn? Paid work comes first, then the bid; a word of refusal waits for no bid. */
import { isPaid, type Job, type OpenJob, type OpenState } from '../core/job.js'
import { heldOf } from '../core/transition-spend.js'
import { isUnbegun } from '../steps/calling.js'
import type { StepContext } from '../steps/context.js'
import type { Turn } from './slots.js'

/** What is held or spent waits for nobody: with on-result its call is made while the hold runs, and wrap.maxHolds bounds how many. */
export const isSlotless = (job: OpenJob): boolean =>
  SLOTLESS.has(job.state) || (job.state === 'fetching' && heldOf(job) !== null)

/**
 * Waiting costs no slot. Nor does an offer: after a start it is watched at once, before the proof of its payment is heard. Inputs are
 * gathered a few at a time by a rule of their own: slow hosts must not hold up what needs none.
 */
const SLOTLESS: ReadonlySet<OpenState> = new Set<OpenState>([
  'gathering',
  'offering',
  'awaiting',
  'paying',
  'tracking',
  'settling',
  'cancelling',
  'refunding',
  'publishing',
])

export const turnOf = ({ begun, run }: Pick<StepContext, 'begun' | 'run'>, job: OpenJob): Turn => ({
  urgent: isPaid(job),
  // To say that something failed is short work, and frees the place.
  bid: job.state === 'failing' ? Number.POSITIVE_INFINITY : (job.bidMsat ?? 0),
  // Its first call is yet to be sent: so far it has cost the upstream nothing.
  mayGiveWay: job.state === 'quoting' && job.calls.tries === 1 && isUnbegun({ begun, run }, job.calls.attempt),
})

/** Which of the jobs of a store are taken up first: what we would lose, then what we may have spent, then what is paid. */
export function rankOf(job: Job): number {
  if (job.state === 'settling' || (job.state === 'fetching' && heldOf(job) !== null)) return 0
  if (job.state === 'paying' || job.state === 'tracking') return 1
  if (job.state === 'cancelling' || job.state === 'refunding') return 2
  return isPaid(job) ? 3 : 4
}
