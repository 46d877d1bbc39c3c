/** What does the wallet know of a payment hash, in one direction only? (NIP-47 §lookup_invoice, §list_transactions) */
import { isMalformed, type Millis, type PaymentHash } from '../core/identifiers.js'
import { TollbridgeError } from '../core/errors.js'
import type { IncomingPage, IncomingState, OutgoingState } from '../ports.js'
import type { NwcMethod } from './nwc-client.js'
import type { HeldInvoices } from './nwc-held.js'
import type { NwcReply } from './nwc-reply.js'
import { parseTransaction, settledIncoming, type NwcTransaction } from './nwc-transaction.js'
import { pageByOffset } from './offset-page.js'
import { walletFault } from './wallet-fault.js'
import { parseHeight } from './wallet-info.js'

/** NIP-47's largest page. */
const PAGE_SIZE = 20
/** How far back one payment is searched for in the list. */
const SEARCHED_PAGES = 20

export type Ask = (method: NwcMethod, parameters: object) => Promise<NwcReply>

export interface Source {
  readonly ask: Ask
  readonly now: () => Millis
  readonly held: HeldInvoices
}

type Direction = 'incoming' | 'outgoing'

/** `timeout` where no answer came, `wallet-unusable` where it is a refusal. */
export const refusalOf = (code: string, method: NwcMethod): TollbridgeError =>
  code === 'local:no-reply'
    ? new TollbridgeError('timeout', `the wallet did not answer ${method} in time`)
    : walletFault(`the wallet did not serve ${method}: ${code}`)

/** The result of a reply. @throws as `refusalOf`. */
export function resultOf(reply: NwcReply, method: NwcMethod): Record<string, unknown> {
  if (reply.type === 'result') return reply.result as Record<string, unknown>
  throw refusalOf(reply.code, method)
}

/** Null where the wallet knows no such payment in that direction. @throws as `resultOf`, and on nonsense. */
async function find(source: Source, paymentHash: PaymentHash, type: Direction): Promise<NwcTransaction | null> {
  const reply = await source.ask('lookup_invoice', { payment_hash: paymentHash })
  if (reply.type === 'error' && reply.code === 'NOT_FOUND') return null
  const found = parseTransaction(resultOf(reply, 'lookup_invoice'), source.now())
  if (isMalformed(found)) throw walletFault(`the wallet answered nonsense to lookup_invoice: ${found.malformed}`)
  if (found.paymentHash !== paymentHash) throw walletFault('the wallet answered for another payment hash')
  if (found.type === type) return found
  // A payment that leaves and one that arrives may share the hash, and the wallet shows whichever it likes.
  return search(source, paymentHash, type)
}

async function search(source: Source, paymentHash: PaymentHash, type: Direction): Promise<NwcTransaction | null> {
  let offset = 0
  let first: unknown
  for (let page = 0; page < SEARCHED_PAGES; page++) {
    const entries = await list(source, { type, unpaid: true, offset })
    const parsed = entries.map((entry) => parseTransaction(entry, source.now()))
    const found = parsed.find(
      (entry): entry is NwcTransaction =>
        !isMalformed(entry) && entry.paymentHash === paymentHash && entry.type === type,
    )
    if (found) return found
    const [newest] = entries.map(hashOf)
    if (newest === undefined) return null
    if (newest === first) break
    first = newest
    offset += entries.length
  }
  throw walletFault('the wallet does not tell the two directions of this payment hash apart')
}

async function list(source: Source, parameters: object): Promise<unknown[]> {
  const reply = await source.ask('list_transactions', { limit: PAGE_SIZE, ...parameters })
  const { transactions } = resultOf(reply, 'list_transactions')
  // An empty list arrives as null from some wallets.
  if (transactions === null) return []
  if (!Array.isArray(transactions)) throw walletFault('the wallet answered nonsense to list_transactions')
  return transactions as unknown[]
}

const hashOf = (entry: unknown): string => {
  const hash = typeof entry === 'object' && entry !== null ? (entry as Record<string, unknown>)['payment_hash'] : null
  return typeof hash === 'string' ? hash : ''
}

export const findIncoming = (source: Source, paymentHash: PaymentHash): Promise<NwcTransaction | null> =>
  find(source, paymentHash, 'incoming')

export async function lookupIncoming(source: Source, paymentHash: PaymentHash): Promise<IncomingState> {
  const found = await findIncoming(source, paymentHash)
  if (!found) return { state: 'not_found' }
  const { state, preimage, amountMsat, settledAt } = found
  if (state !== 'accepted' && state !== 'expired') source.held.forget(paymentHash)
  switch (state) {
    case 'settled':
      if (amountMsat === null) return nameless()
      return { state, preimage, amountMsat, settledAt }
    case 'pending':
      return { state }
    case 'accepted':
      return acceptedOf(source, found) ?? nameless()
    case 'expired':
      if (source.held.wasCancelled(paymentHash)) return { state: 'cancelled' }
      return (await stillHeld(source, found)) ?? { state }
    case 'failed':
    case 'cancelled':
      return { state: 'cancelled' }
  }
}

type Accepted = Extract<IncomingState, { readonly state: 'accepted' }>

/** What the wallet notified completes what it leaves out of a look-up. Null where neither names the amount. */
function acceptedOf({ held }: Source, found: NwcTransaction): Accepted | null {
  const noted = held.get(found.paymentHash)
  const amountMsat = found.amountMsat ?? noted?.amountMsat ?? null
  const settleDeadline = found.settleDeadline ?? noted?.settleDeadline ?? null
  return amountMsat === null ? null : { state: 'accepted', amountMsat, settleDeadline }
}

/**
 * Wallets call everything expired that is unsettled when the time of its invoice is over, a hold that they have accepted too. One that
 * names a deadline, or that was notified as accepted, is held until the chain has reached that deadline.
 */
async function stillHeld(source: Source, found: NwcTransaction): Promise<Accepted | null> {
  if (found.settleDeadline === null && source.held.get(found.paymentHash) === undefined) return null
  const accepted = acceptedOf(source, found) ?? nameless()
  if (accepted.settleDeadline === null) return accepted
  const reply = await source.ask('get_info', {})
  const height = reply.type === 'result' ? parseHeight((reply.result as Record<string, unknown>)['block_height']) : null
  return height !== null && height >= accepted.settleDeadline ? null : accepted
}

function nameless(): never {
  throw walletFault('the wallet names no amount for a payment that has arrived')
}

export async function lookupOutgoing(source: Source, paymentHash: PaymentHash): Promise<OutgoingState> {
  const found = await find(source, paymentHash, 'outgoing')
  if (!found) return { state: 'not_found' }
  const { state, preimage, feesMsat } = found
  switch (state) {
    case 'settled':
      if (preimage === null) throw walletFault('the wallet says that it paid and does not give the preimage')
      return { state, preimage, feesMsat }
    case 'failed':
      return { state }
    // Wallets call a payment expired that is still under way when its invoice expires.
    case 'expired':
    case 'pending':
    case 'accepted':
    case 'cancelled':
      return { state: 'pending' }
  }
}

export function pageOfIncoming(source: Source, since: Millis, cursor: string | null): Promise<IncomingPage> {
  const from = Math.max(0, Math.floor(since / 1000))
  return pageByOffset(cursor, {
    list: (offset) => list(source, { from, type: 'incoming', unpaid: false, offset }),
    idOf: hashOf,
    settledOf(entry) {
      const parsed = parseTransaction(entry, source.now())
      return isMalformed(parsed) ? null : settledIncoming(parsed)
    },
  })
}
