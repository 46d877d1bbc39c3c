/** What became of a payment request? Paid only with the preimage as proof, refused only where nothing can have been sent. */
import { isMalformed, type PaymentHash } from '../core/identifiers.js'
import { parseMsat } from '../core/money.js'
import type { PaymentOutcome } from '../ports.js'
import { lookupOutgoing, type Source } from './nwc-lookup.js'
import type { NwcReply } from './nwc-reply.js'
import { provenPreimage } from './preimage.js'

/**
 * Codes by which a wallet says that it sent nothing and will not (NIP-47 §Error codes), and one of ours. INTERNAL, OTHER and PAYMENT_FAILED
 * are not among them: wallets answer so while a payment is under way.
 */
const NOTHING_WAS_SENT: ReadonlySet<string> = new Set([
  'INSUFFICIENT_BALANCE',
  'QUOTA_EXCEEDED',
  'RESTRICTED',
  'UNAUTHORIZED',
  'NOT_IMPLEMENTED',
  'UNSUPPORTED_ENCRYPTION',
  'RATE_LIMITED',
  'local:refused-by-relays',
])

export function paymentOutcome(reply: NwcReply, paymentHash: PaymentHash): PaymentOutcome {
  if (reply.type === 'error') {
    return { type: NOTHING_WAS_SENT.has(reply.code) ? 'refused' : 'unknown', reason: reply.code }
  }
  const { preimage: value, fees_paid: fees } = reply.result as Record<string, unknown>
  const preimage = provenPreimage(value, paymentHash)
  // An empty preimage is how some wallets say that the payment is still under way.
  if (preimage === null) return { type: 'unknown', reason: 'the wallet gave no preimage' }
  if (isMalformed(preimage)) {
    return { type: 'unknown', reason: 'the preimage of the wallet is not that of the payment hash' }
  }
  const feesMsat = parseMsat(fees)
  return { type: 'paid', preimage, feesMsat: isMalformed(feesMsat) ? null : feesMsat }
}

/**
 * Never throws. A payment that failed may have run out of the wallet's time alone (NIP-47 §pay_invoice), with parts of it still held on the
 * way: whoever holds them could take them once the payer was told that nothing was paid.
 */
export async function payByNwc(source: Source, bolt11: string, paymentHash: PaymentHash): Promise<PaymentOutcome> {
  const reply = await source.ask('pay_invoice', { invoice: bolt11 })
  const outcome = paymentOutcome(reply, paymentHash)
  if (reply.type !== 'error' || reply.code !== 'PAYMENT_FAILED') return outcome
  const seen = await lookupOutgoing(source, paymentHash).catch(() => null)
  const isOver = seen?.state === 'failed' || seen?.state === 'not_found'
  return isOver ? { type: 'refused', reason: reply.code } : outcome
}
