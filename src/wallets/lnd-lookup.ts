/** What does LND know of a payment hash, of the invoices of late, of itself and of the way to somebody? Nothing here spends. */
import { isMalformed, type Millis, type PaymentHash } from '../core/identifiers.js'
import type { Msat } from '../core/money.js'
import { satsRoundedUp } from '../core/money.js'
import type { IncomingPage, IncomingState, WalletInfo } from '../ports.js'
import { isObject, parseWhole } from './json.js'
import { isNotFound, isWithoutRoute, resultOf, type LndClient } from './lnd-client.js'
import { parseInvoice, settledIncoming, type LndInvoice } from './lnd-invoice.js'
import { unusable } from './wallet-fault.js'
import { isNodeId, parseHeight, parseNetwork, parseNodeId } from './wallet-info.js'

export interface LndSource {
  readonly name: string
  readonly client: LndClient
  readonly now: () => Millis
}

/** A few answers of this many fit into the cap of an answer, whatever features and hints each invoice has. */
const PAGE_SIZE = 100
/** BOLT11's own; given so that the node does not take its own and what comes back can be told from it. */
const FINAL_DELTA = 18

/** Null for an unknown hash. @throws where LND does not answer or answers nonsense. */
export async function findInvoice(source: LndSource, paymentHash: PaymentHash): Promise<LndInvoice | null> {
  const { name, client, now } = source
  const reply = await client.get(`/v1/invoice/${paymentHash}`)
  if (reply.type === 'error' && isNotFound(reply)) return null
  const invoice = parseInvoice(resultOf(name, reply, 'look up the invoice'), now())
  if (isMalformed(invoice)) throw unusable(name, `it knows ${invoice.malformed}`)
  if (invoice.paymentHash !== paymentHash) throw unusable(name, 'it answered for another payment hash')
  return invoice
}

export const stateOf = (invoice: LndInvoice | null): IncomingState => invoice?.incoming ?? { state: 'not_found' }

export interface InvoicesPage {
  readonly invoices: readonly LndInvoice[]
  /** Null when this was the last page. */
  readonly cursor: string | null
}

/** Every invoice, newest first, by the index under which each was added: what is added meanwhile moves nothing. */
export async function pageOfInvoices({ name, client, now }: LndSource, cursor: string | null): Promise<InvoicesPage> {
  const offset = /^[0-9]{1,16}$/.exec(cursor ?? '')?.[0] ?? '0'
  const path = `/v1/invoices?reversed=true&num_max_invoices=${PAGE_SIZE}&index_offset=${offset}`
  const result = resultOf(name, await client.get(path), 'list the invoices')
  const { invoices: entries = [], first_index_offset: first } = result
  if (!Array.isArray(entries)) throw unusable(name, 'it lists what are no invoices')
  // One that cannot be read must not hide the others.
  const invoices = entries.flatMap((entry) => {
    const invoice = parseInvoice(entry, now())
    return isMalformed(invoice) ? [] : [invoice]
  })
  // Within a page the oldest comes first.
  const next = parseWhole(first) ?? 0
  return { invoices: invoices.reverse(), cursor: entries.length === 0 || next <= 1 ? null : String(next) }
}

/** Ends with the page that reaches back to invoices made before `since`: they are asked for by their hashes. */
export async function pageOfIncoming(source: LndSource, since: Millis, cursor: string | null): Promise<IncomingPage> {
  const { invoices, cursor: next } = await pageOfInvoices(source, cursor)
  const from = Math.floor(since / 1000) * 1000
  const settled = invoices.flatMap((invoice) => settledIncoming(invoice) ?? [])
  const reached = invoices.some(({ createdAt }) => createdAt < from)
  return { settled: settled.filter(({ settledAt }) => (settledAt ?? from) >= from), cursor: reached ? null : next }
}

export async function readInfo({ name, client }: LndSource): Promise<WalletInfo> {
  const result = resultOf(name, await client.get('/v1/getinfo'), 'tell of itself')
  const chains = Array.isArray(result['chains']) ? (result['chains'] as unknown[]) : []
  const [chain] = chains.filter(isObject)
  return {
    network: parseNetwork(chain?.['network']),
    nodeId: parseNodeId(result['identity_pubkey']),
    blockHeight: parseHeight(result['block_height']),
    backend: 'lnd',
  }
}

/** Null where no route is found. */
export async function estimateDelay(source: LndSource, payee: string, amountMsat: Msat): Promise<number | null> {
  const { name, client } = source
  if (!isNodeId(payee)) return null
  const path = `/v1/graph/routes/${payee}/${satsRoundedUp(amountMsat)}?final_cltv_delta=${FINAL_DELTA}`
  const [reply, { blockHeight }] = await Promise.all([client.get(path), readInfo(source)])
  if (reply.type === 'error' && isWithoutRoute(reply)) return null
  const { routes } = resultOf(name, reply, 'find a route')
  const [route] = Array.isArray(routes) ? (routes as unknown[]) : []
  if (route === undefined) return null
  const lock = isObject(route) ? parseWhole(route['total_time_lock']) : null
  if (lock === null || blockHeight === null) throw unusable(name, 'it found a route of no known length')
  return Math.max(0, lock - blockHeight - FINAL_DELTA)
}
