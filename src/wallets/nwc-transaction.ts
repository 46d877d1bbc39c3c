/** What does a wallet say of one payment, and does it prove it? (NIP-47 §Example transaction object) */
import {
  isMalformed,
  malformed,
  parsePaymentHash,
  type Malformed,
  type Millis,
  type PaymentHash,
  type Preimage,
} from '../core/identifiers.js'
import { parseMsat, type Msat } from '../core/money.js'
import type { SettledIncoming } from '../ports.js'
import { provenPreimage } from './preimage.js'
import { parseHeight } from './wallet-info.js'

const STATES = ['pending', 'accepted', 'settled', 'expired', 'failed', 'cancelled'] as const
export type NwcState = (typeof STATES)[number]

export interface NwcTransaction {
  readonly type: 'incoming' | 'outgoing' | null
  readonly paymentHash: PaymentHash
  readonly state: NwcState
  /** Its sha256 is the payment hash. Says nothing of whether it was paid: some wallets show it before. */
  readonly preimage: Preimage | null
  readonly amountMsat: Msat | null
  readonly feesMsat: Msat | null
  readonly settledAt: Millis | null
  readonly invoice: string | null
  /** Block height at which an accepted hold goes back to the payer; wallets name it of what is or was accepted, and of nothing else. */
  readonly settleDeadline: number | null
}

/** Unset fields come as absent, null, '' or 0. */
export function parseTransaction(value: unknown, now: Millis): NwcTransaction | Malformed {
  if (typeof value !== 'object' || value === null) return malformed('a transaction is an object')
  const raw = value as Record<string, unknown>
  const paymentHash = parsePaymentHash(raw['payment_hash'])
  if (isMalformed(paymentHash)) return paymentHash
  const settledAt = parseTime(raw['settled_at'])
  const settleDeadline = parseHeight(raw['settle_deadline'])
  const times = { settledAt, settleDeadline, expiresAt: parseTime(raw['expires_at']) }
  const state = parseState(raw['state'], times, now)
  if (isMalformed(state)) return state
  const preimage = provenPreimage(raw['preimage'], paymentHash)
  if (state === 'settled' && isMalformed(preimage)) return preimage
  const amount = parseMsat(raw['amount'])
  const fees = parseMsat(raw['fees_paid'])
  if (state === 'settled' && isMalformed(amount)) return amount
  return {
    type: raw['type'] === 'incoming' || raw['type'] === 'outgoing' ? raw['type'] : null,
    paymentHash,
    state,
    preimage: isMalformed(preimage) ? null : preimage,
    amountMsat: isMalformed(amount) ? null : amount,
    feesMsat: isMalformed(fees) ? null : fees,
    settledAt,
    invoice: typeof raw['invoice'] === 'string' && raw['invoice'] !== '' ? raw['invoice'] : null,
    settleDeadline,
  }
}

interface Times {
  readonly settledAt: Millis | null
  readonly settleDeadline: number | null
  readonly expiresAt: Millis | null
}

/** `state` is optional in NIP-47; without it the time of settlement decides, and never the presence of a preimage. */
function parseState(
  value: unknown,
  { settledAt, settleDeadline, expiresAt }: Times,
  now: Millis,
): NwcState | Malformed {
  const named = STATES.find((state) => state === value)
  if (named) return named
  if (value === 'canceled') return 'cancelled'
  if (value != null && value !== '') return malformed('the state of a transaction is not one that NIP-47 names')
  if (settledAt !== null) return 'settled'
  if (settleDeadline !== null) return 'accepted'
  return expiresAt !== null && expiresAt < now ? 'expired' : 'pending'
}

function parseTime(seconds: unknown): Millis | null {
  if (typeof seconds !== 'number' || !Number.isSafeInteger(seconds * 1000) || seconds <= 0) return null
  return seconds * 1000
}

/** The transaction as a proof of an incoming payment, or null where it is anything less. */
export function settledIncoming(transaction: NwcTransaction): SettledIncoming | null {
  const { type, state, paymentHash, preimage, amountMsat, settledAt } = transaction
  if (type !== 'incoming' || state !== 'settled' || preimage === null || amountMsat === null) return null
  return { paymentHash, preimage, amountMsat, settledAt }
}
