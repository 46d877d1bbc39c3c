/** How does phoenixd serve our Wallet port? Over its HTTP interface, with either of its passwords; the limited one cannot pay. */
import { TollbridgeError } from '../core/errors.js'
import type { PaymentHash } from '../core/identifiers.js'
import type { Clock, IncomingState, Logger, Network, OutgoingState, PaymentOutcome, Wallet } from '../ports.js'
import type { WalletInfo, WalletMethod } from '../ports.js'
import { createHintSocket } from './hint-socket.js'
import { createHintedLookups } from './hinted-lookups.js'
import { createWalletHttp, type WalletHttp } from './http.js'
import { isObject, parseJson, type JsonObject } from './json.js'
import { madeInvoice, wholeSats } from './made-invoice.js'
import { pageByOffset } from './offset-page.js'
import { createPhoenixdProbe, type PhoenixdAbilities } from './phoenixd-abilities.js'
import { incomingState, outgoingState, paidOutcome, settledEntry } from './phoenixd-payments.js'
import { unsupportedBy } from './unsupported.js'
import { unusable, walletFault } from './wallet-fault.js'
import { checkNetwork, parseHeight, parseNetwork, parseNodeId } from './wallet-info.js'
import { createWalletListeners } from './wallet-listeners.js'

/** It tries for as long as a payment may be under way; whoever waited longer would learn nothing more. */
const PAY_TIMEOUT_MS = 90_000
const PAGE_SIZE = 20
/** The longest that it takes, in characters. */
const LONGEST_DESCRIPTION = 128
const FORM = { 'content-type': 'application/x-www-form-urlencoded' } as const

export interface PhoenixdWalletOptions {
  readonly name: string
  /** Scheme, host and port. */
  readonly url: string
  /** A secret. */
  readonly password: string
  /** PEM. */
  readonly certificate?: string
  readonly clock: Clock
  readonly log: Logger
  /** The network that it must be on. */
  readonly network?: Network
  /** How long an answer may take; default: 15 s, and 90 s for a payment. */
  readonly timeoutMs?: number
}

