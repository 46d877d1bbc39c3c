/** What does LND say of an invoice? Its state is the gate: the preimage of one that it made itself is there from the start. */
import { isMalformed, malformed, type Malformed, type Millis, type PaymentHash } from '../core/identifiers.js'
import type { Msat } from '../core/money.js'
import type { IncomingState, SettledIncoming } from '../ports.js'
import { isObject, parseWhole } from './json.js'
import type { LndResult } from './lnd-client.js'
import { parseBytes32, provenBase64 } from './lnd-values.js'
import { settledProof } from './preimage.js'

export interface LndInvoice {
  readonly paymentHash: PaymentHash
  readonly incoming: IncomingState
  /** What it asks for; 0 where the payer chooses. */
  readonly amountMsat: Msat
  readonly bolt11: string
  /** True where the node does not know the preimage, and so neither made nor can claim it by itself. Means nothing once settled. */
  readonly isHold: boolean
  readonly createdAt: Millis
  /** Rises by one with each settled invoice of the node; 0 unless settled. */
  readonly settleIndex: number
}

/** Never throws. */
export function parseInvoice(value: unknown, now: Millis): LndInvoice | Malformed {
  if (!isObject(value)) return malformed('an invoice that is none')
  const hash = parseBytes32(value['r_hash'])
  const amountMsat = parseWhole(value['value_msat'])
  const created = parseWhole(value['creation_date'])
  const { payment_request: bolt11, r_preimage: told } = value
  if (hash === null || amountMsat === null || created === null || typeof bolt11 !== 'string') {
    return malformed('an invoice without hash, amount or date')
  }
  const paymentHash = hash as PaymentHash
  const incoming = stateOf(value, paymentHash, created * 1000, now)
  if (isMalformed(incoming)) return incoming
  return {
    paymentHash,
    incoming,
    amountMsat: amountMsat as Msat,
    bolt11,
    isHold: told === undefined || told === null || told === '',
    createdAt: created * 1000,
    settleIndex: parseWhole(value['settle_index']) ?? 0,
  }
}

function stateOf(
  invoice: LndResult,
  paymentHash: PaymentHash,
  createdAt: Millis,
  now: Millis,
): IncomingState | Malformed {
  const isOver = createdAt + (parseWhole(invoice['expiry']) ?? 0) * 1000 <= now
  switch (invoice['state']) {
    case 'OPEN':
      return { state: isOver ? 'expired' : 'pending' }
    case 'ACCEPTED':
      return acceptedOf(invoice)
    case 'SETTLED':
      return settledOf(invoice, paymentHash)
    case 'CANCELED':
      // It cancels by itself what has expired; what a payment had been held for was cancelled by somebody.
      return { state: isOver && htlcsOf(invoice).length === 0 ? 'expired' : 'cancelled' }
    default:
      return malformed('an invoice of no known state')
  }
}

const htlcsOf = (invoice: LndResult): readonly LndResult[] =>
  Array.isArray(invoice['htlcs']) ? invoice['htlcs'].filter(isObject) : []

/**
 * The deadline is where the HTLC that ends first does. The node itself gives an accepted payment back some blocks earlier
 * (`invoices.holdexpirydelta`, 18 by default), which any margin must leave room for.
 */
function acceptedOf(invoice: LndResult): IncomingState | Malformed {
  let amountMsat = 0
  let settleDeadline: number | null = null
  for (const { state, amt_msat: amount, expiry_height: height } of htlcsOf(invoice)) {
    if (state !== 'ACCEPTED') continue
    amountMsat += parseWhole(amount) ?? Number.NaN
    const ends = parseWhole(height)
    if (ends !== null && ends > 0) settleDeadline = Math.min(settleDeadline ?? ends, ends)
  }
  if (!(amountMsat > 0)) return malformed('an accepted invoice without what has arrived')
  return { state: 'accepted', amountMsat: amountMsat as Msat, settleDeadline }
}

function settledOf(invoice: LndResult, paymentHash: PaymentHash): IncomingState | Malformed {
  const amountMsat = parseWhole(invoice['amt_paid_msat'])
  const settled = parseWhole(invoice['settle_date'])
  const preimage = provenBase64(invoice['r_preimage'], paymentHash)
  if (amountMsat === null) return malformed('a settled invoice without an amount')
  if (isMalformed(preimage)) return preimage
  return { state: 'settled', preimage, amountMsat: amountMsat as Msat, settledAt: settled ? settled * 1000 : null }
}

/** Null unless it is settled and proves it. */
export const settledIncoming = ({ paymentHash, incoming }: LndInvoice): SettledIncoming | null =>
  settledProof(paymentHash, incoming)
