/** Which pages has toll-booth beside the 402? The price by HEAD, the state of an invoice, and an invoice made to measure. */
import { renderSVG } from 'uqr'
import { jsonAnswer, parseJsonObject, type Answer, type GateRequest } from '../answer.js'
import type { Pages } from '../dialect.js'
import type { Charge, Till } from '../till.js'
import { NO_STORE, paymentUrl } from './toll-booth-challenge.js'

/** How the state of an invoice is told: with the preimage, with a suffix in its place, or in the words of the mocks. */
export type StatusStyle = 'preimage' | 'suffix' | 'mock'

export type ChargeCredit = (till: Till, amountSats: number, caveats: readonly string[]) => Promise<Charge>

const STATUS_PATH = /^\/invoice-status\/([^/]*)$/
const CREATE_INVOICE_PATH = '/create-invoice'
/** An encoded slash, a backslash, an encoded dot segment: refused before any price is looked up. */
const HIDDEN_IN_PATH = /%2f|\\|%5c|(^|\/)(%2e|\.){1,2}(\/|$)/i
const MANIFEST_PATH = '/.well-known/l402'
const MAX_TOKEN_LENGTH = 128
const MAX_CAVEATS = 16
const MAX_CAVEAT_LENGTH = 1024
const RESERVED_CAVEATS = ['payment_hash', 'credit_balance', 'currency']

export function buildPages(style: StatusStyle, chargeCredit: ChargeCredit, manifest?: (till: Till) => object): Pages {
  return {
    find({ method, path }, { settings }) {
      if (HIDDEN_IN_PATH.test(path)) return 'badPath'
      if (manifest && method === 'GET' && path === MANIFEST_PATH) return 'manifest'
      if (!path.startsWith(settings.prefix)) return method === 'HEAD' ? 'price' : null
      const own = path.slice(settings.prefix.length)
      if (method === 'GET' && STATUS_PATH.test(own)) return 'status'
      if (method === 'POST' && own === CREATE_INVOICE_PATH) return 'createInvoice'
      return method === 'HEAD' ? 'price' : null
    },
    async serve(till, request, page) {
      if (page === 'badPath') return jsonAnswer(400, { error: 'Invalid request path' })
      if (page === 'manifest') return jsonAnswer(200, manifest?.(till) ?? {})
      if (page === 'price') return pricePage(till)
      const { statusEndpoint, createInvoice } = till.settings
      if (!(page === 'status' ? statusEndpoint : createInvoice)) return jsonAnswer(404, { error: 'Not found' })
      return page === 'status' ? statusPage(style, till, request) : invoicePage(chargeCredit, till, request)
    },
  }
}

/** Free of charge and of invoices. */
const pricePage = (till: Till): Answer => ({
  status: 402,
  headers: {
    ...NO_STORE,
    'Content-Type': 'application/json',
    'WWW-Authenticate': 'L402 price-only',
    'X-L402-Price-Sats': String(till.priceSats()),
  },
  body: '',
})

function statusPage(style: StatusStyle, till: Till, request: GateRequest): Answer {
  const hash = STATUS_PATH.exec(request.path.slice(till.settings.prefix.length))?.[1] ?? ''
  if (!/^[0-9a-f]{64}$/.test(hash)) return jsonAnswer(400, { error: 'Invalid payment hash' })
  const token = request.query.get('token') ?? ''
  const charge = till.find(hash)
  if (!charge || token.length > MAX_TOKEN_LENGTH || token !== charge.statusToken) {
    return jsonAnswer(404, { error: 'Invoice not found' })
  }
  const seen = till.node.lookup(hash)
  const preimage = seen?.state === 'settled' ? seen.preimage : null
  const headers = { ...NO_STORE, Vary: 'Accept' }
  if (request.headers.accept?.includes('text/html')) {
    const page = `<!doctype html><title>Invoice</title><p>${preimage === null ? 'Waiting for payment' : 'Paid'}</p>`
    return { status: 200, headers: { ...headers, 'Content-Type': 'text/html; charset=utf-8' }, body: page }
  }
  return jsonAnswer(200, stateOf(style, charge, preimage), headers)
}

function stateOf(style: StatusStyle, { settlementSecret }: Charge, preimage: string | null): object {
  if (style === 'mock') return preimage === null ? { settled: false } : { settled: true, preimage }
  if (preimage === null) return { paid: false }
  if (style === 'suffix') return { paid: true, token_suffix: settlementSecret }
  return { paid: true, preimage, token_suffix: preimage }
}

async function invoicePage(chargeCredit: ChargeCredit, till: Till, request: GateRequest): Promise<Answer> {
  const fields = request.body.length === 0 ? {} : parseJsonObject(request.body)
  if (!fields) return jsonAnswer(400, { error: 'Invalid JSON body' })
  const { amountSats = till.settings.bundleSats, caveats = [] } = fields
  if (!isSats(amountSats)) return jsonAnswer(400, { error: 'amountSats must be a positive integer' })
  if (!isCaveats(caveats)) return jsonAnswer(400, { error: 'caveats must be an array of strings' })
  const reserved = RESERVED_CAVEATS.find((key) => caveats.some((caveat) => caveat.startsWith(`${key} =`)))
  if (reserved !== undefined) return jsonAnswer(400, { error: `caveat key "${reserved}" is reserved` })

  const charge = await chargeCredit(till, amountSats, caveats)
  return jsonAnswer(
    200,
    {
      bolt11: charge.bolt11,
      payment_hash: charge.paymentHash,
      payment_url: paymentUrl(charge),
      amount_sats: charge.amountSats,
      credit_sats: charge.creditSats,
      macaroon: charge.token,
      qr_svg: till.settings.qrCodes ? renderSVG(`lightning:${charge.bolt11}`.toUpperCase()) : '<svg></svg>',
    },
    NO_STORE,
  )
}

const isSats = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value > 0 && Number.isSafeInteger(value * 1000)

const isCaveats = (value: unknown): value is string[] =>
  Array.isArray(value) &&
  value.length <= MAX_CAVEATS &&
  value.every((caveat) => typeof caveat === 'string' && caveat.length <= MAX_CAVEAT_LENGTH)