/** @throws TollbridgeError `wallet-unusable` where the address cannot be read. */
export function createPhoenixdWallet(options: PhoenixdWalletOptions): Wallet {
  const { name, url, clock, log, network, timeoutMs } = options
  const headers = { authorization: `Basic ${Buffer.from(`:${options.password}`).toString('base64')}` }
  const certificate = options.certificate === undefined ? {} : { certificate: options.certificate }
  const http = createWalletHttp({
    name,
    origin: url,
    headers,
    ...certificate,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  })
  const listeners = createWalletListeners()
  const methods = new Set<WalletMethod>()
  const probe = createPhoenixdProbe(name, http)
  let abilities: PhoenixdAbilities = { spends: false, tellsSent: false, lists: false }

  const lookupInvoice = async (paymentHash: PaymentHash): Promise<IncomingState> => {
    const answer = await look(http, `/payments/incoming/${paymentHash}`)
    return answer === null ? { state: 'not_found' } : incomingState(entryOf(answer), paymentHash)
  }
  const lookupPayment = async (paymentHash: PaymentHash): Promise<OutgoingState> => {
    // Without that endpoint every payment would be told as one that was never tried.
    if (!abilities.tellsSent) throw unusable(name, 'it cannot look up payments by their hash')
    const answer = await look(http, `/payments/outgoingbyhash/${paymentHash}`)
    return answer === null ? { state: 'not_found' } : outgoingState(answer, paymentHash)
  }
  const lookups = createHintedLookups({ lookup: lookupInvoice, listeners, clock })
  const socket = createHintSocket({
    name,
    url: `${new URL(url).origin.replace(/^http/, 'ws')}/websocket`,
    headers,
    ...certificate,
    clock,
    log,
    onOpen: listeners.gap,
    onMessage(text) {
      const message = parseJson(text)
      if (!isObject(message) || message['type'] === 'payment_received')
        lookups.hint(isObject(message) ? message['paymentHash'] : null)
    },
  })
  let hears: Promise<boolean> | null = null

  return {
    ...unsupportedBy(name),
    name,
    methods,
    async start() {
      checkNetwork(name, (await readInfo(http)).network, network)
      abilities = await probe()
      hears ??= socket.begin()
      const isHeard = await hears
      methods.clear()
      for (const method of ['getInfo', 'lookupInvoice', 'makeInvoice'] as const) methods.add(method)
      if (abilities.lists) methods.add('listIncoming')
      if (isHeard) methods.add('onSettled')
      if (abilities.tellsSent) methods.add('lookupPayment')
      if (abilities.tellsSent && abilities.spends) methods.add('payInvoice')
      log.info({ wallet: name, methods: [...methods] }, 'wallet ready')
    },
    getInfo: () => readInfo(http),
    lookupInvoice,
    lookupPayment,
    async listIncoming({ since, cursor }) {
      const from = Math.max(0, Math.floor(since))
      return pageByOffset<unknown>(cursor, {
        async list(offset) {
          const answer = await look(http, `/payments/incoming?from=${from}&limit=${PAGE_SIZE}&offset=${offset}`)
          if (!Array.isArray(answer)) throw unusable(name, 'it answered nonsense for a list')
          return answer as unknown[]
        },
        idOf: (entry) => String(isObject(entry) ? entry['paymentHash'] : ''),
        settledOf: settledEntry,
      })
    },
    async payInvoice(bolt11, paymentHash): Promise<PaymentOutcome> {
      const body = new URLSearchParams({ invoice: bolt11 }).toString()
      const request = { method: 'POST', path: '/payinvoice', headers: FORM, body, fresh: true } as const
      const outcome = await http.send({ ...request, timeoutMs: timeoutMs ?? PAY_TIMEOUT_MS })
      if (outcome.type === 'unsent') return { type: 'refused', reason: outcome.reason }
      if (outcome.type === 'unknown') return outcome
      const { status, text } = outcome
      if (status === 401 || status === 403) return { type: 'refused', reason: 'its password cannot pay' }
      if (status === 400) return { type: 'refused', reason: 'it cannot read the invoice' }
      const answer = parseJson(text)
      if (status !== 200 || !isObject(answer)) return { type: 'unknown', reason: `it answered ${status}` }
      const paid = paidOutcome(answer, paymentHash)
      if (paid !== null) return paid
      if (answer['paymentPreimage'] !== undefined)
        return { type: 'unknown', reason: 'it gave a preimage that proves nothing' }
      const seen = await lookupPayment(paymentHash).catch(() => null)
      const isOver = seen?.state === 'failed' || seen?.state === 'not_found'
      return { type: isOver ? 'refused' : 'unknown', reason: 'it says that the payment failed' }
    },
    async makeInvoice({ amountMsat, description, expirySeconds }) {
      const form = new URLSearchParams({
        amountSat: String(wholeSats(name, amountMsat)),
        description: description.slice(0, LONGEST_DESCRIPTION),
        expirySeconds: String(expirySeconds),
      })
      const request = { method: 'POST', path: '/createinvoice', headers: FORM, body: form.toString() } as const
      const { status, body } = await http.ask(request)
      if (status !== 200 || !isObject(body)) throw unusable(name, `it answered ${status} to createinvoice`)
      return madeInvoice({ bolt11: body['serialized'], paymentHash: body['paymentHash'] }, { amountMsat })
    },
    async excessOver(needed) {
      if (!abilities.spends || needed.has('payInvoice')) return []
      return ['pay invoices, send money on-chain and close channels']
    },
    onSettled: listeners.onSettled,
    async stop() {
      socket.stop()
      lookups.stop()
      listeners.clear()
      await http.stop()
    },
  }
}

/** Null where it knows nothing of it. @throws TollbridgeError where it does not answer, or refuses. */
async function look(http: WalletHttp, path: string): Promise<unknown> {
  const outcome = await http.send({ method: 'GET', path })
  if (outcome.type !== 'response') throw new TollbridgeError('timeout', `phoenixd did not answer: ${outcome.reason}`)
  if (outcome.status === 404) return null
  const answer = outcome.status === 200 ? parseJson(outcome.text) : undefined
  if (answer !== undefined) return answer
  if (outcome.status === 401) throw walletFault('phoenixd refuses the password')
  throw walletFault(`phoenixd answered ${outcome.status}`)
}

function entryOf(answer: unknown): JsonObject {
  if (isObject(answer)) return answer
  throw walletFault('phoenixd answered nonsense for a payment')
}

async function readInfo(http: WalletHttp): Promise<WalletInfo> {
  const told = entryOf(await look(http, '/getinfo'))
  return {
    network: parseNetwork(told['chain']),
    nodeId: parseNodeId(told['nodeId']),
    blockHeight: parseHeight(told['blockHeight']),
    backend: 'phoenixd',
  }
}
