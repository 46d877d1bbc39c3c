/** What became of a payment by Core Lightning? Paid only with the preimage; refused only where no part of it can be under way. */
import type { PaymentHash } from '../core/identifiers.js'
import { isMalformed } from '../core/identifiers.js'
import type { Msat } from '../core/money.js'
import type { OutgoingState, PaymentLimits, PaymentOutcome } from '../ports.js'
import { listOf, reasonOf, resultOf, type ClnCall, type ClnCode, type ClnReply } from './cln-client.js'
import { isOfHash, parseClnMsat, preimageOf } from './cln-fields.js'
import type { JsonObject } from './json.js'
import { provenPreimage } from './preimage.js'
import { walletFault } from './wallet-fault.js'

/** How long the node tries; an attempt that hangs is not counted. */
const RETRY_SECONDS = 60
/** JSON-RPC 2.0: parameters that the command does not take. */
const INVALID_PARAMETERS = -32602
/** The node says so before it does anything. */
const BEFORE_SENDING: ReadonlySet<ClnCode> = new Set(['denied', 'unknown-command', INVALID_PARAMETERS])
/** The payment has failed (lightning-pay, lightning-xpay): still to be confirmed by its list, since parts may be under way. */
const FAILED: ReadonlySet<ClnCode> = new Set([203, 204, 205, 206, 207, 209, 210, 213, 215, 219])

export interface ClnPayer {
  readonly call: ClnCall
  readonly allows: (command: string) => boolean
  readonly timeoutMs: number
}

/** Never throws. */
export async function payByCln(
  payer: ClnPayer,
  bolt11: string,
  paymentHash: PaymentHash,
  limits: PaymentLimits | undefined,
): Promise<PaymentOutcome> {
  const reply = await send(payer, bolt11, limits)
  if (reply.type === 'result') return paid(reply.result, paymentHash)
  if (reply.type === 'unsent') return { type: 'refused', reason: reply.reason }
  if (reply.type === 'unknown') return reply
  const reason = reasonOf(reply.code)
  if (BEFORE_SENDING.has(reply.code)) return { type: 'refused', reason }
  if (!FAILED.has(reply.code)) return { type: 'unknown', reason }
  const seen = await lookupPays(payer.call, paymentHash).catch(() => null)
  const isOver = seen?.state === 'failed' || seen?.state === 'not_found'
  return { type: isOver ? 'refused' : 'unknown', reason }
}

/** `xpay`; `pay` where the node has no xpay, or one that cannot hold to the limit of time. Never both: each is refused unsent first. */
async function send(payer: ClnPayer, bolt11: string, limits: PaymentLimits | undefined): Promise<ClnReply> {
  const delay = limits?.maxDelayBlocks ?? null
  const bounds = {
    retry_for: RETRY_SECONDS,
    ...(limits === undefined ? {} : { maxfee: limits.maxFeeMsat }),
    ...(delay === null ? {} : { maxdelay: delay }),
  }
  const options = { timeoutMs: payer.timeoutMs, fresh: true }
  let first: ClnReply | null = null
  if (payer.allows('xpay')) {
    first = await payer.call('xpay', { invstring: bolt11, ...bounds }, options)
    const isLacking = first.type === 'error' && (first.code === 'unknown-command' || first.code === INVALID_PARAMETERS)
    if (!isLacking || !payer.allows('pay')) return first
  }
  return payer.call('pay', { bolt11, ...bounds }, options)
}

function paid(result: JsonObject, paymentHash: PaymentHash): PaymentOutcome {
  const { status } = result
  if (status !== undefined && status !== 'complete') return { type: 'unknown', reason: 'the node has not completed it' }
  const preimage = provenPreimage(result['payment_preimage'], paymentHash)
  if (preimage === null) return { type: 'unknown', reason: 'the node gave no preimage' }
  if (isMalformed(preimage)) {
    return { type: 'unknown', reason: 'the preimage of the node is not that of the payment hash' }
  }
  return { type: 'paid', preimage, feesMsat: feesOf(result) }
}

/** @throws TollbridgeError where the node does not answer or answers nonsense. */
export async function lookupPays(call: ClnCall, paymentHash: PaymentHash): Promise<OutgoingState> {
  const all = listOf(resultOf(await call('listpays', { payment_hash: paymentHash }), 'listpays'), 'pays')
  // Each attempt may be an entry of its own: one that succeeded is decisive, and one under way outweighs those that failed.
  const entries = all.filter((entry) => isOfHash(entry, paymentHash))
  if (all.length > entries.length) throw walletFault('the node answered for another payment hash')
  const complete = entries.find(({ status }) => status === 'complete')
  if (complete) {
    const preimage = preimageOf(complete['preimage'] ?? complete['payment_preimage'], paymentHash)
    if (preimage === null) throw walletFault('the node says that it paid and does not give the preimage')
    return { state: 'settled', preimage, feesMsat: feesOf(complete) }
  }
  if (entries.length === 0) return { state: 'not_found' }
  return { state: entries.every(({ status }) => status === 'failed') ? 'failed' : 'pending' }
}

function feesOf(entry: JsonObject): Msat | null {
  const sent = parseClnMsat(entry['amount_sent_msat'])
  const amount = parseClnMsat(entry['amount_msat'])
  return sent === null || amount === null || sent < amount ? null : ((sent - amount) as Msat)
}
