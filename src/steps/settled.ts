/** Was the invoice paid? The fact that every state with an open offer looks for. */
import type { Awaiting, Late, Offering } from '../core/job.js'
import type { Fact } from '../core/transition.js'
import type { StepContext } from './context.js'

/** The settlement as a fact, or null. The first call is announced with it: both are saved in one flush. */
export function settledFact(context: StepContext, job: Offering | Awaiting | Late): Fact | null {
  const found = context.settlements.foundFor(job.offer.paymentHash)
  if (!found) return null
  const by = found.source === 'zap' ? { paymentHash: found.paymentHash } : {}
  const payment = { source: found.source, at: context.clock.now(), ...by }
  const attempt = { run: context.run }
  if (job.offer.purchase) {
    const hold = 'hold' in found ? found.hold : null
    // Nothing but a held payment stands for what a wrapped purchase costs us.
    return job.offer.purchase.mode === 'wrap' && !hold ? null : { type: 'funded', payment, hold, attempt }
  }
  return 'key' in found ? { type: 'settled', key: found.key, payment, attempt } : null
}
