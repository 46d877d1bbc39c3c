/** How does a wallet of an LNbits server serve our Wallet port? Over its HTTP interface, with its invoice key or its admin key. */
import { isMalformed, type PaymentHash } from '../core/identifiers.js'
import { parseMsat } from '../core/money.js'
import type { Clock, Excess, IncomingState, Logger, PaymentOutcome, Wallet, WalletMethod } from '../ports.js'
import { createHintSocket } from './hint-socket.js'
import { createHintedLookups } from './hinted-lookups.js'
import { createWalletHttp, type WalletHttpOutcome } from './http.js'
import { isObject, parseJson } from './json.js'
import { leaksPreimages, lookupIncoming, lookupOutgoing, pageOfIncoming } from './lnbits-lookup.js'
import { madeInvoice, wholeSats } from './made-invoice.js'
import { proofOrNull } from './preimage.js'
import { unsupportedBy } from './unsupported.js'
import { unusable } from './wallet-fault.js'
import { createWalletListeners } from './wallet-listeners.js'

const PAY_TIMEOUT_MS = 90_000
/** Refused before anything is sent, as far as the status tells; its look-up has the last word. */
const REFUSALS: ReadonlySet<number> = new Set([400, 401, 403, 404, 422])
/** LNbits: the payment or the invoice went wrong; `status` says how. */
const WENT_WRONG = 520

export interface LnbitsWalletOptions {
  readonly name: string
  /** Scheme, host and port. */
  readonly url: string
  /** Invoice key or admin key. A secret. */
  readonly key: string
  /** PEM. */
  readonly certificate?: string
  readonly clock: Clock
  readonly log: Logger
  /** How long an answer may take; default: 15 s, and 90 s for a payment. */
  readonly timeoutMs?: number
}

