/** What does LNbits know of a payment hash, in one direction only? And does it tell others, who have no key? */
import { isMalformed, parsePaymentHash, type Millis, type PaymentHash } from '../core/identifiers.js'
import type { IncomingPage, IncomingState, OutgoingState } from '../ports.js'
import type { WalletHttp } from './http.js'
import { isObject, type JsonObject } from './json.js'
import {
  createdAt,
  incomingState,
  outgoingState,
  readPayment,
  settledEntry,
  type LnbitsPayment,
} from './lnbits-payments.js'
import { pageByOffset } from './offset-page.js'
import { proofOrNull } from './preimage.js'
import { walletFault } from './wallet-fault.js'

const PAYMENTS = '/api/v1/payments'
const PAGE_SIZE = 40

interface Found {
  readonly payment: LnbitsPayment
  /** The look-up's own word; null where a list has told. */
  readonly paid: unknown
}

/** Null where the wallet knows no such payment in that direction. @throws where it does not answer, or answers nonsense. */
async function find(
  http: WalletHttp,
  paymentHash: PaymentHash,
  direction: LnbitsPayment['direction'],
): Promise<Found | null> {
  const { status, body } = await http.ask({ method: 'GET', path: `${PAYMENTS}/${paymentHash}` })
  if (status === 404) return null
  if (status !== 200 || !isObject(body)) throw walletFault(`the wallet answered ${status} to a look-up`)
  const { details, paid } = body
  // Whoever has no key is told of payments, too, and of anybody's.
  if (!isObject(details)) throw walletFault('the server does not take the key for one of its wallets')
  const payment = readPayment(details, paymentHash)
  if (payment.direction === direction) return { payment, paid }
  // Between two wallets of one server both directions share the hash, and it shows whichever it likes.
  const entries = await list(http, `?payment_hash=${paymentHash}&limit=${PAGE_SIZE}`)
  const both = entries
    .filter((entry) => entry['payment_hash'] === paymentHash)
    .map((entry) => readPayment(entry, paymentHash))
  const found = both.find((one) => one.direction === direction)
  if (found) return { payment: found, paid: null }
  if (both.length > 0 || entries.length === 0) return null
  throw walletFault('the wallet does not tell the two directions of this payment hash apart')
}

async function list(http: WalletHttp, query: string): Promise<JsonObject[]> {
  const { status, body } = await http.ask({ method: 'GET', path: `${PAYMENTS}${query}` })
  if (status !== 200 || !Array.isArray(body)) throw walletFault(`the wallet answered ${status} to a list`)
  return body.filter(isObject)
}

export async function lookupIncoming(http: WalletHttp, paymentHash: PaymentHash, now: Millis): Promise<IncomingState> {
  const found = await find(http, paymentHash, 'incoming')
  return found === null ? { state: 'not_found' } : incomingState(found.payment, found.paid, now)
}

export async function lookupOutgoing(http: WalletHttp, paymentHash: PaymentHash): Promise<OutgoingState> {
  const found = await find(http, paymentHash, 'outgoing')
  return found === null ? { state: 'not_found' } : outgoingState(found.payment, found.paid)
}

const newestFirst = (limit: number, offset: number): string =>
  `?limit=${limit}&offset=${offset}&sortby=time&direction=desc`

/** By the time of creation. */
export const pageOfIncoming = (http: WalletHttp, since: Millis, cursor: string | null): Promise<IncomingPage> =>
  pageByOffset(cursor, {
    list: (offset) => list(http, newestFirst(PAGE_SIZE, offset)),
    idOf: (entry) => String(entry['checking_id'] ?? entry['payment_hash']),
    settledOf: settledEntry,
    isOlder: (entry) => (createdAt(entry) ?? Infinity) + 999 < since,
  })

/**
 * True where whoever knows the hash of an unpaid invoice is given its preimage, with no key at all: what an L402 server sells could be
 * had for nothing. Asked about the newest unpaid invoice; false where there is none.
 */
export async function leaksPreimages(http: WalletHttp, withoutKey: WalletHttp): Promise<boolean> {
  const entries = await list(http, newestFirst(PAGE_SIZE, 0))
  const unpaid = entries.find(
    ({ amount, status, pending }) => Number(amount) > 0 && (status === 'pending' || pending === true),
  )
  const paymentHash = parsePaymentHash(unpaid?.['payment_hash'])
  if (isMalformed(paymentHash)) return false
  const { status, body } = await withoutKey.ask({ method: 'GET', path: `${PAYMENTS}/${paymentHash}` })
  if (status !== 200 || !isObject(body)) return false
  return proofOrNull(body['preimage'], paymentHash) !== null
}
