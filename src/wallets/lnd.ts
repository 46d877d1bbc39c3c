/** How does an LND node serve our Wallet port? Over its REST interface, with a macaroon and its own certificate. */
import type { Clock, Logger, Network, Wallet, WalletMethod } from '../ports.js'
import { createWalletHttp } from './http.js'
import { createLndClient } from './lnd-client.js'
import { cancelHoldInvoice, makeHoldInvoice, makeInvoice, settleHoldInvoice } from './lnd-holds.js'
import { estimateDelay, findInvoice, pageOfIncoming, pageOfInvoices, readInfo, stateOf } from './lnd-lookup.js'
import { allowedMethods, excessOf, parsePermissions } from './lnd-macaroon.js'
import { lookupPayment, payInvoice } from './lnd-pay.js'
import { createLndStreams } from './lnd-streams.js'
import { unusable } from './wallet-fault.js'
import { checkNetwork } from './wallet-info.js'
import { createWalletListeners } from './wallet-listeners.js'

export interface LndWalletOptions {
  readonly name: string
  /** Scheme, host and port of the REST interface. */
  readonly url: string
  /** In hex. A secret: kept out of every error and log line. */
  readonly macaroon: string
  /** PEM: what the node shows (`tls.cert`), and the only one that is trusted. */
  readonly certificate?: string
  readonly clock: Clock
  readonly log: Logger
  /** The network that the node must be on. */
  readonly network?: Network
  readonly timeouts?: LndTimeouts
}

export interface LndTimeouts {
  /** Of a call that does not pay. Default: 15 s. */
  readonly callMs?: number
  /** For how long LND may begin new attempts to pay. Default: 60 s. */
  readonly paySeconds?: number
  /** After how long a silent stream is opened anew. Default: 10 min. */
  readonly idleMs?: number
}

const DEFAULT_CALL_MS = 15_000
const DEFAULT_PAY_SECONDS = 60
const DEFAULT_IDLE_MS = 600_000

/** @throws TollbridgeError `wallet-unusable` for a url that is none. */
export function createLndWallet(options: LndWalletOptions): Wallet {
  const { name, url, macaroon, certificate, clock, log, network, timeouts = {} } = options
  const { callMs = DEFAULT_CALL_MS, paySeconds = DEFAULT_PAY_SECONDS, idleMs = DEFAULT_IDLE_MS } = timeouts
  const http = createWalletHttp({
    name,
    origin: url,
    headers: { 'grpc-metadata-macaroon': macaroon },
    ...(certificate === undefined ? {} : { certificate }),
    timeoutMs: callMs,
  })
  const source = { name, client: createLndClient(name, http), now: () => clock.now() }
  const payments = { name, http, timeoutSeconds: paySeconds, callMs }
  const listeners = createWalletListeners()
  const streams = createLndStreams(source, { name, http, clock, log, idleMs }, listeners)
  const permissions = parsePermissions(macaroon)
  const methods = new Set<WalletMethod>()
  let isOpen = false

  return {
    name,
    methods,
    limits: new Set(['fee', 'delay']),
    async start() {
      const allowed = new Set(allowedMethods(permissions))
      if (allowed.size === 0) throw unusable(name, 'its macaroon allows nothing that a wallet is needed for')
      // Each of them shows that the node is there and takes the macaroon.
      if (allowed.has('getInfo')) checkNetwork(name, (await readInfo(source)).network, network)
      if (allowed.has('onSettled') && !isOpen) await streams.open()
      else if (allowed.has('listIncoming')) await pageOfInvoices(source, null)
      isOpen ||= allowed.has('onSettled')
      methods.clear()
      for (const method of allowed) methods.add(method)
      log.info({ wallet: name, methods: [...methods] }, 'wallet ready')
    },
    getInfo: () => readInfo(source),
    async lookupInvoice(paymentHash) {
      const invoice = await findInvoice(source, paymentHash)
      // One that was made before this start, too, so that its acceptance is heard.
      if (invoice?.isHold && invoice.incoming.state === 'pending') streams.watch(paymentHash)
      return stateOf(invoice)
    },
    lookupPayment: (paymentHash) => lookupPayment(payments, paymentHash),
    listIncoming: ({ since, cursor }) => pageOfIncoming(source, since, cursor),
    payInvoice: (bolt11, paymentHash, limits) => payInvoice(payments, bolt11, paymentHash, limits),
    makeInvoice: (request) => makeInvoice(source, request),
    async makeHoldInvoice(request) {
      const outcome = await makeHoldInvoice(source, request)
      if (outcome.type === 'made') streams.watch(request.paymentHash)
      return outcome
    },
    settleHoldInvoice: (preimage, paymentHash) => settleHoldInvoice(source, preimage, paymentHash),
    cancelHoldInvoice: (paymentHash) => cancelHoldInvoice(source, paymentHash),
    onAccepted: listeners.onAccepted,
    estimateDelay: (payee, amountMsat) => estimateDelay(source, payee, amountMsat),
    excessOver: async (needed) => excessOf(permissions, needed),
    onSettled: listeners.onSettled,
    async stop() {
      listeners.clear()
      streams.stop()
      await http.stop()
    },
  }
}
