/** settling: the preimage is known, so the customer's held payment is ours. Take it; never give it back. */
import type { Millis } from '../core/identifiers.js'
import type { Fetching, Settling } from '../core/job.js'
import type { Msat } from '../core/money.js'
import type { Fact } from '../core/fact.js'
import type { IncomingState } from '../ports.js'
import type { Purse } from '../settlement/purse.js'
import { pauseUntil, type Step, type StepContext } from './context.js'

const UNCONFIGURED_RETRY_MS = 10_000
/** Where no block height tells it: a hold that is gone for so long does not come back. */
const GONE_MS: Millis = 48 * 3_600_000

export const settling: Step<'settling'> = async (context, job) => {
  const { clock, run, log } = context
  const purse = job.offer.purchase && context.purses.get(job.offer.purchase.wallet)
  if (!purse) {
    log.error({ job: job.id }, 'the wallet of a held payment is not configured')
    return pauseUntil(clock.now() + UNCONFIGURED_RETRY_MS)
  }
  const taken: Fact = { type: 'taken', attempt: { run } }
  const { key } = job.secrets
  if (key.kind !== 'preimage') throw new TypeError('a hold invoice is settled with a preimage')
  try {
    await purse.wallet.settleHoldInvoice(key.value, job.offer.paymentHash)
    return taken
  } catch (error) {
    const seen = await purse.wallet.lookupInvoice(job.offer.paymentHash)
    if (seen.state === 'settled') return taken
    if (!(await isGone(job, purse, seen, clock.now()))) throw error
    const amountMsat = (job.offer.purchase.amountMsat + (job.spent?.feesMsat ?? 0)) as Msat
    const reason = `the held payment is ${seen.state}, and the upstream is paid`
    log.error({ job: job.id, amountMsat, reason }, 'loss')
    return { type: 'lost', loss: { amountMsat, at: clock.now(), reason }, attempt: { run } }
  }
}

/**
 * Beside a call that takes longer than the hold may wait: the money is taken at once, and the state catches up when the call ends. Nothing
 * is recorded here: to settle is idempotent.
 */
export async function settleBeside({ purses, log }: StepContext, { id, offer, secrets }: Fetching): Promise<void> {
  const purse = offer.purchase && purses.get(offer.purchase.wallet)
  if (!purse || secrets.key.kind !== 'preimage') return
  log.warn({ job: id }, 'held for as long as may be: settled before the answer')
  try {
    await purse.wallet.settleHoldInvoice(secrets.key.value, offer.paymentHash)
  } catch (error) {
    log.warn({ job: id, reason: error instanceof Error ? error.message : 'unknown' }, 'not settled yet')
  }
}

/** Wallets call a hold expired or unknown that is still held: only a cancelled one, or a passed deadline, is proof. */
async function isGone(job: Settling, purse: Purse, { state }: IncomingState, now: Millis): Promise<boolean> {
  if (state === 'cancelled') return true
  if (state !== 'expired' && state !== 'not_found') return false
  const { settleDeadline } = job.hold
  if (settleDeadline === null) return now - (job.spent?.at ?? now) > GONE_MS
  const { blockHeight } = await purse.wallet.getInfo()
  return blockHeight !== null && blockHeight >= settleDeadline
}