/** @throws TollbridgeError `wallet-unusable` where the address cannot be read. */
export function createLnbitsWallet(options: LnbitsWalletOptions): Wallet {
  const { name, url, key, clock, log, timeoutMs } = options
  const certificate = options.certificate === undefined ? {} : { certificate: options.certificate }
  const common = { name, origin: url, ...certificate, ...(timeoutMs === undefined ? {} : { timeoutMs }) }
  const http = createWalletHttp({ ...common, headers: { 'x-api-key': key } })
  const listeners = createWalletListeners()
  const methods = new Set<WalletMethod>()
  let isAdmin = false

  const lookupInvoice = (paymentHash: PaymentHash): Promise<IncomingState> =>
    lookupIncoming(http, paymentHash, clock.now())
  const lookups = createHintedLookups({ lookup: lookupInvoice, listeners, clock })
  const socket = createHintSocket({
    name,
    // Whoever knows the key may listen there, and speak: nothing that is said is believed.
    url: `${new URL(url).origin.replace(/^http/, 'ws')}/api/v1/ws/${encodeURIComponent(key)}`,
    ...certificate,
    clock,
    log,
    onOpen: listeners.gap,
    onMessage(text) {
      const message = parseJson(text)
      const payment = isObject(message) ? message['payment'] : null
      if (isObject(payment) && Number(payment['amount']) < 0) return
      lookups.hint(isObject(payment) ? payment['payment_hash'] : null)
    },
  })
  let hears: Promise<boolean> | null = null

  return {
    ...unsupportedBy(name),
    name,
    methods,
    async start() {
      isAdmin = await readKey()
      hears ??= socket.begin()
      const isHeard = await hears
      methods.clear()
      for (const method of ['getInfo', 'lookupInvoice', 'lookupPayment', 'listIncoming', 'makeInvoice'] as const) {
        methods.add(method)
      }
      if (isHeard) methods.add('onSettled')
      if (isAdmin) methods.add('payInvoice')
      log.info({ wallet: name, methods: [...methods] }, 'wallet ready')
    },
    async getInfo() {
      await readKey()
      // Whose node is behind it, it does not tell.
      return { network: null, nodeId: null, blockHeight: null, backend: null }
    },
    lookupInvoice,
    lookupPayment: (paymentHash) => lookupOutgoing(http, paymentHash),
    listIncoming: ({ since, cursor }) => pageOfIncoming(http, since, cursor),
    async payInvoice(bolt11, paymentHash) {
      const request = { method: 'POST', path: '/api/v1/payments', json: { out: true, bolt11 }, fresh: true } as const
      return conclude(await http.send({ ...request, timeoutMs: timeoutMs ?? PAY_TIMEOUT_MS }), paymentHash)
    },
    async makeInvoice({ amountMsat, description, expirySeconds }) {
      const json = {
        out: false,
        amount: wholeSats(name, amountMsat),
        unit: 'sat',
        memo: description,
        expiry: expirySeconds,
      }
      const { status, body } = await http.ask({ method: 'POST', path: '/api/v1/payments', json })
      if (status !== 201 || !isObject(body)) throw unusable(name, `it answered ${status} to a new invoice`)
      const told = { bolt11: body['bolt11'] ?? body['payment_request'], paymentHash: body['payment_hash'] }
      return madeInvoice(told, { amountMsat })
    },
    async excessOver(needed) {
      const excess: Excess[] = isAdmin && !needed.has('payInvoice') ? ['pay invoices'] : []
      const withoutKey = createWalletHttp({ ...common, headers: {} })
      const isLeaking = await leaksPreimages(http, withoutKey).catch(() => false)
      await withoutKey.stop()
      return isLeaking ? [...excess, LEAK] : excess
    },
    onSettled: listeners.onSettled,
    async stop() {
      socket.stop()
      lookups.stop()
      listeners.clear()
      await http.stop()
    },
  }

  /** True for the admin key: only that is told the wallet's id. @throws TollbridgeError where the server refuses it. */
  async function readKey(): Promise<boolean> {
    const { status, body } = await http.ask({ method: 'GET', path: '/api/v1/wallet' })
    if (status !== 200 || !isObject(body))
      throw unusable(name, status === 200 ? 'it answers nonsense' : 'it refuses the key')
    return typeof body['id'] === 'string' && body['id'] !== ''
  }

  async function conclude(outcome: WalletHttpOutcome, paymentHash: PaymentHash): Promise<PaymentOutcome> {
    if (outcome.type === 'unsent') return { type: 'refused', reason: outcome.reason }
    if (outcome.type === 'unknown') return outcome
    const answer = parseJson(outcome.text)
    const { status, preimage: given, fee } = isObject(answer) ? answer : {}
    const preimage = proofOrNull(given, paymentHash)
    // ORDER: its word first. A server knows the preimage of every invoice that it made itself, paid or not.
    if (outcome.status === 201 && status === 'success' && preimage !== null) {
      const fees = parseMsat(Math.abs(Number(fee)))
      return { type: 'paid', preimage, feesMsat: isMalformed(fees) ? null : fees }
    }
    const reason = `it answered ${outcome.status}`
    const seen = await lookupOutgoing(http, paymentHash).catch(() => null)
    // Older servers tell nothing but the hash of what they have paid.
    if (outcome.status === 201 && status === undefined && seen?.state === 'settled') {
      return { type: 'paid', preimage: seen.preimage, feesMsat: seen.feesMsat }
    }
    const isOver = seen?.state === 'failed' || seen?.state === 'not_found'
    const isRefusal = REFUSALS.has(outcome.status) || (outcome.status === WENT_WRONG && status === 'failed')
    const hasFailed = outcome.status === WENT_WRONG && seen?.state === 'failed'
    return { type: (isRefusal && isOver) || hasFailed ? 'refused' : 'unknown', reason }
  }
}

const LEAK: Excess =
  'give the preimages of unpaid invoices to anybody who knows their hash, without a key: they could be served unpaid'
