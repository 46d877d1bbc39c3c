/** What became of a payment through LND? Paid only with the preimage as proof, refused only where nothing can have been sent. */
import { isMalformed, type PaymentHash } from '../core/identifiers.js'
import { parseMsat, type Msat } from '../core/money.js'
import { decodeInvoice } from '../l402/invoice.js'
import type { OutgoingState, PaymentLimits, PaymentOutcome } from '../ports.js'
import type { WalletHttp } from './http.js'
import { isObject } from './json.js'
import { isDenied, parseStreamed, type LndReply, type LndResult } from './lnd-client.js'
import { base64UrlOf } from './lnd-values.js'
import { proofOrNull } from './preimage.js'
import { unusable } from './wallet-fault.js'

export interface LndPayments {
  readonly name: string
  readonly http: WalletHttp
  /** How long new attempts may be started. What is under way by then stays under way. */
  readonly timeoutSeconds: number
  /** For an answer beyond that; for a look-up from its start. */
  readonly callMs: number
}

/** LND's own limit; it refuses a higher one. */
const MOST_BLOCKS = 2016
/** Where the caller names no limit: LND's default is to pay no fee at all. */
const LEAST_FEE_MSAT = 10_000
const FEE_PARTS = 100

/**
 * Codes of errors that its own handler gives, once it has ended: 2 `UNKNOWN`, 3 `INVALID_ARGUMENT`, 9 `FAILED_PRECONDITION`. Others may
 * stand for a connection that was lost on the way, 6 `ALREADY_EXISTS` for an earlier payment.
 */
const ENDED: ReadonlySet<number> = new Set([2, 3, 9])

const refused = (reason: string): PaymentOutcome => ({ type: 'refused', reason })
const unknown = (reason: string): PaymentOutcome => ({ type: 'unknown', reason })

export async function payInvoice(
  payments: LndPayments,
  bolt11: string,
  paymentHash: PaymentHash,
  limits?: PaymentLimits,
): Promise<PaymentOutcome> {
  const invoice = decodeInvoice(bolt11)
  if (isMalformed(invoice)) return refused(invoice.malformed)
  if (invoice.paymentHash !== paymentHash) return refused('the invoice has another payment hash')
  if (invoice.amountMsat === null) return refused('the invoice names no amount')
  const blocks = limits?.maxDelayBlocks ?? null
  // 0 would mean any.
  if (blocks !== null && blocks < 1) return refused('no route within the delay')
  const maxFeeMsat = limits?.maxFeeMsat ?? Math.max(Math.ceil(invoice.amountMsat / FEE_PARTS), LEAST_FEE_MSAT)
  const { http, timeoutSeconds, callMs } = payments
  const waitMs = timeoutSeconds * 1000 + callMs
  const json = {
    payment_request: bolt11,
    timeout_seconds: timeoutSeconds,
    fee_limit_msat: String(maxFeeMsat),
    no_inflight_updates: true,
    ...(blocks === null ? {} : { cltv_limit: Math.min(blocks, MOST_BLOCKS) }),
  }
  let outcome: PaymentOutcome | null = null
  let failed = false
  const end = await http.lines(
    { method: 'POST', path: '/v2/router/send', json },
    {
      idleMs: waitMs,
      signal: AbortSignal.timeout(waitMs),
      onLine: (line) => {
        const reply = parseStreamed(line)
        failed = reply?.type === 'error' && ENDED.has(reply.code)
        outcome = reply === null ? unknown('the wallet answered nonsense') : outcomeOf(reply, paymentHash)
        return outcome === null ? 'more' : 'enough'
      },
    },
  )
  if (outcome !== null && failed) return afterError(payments, paymentHash, outcome)
  if (outcome !== null) return outcome
  if (end.type === 'unsent') return refused(end.reason)
  return unknown(end.type === 'unknown' ? end.reason : 'the wallet did not say what became of it')
}

/** Null while it is under way. */
function outcomeOf(reply: LndReply, paymentHash: PaymentHash): PaymentOutcome | null {
  if (reply.type === 'error') return isDenied(reply) ? refused('permission denied') : unknown(reply.message)
  const { result } = reply
  if (result['payment_hash'] !== paymentHash) return unknown('the wallet answered for another payment hash')
  if (result['status'] === 'FAILED') {
    const { failure_reason: why } = result
    const isReason = typeof why === 'string' && /^FAILURE_REASON_[A-Z_]{1,60}$/.test(why) && !why.endsWith('_NONE')
    return isReason && !isUnderWay(result) ? refused(why) : unknown('the payment failed for no reason')
  }
  if (result['status'] !== 'SUCCEEDED') return null
  const preimage = proofOrNull(result['payment_preimage'], paymentHash)
  if (preimage === null) return unknown('the wallet did not prove that it paid')
  return { type: 'paid', preimage, feesMsat: feesOf(result) }
}

/**
 * An error answered by LND means that its handler has ended: what has left no trace by then was never begun. Without this look a limit
 * that no route can keep would be a payment of unknown fate.
 */
async function afterError(payments: LndPayments, hash: PaymentHash, outcome: PaymentOutcome): Promise<PaymentOutcome> {
  if (outcome.type !== 'unknown') return outcome
  const seen = await lookupPayment(payments, hash).catch(() => null)
  return seen?.state === 'not_found' || seen?.state === 'failed' ? refused(outcome.reason) : outcome
}

/** The first message of the stream is how the payment stands now. @throws where LND does not answer or answers nonsense. */
export async function lookupPayment(payments: LndPayments, paymentHash: PaymentHash): Promise<OutgoingState> {
  const { name, http, callMs } = payments
  let reply: LndReply | null = null
  const path = `/v2/router/track/${base64UrlOf(paymentHash)}?no_inflight_updates=false`
  const end = await http.lines(
    { method: 'GET', path },
    { idleMs: callMs, onLine: (line) => ((reply = parseStreamed(line)), 'enough') },
  )
  const first = reply as LndReply | null
  if (first === null) {
    const why = end.type === 'unsent' || end.type === 'unknown' ? end.reason : 'it answered nonsense'
    throw unusable(name, `the payment could not be looked up: ${why}`)
  }
  if (first.type === 'error') {
    if (first.code === 5) return { state: 'not_found' }
    throw unusable(name, isDenied(first) ? 'its macaroon does not allow to look up payments' : first.message)
  }
  const state = outgoingOf(first.result, paymentHash)
  if (state === null) throw unusable(name, 'it answered nonsense to the look-up of a payment')
  return state
}

function outgoingOf(result: LndResult, paymentHash: PaymentHash): OutgoingState | null {
  if (result['payment_hash'] !== paymentHash) return null
  switch (result['status']) {
    case 'IN_FLIGHT':
    case 'INITIATED':
      return { state: 'pending' }
    case 'FAILED':
      return { state: isUnderWay(result) ? 'pending' : 'failed' }
    case 'SUCCEEDED': {
      const preimage = proofOrNull(result['payment_preimage'], paymentHash)
      return preimage === null ? null : { state: 'settled', preimage, feesMsat: feesOf(result) }
    }
    default:
      return null
  }
}

/** A part of it may still arrive, whatever is said of the whole. */
const isUnderWay = ({ htlcs }: LndResult): boolean =>
  Array.isArray(htlcs) && htlcs.some((htlc) => isObject(htlc) && htlc['status'] !== 'FAILED')

function feesOf(result: LndResult): Msat | null {
  const fees = parseMsat(result['fee_msat'])
  return isMalformed(fees) ? null : fees
}
