/** What does a simulated LND do with invoices? Made, listed, settled and cancelled, and told to whoever listens. */
import type { Preimage } from '../../core/identifiers.js'
import type { Msat } from '../../core/money.js'
import { sha256Hex } from '../lightning/ledger.js'
import type { SimulatedNode } from '../lightning/simulated.js'
import { hashOfBase64, type LndBooks } from './lnd-books.js'
import { LndRefusal, NOT_FOUND, textOf, UNKNOWN, type LndCall, type LndEntry } from './lnd-call.js'

const DEFAULT_CLTV = 80
const DEFAULT_EXPIRY_SECONDS = 86_400
const noInvoice = (code: number): LndRefusal => new LndRefusal(code, 'unable to locate invoice')

export function createInvoiceCalls(node: SimulatedNode, books: LndBooks): readonly LndEntry[] {
  const add = async (body: LndCall['body'], hash?: string) => {
    if (hash !== undefined && node.lookup(hash)) {
      throw new LndRefusal(UNKNOWN, 'invoice with payment hash already exists')
    }
    const { bolt11, paymentHash } = await node.makeInvoice({
      amountMsat: Number(textOf(body['value_msat'])) as Msat,
      description: textOf(body['memo']),
      expirySeconds: Number(textOf(body['expiry'])) || DEFAULT_EXPIRY_SECONDS,
      minCltvDelta: Number(textOf(body['cltv_expiry'])) || DEFAULT_CLTV,
      ...(hash === undefined ? {} : { paymentHash: hashOfBase64(textOf(body['hash'])) }),
    })
    books.changed(paymentHash)
    return { paymentHash, payment_request: bolt11, add_index: String(node.incoming().length), payment_addr: '' }
  }

  return [
    {
      method: 'GET',
      path: /^\/v1\/invoice\/([0-9a-f]{64})$/,
      permission: 'invoices:read',
      uri: 'lnrpc.Lightning/LookupInvoice',
      answer({ parts: [hash = ''] }) {
        const invoice = books.invoice(hash)
        if (invoice) return invoice
        throw node.incoming().length === 0
          ? new LndRefusal(NOT_FOUND, 'there are no existing invoices')
          : noInvoice(NOT_FOUND)
      },
    },
    {
      method: 'GET',
      path: /^\/v1\/invoices$/,
      permission: 'invoices:read',
      uri: 'lnrpc.Lightning/ListInvoices',
      answer({ query }) {
        const offset = Number(query.get('index_offset') ?? 0)
        const most = Number(query.get('num_max_invoices') ?? 100)
        const all = books.invoices()
        // Backwards from the offset, without it; each page in the order of its indexes.
        const before = offset === 0 ? all : all.slice(0, offset - 1)
        const invoices = before.slice(-most)
        const indexOf = (one?: Record<string, unknown>) => textOf(one?.['add_index'] ?? '0')
        return {
          invoices,
          first_index_offset: indexOf(invoices[0]),
          last_index_offset: indexOf(invoices[invoices.length - 1]),
        }
      },
    },
    {
      method: 'POST',
      path: /^\/v1\/invoices$/,
      permission: 'invoices:write',
      uri: 'lnrpc.Lightning/AddInvoice',
      async answer({ body }) {
        const { paymentHash, ...made } = await add(body)
        return { r_hash: Buffer.from(paymentHash, 'hex').toString('base64'), ...made }
      },
    },
    {
      method: 'POST',
      path: /^\/v2\/invoices\/hodl$/,
      permission: 'invoices:write',
      uri: 'invoicesrpc.Invoices/AddHoldInvoice',
      async answer({ body }) {
        const { paymentHash: _, ...made } = await add(body, hashOfBase64(textOf(body['hash'])))
        return made
      },
    },
    {
      method: 'POST',
      path: /^\/v2\/invoices\/settle$/,
      permission: 'invoices:write',
      uri: 'invoicesrpc.Invoices/SettleInvoice',
      answer({ body }) {
        const preimage = Buffer.from(textOf(body['preimage']), 'base64').toString('hex') as Preimage
        const { state } = node.lookup(sha256Hex(preimage)) ?? {}
        if (state === undefined) throw noInvoice(UNKNOWN)
        if (state === 'pending' || state === 'expired') throw new LndRefusal(UNKNOWN, 'invoice still open')
        if (state === 'cancelled') throw new LndRefusal(UNKNOWN, 'invoice already canceled')
        node.settleHold(preimage)
        return {}
      },
    },
    {
      method: 'POST',
      path: /^\/v2\/invoices\/cancel$/,
      permission: 'invoices:write',
      uri: 'invoicesrpc.Invoices/CancelInvoice',
      answer({ body }) {
        const hash = hashOfBase64(textOf(body['payment_hash']))
        const { state } = node.lookup(hash) ?? {}
        if (state === undefined) throw noInvoice(UNKNOWN)
        if (state === 'settled') throw new LndRefusal(UNKNOWN, 'invoice already settled')
        node.cancelHold(hash)
        books.changed(hash)
        return {}
      },
    },
    {
      method: 'GET',
      path: /^\/v2\/invoices\/subscribe\/([A-Za-z0-9_=-]+)$/,
      permission: 'invoices:read',
      uri: 'invoicesrpc.Invoices/SubscribeSingleInvoice',
      stream({ parts: [encoded = ''] }, stream) {
        const hash = hashOfBase64(encoded)
        const tell = (): void => {
          const invoice = books.invoice(hash)
          if (invoice) stream.send(invoice)
        }
        if (!books.invoice(hash)) throw noInvoice(NOT_FOUND)
        stream.onGone(books.onChange((changed) => void (changed === hash && tell())))
        tell()
      },
    },
    {
      method: 'GET',
      path: /^\/v1\/invoices\/subscribe$/,
      permission: 'invoices:read',
      uri: 'lnrpc.Lightning/SubscribeInvoices',
      stream({ query }, stream) {
        const tell = (hash: string): void => {
          const invoice = books.invoice(hash)
          // New ones and settled ones; what is only accepted is not told here.
          if (invoice && ['OPEN', 'SETTLED'].includes(textOf(invoice['state']))) stream.send(invoice)
        }
        stream.onGone(books.onChange(tell))
        for (const invoice of books.settledAfter(Number(query.get('settle_index') ?? 0))) stream.send(invoice)
      },
    },
  ]
}
