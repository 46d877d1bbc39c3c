/** cancelling: the upstream is not paid, and certainly never will be. Give the customer's held payment back. */
import { pauseUntil, type Step } from './context.js'

const UNCONFIGURED_RETRY_MS = 10_000

export const cancelling: Step<'cancelling'> = async (context, job) => {
  const purse = context.purses.get(job.offer.purchase.wallet)
  if (!purse) {
    context.log.error({ job: job.id }, 'the wallet of a held payment is not configured')
    return pauseUntil(context.clock.now() + UNCONFIGURED_RETRY_MS)
  }
  try {
    await purse.wallet.cancelHoldInvoice(job.offer.paymentHash)
    return { type: 'returned' }
  } catch (error) {
    const { state } = await purse.wallet.lookupInvoice(job.offer.paymentHash)
    if (state === 'cancelled') return { type: 'returned' }
    // Somebody else who has the preimage and the wallet took it: it is ours to give back by hand.
    if (state === 'settled') return { type: 'owed', reason: 'the wallet says that the hold is settled' }
    throw error
  }
}
