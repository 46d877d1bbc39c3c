/** How does a Core Lightning node serve our Wallet port? Over clnrest, with a rune; hold invoices where it has the plugin. */
import { isMalformed } from '../core/identifiers.js'
import type { Clock, Logger, Network, Wallet, WalletInfo, WalletMethod } from '../ports.js'
import { excessOfRune, methodsOf } from './cln-abilities.js'
import { createClnCall, listOf, resultOf, type ClnCall } from './cln-client.js'
import { cancelHold, hasHoldPlugin, lookupHold, makeHold, settleHold } from './cln-hold.js'
import { findInvoice, incomingState, makeInvoice } from './cln-invoices.js'
import { lookupPays, payByCln } from './cln-pay.js'
import { parseRune } from './cln-rune.js'
import { createClnSweep } from './cln-sweep.js'
import { createClnWaiting } from './cln-waiting.js'
import { createWalletHttp } from './http.js'
import { parseWhole } from './json.js'
import { unsupportedBy } from './unsupported.js'
import { unusable } from './wallet-fault.js'
import { checkNetwork, parseHeight, parseNetwork, parseNodeId } from './wallet-info.js'
import { createWalletListeners } from './wallet-listeners.js'

/** Longer than the node tries. */
const PAY_TIMEOUT_MS = 90_000
/** lightningd: there is no route. */
const NO_ROUTE = 205
/** Delta of the payee that a route is asked for, and that is taken off again. */
const ROUTE_DELTA = 9

/** What the hold plugin puts into each of its invoices: its command has no argument for it. */
const HOLD_PLUGIN_BLOCKS = 80

export interface ClnWalletOptions {
  readonly name: string
  /** Of clnrest: scheme, host and port. */
  readonly url: string
  /** A secret. */
  readonly rune: string
  /** PEM. */
  readonly certificate?: string
  readonly clock: Clock
  readonly log: Logger
  /** The network that the node must be on. */
  readonly network?: Network
  /** How long an answer may take; default: 15 s, and for payments longer than the node tries. */
  readonly timeoutMs?: number
}

/** @throws TollbridgeError `wallet-unusable` where the rune or the address cannot be read. */
export function createClnWallet(options: ClnWalletOptions): Wallet {
  const { name, url, clock, log, network, timeoutMs } = options
  const rune = parseRune(options.rune)
  if (isMalformed(rune)) throw unusable(name, `its credential ${rune.malformed}`)
  const http = createWalletHttp({
    name,
    origin: url,
    headers: { rune: options.rune },
    ...(options.certificate === undefined ? {} : { certificate: options.certificate }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  })
  const call = createClnCall(http)
  const sweep = createClnSweep(call)
  const listeners = createWalletListeners()
  const waiting = createClnWaiting({ name, call, sweep, listeners, clock, log })
  const methods = new Set<WalletMethod>()
  let holds = false
  const now = (): number => clock.now()

  return {
    ...unsupportedBy(name),
    name,
    methods,
    limits: new Set(['fee', 'delay']),
    async start() {
      await checkNode(call, name, rune.allows('getinfo'), network)
      holds = rune.allows('listholdinvoices') && (await hasHoldPlugin(call))
      methods.clear()
      for (const method of methodsOf(rune, holds)) methods.add(method)
      if (methods.has('onSettled')) await waiting.begin()
      log.info({ wallet: name, methods: [...methods] }, 'wallet ready')
    },
    getInfo: async () => ({ ...(await readInfo(call)), ...(holds ? { holdBlocks: HOLD_PLUGIN_BLOCKS } : {}) }),
    async lookupInvoice(paymentHash) {
      const entry = await findInvoice(call, paymentHash)
      if (entry !== null) return incomingState(entry, paymentHash, now())
      return holds ? lookupHold(call, paymentHash, now()) : { state: 'not_found' }
    },
    lookupPayment: (paymentHash) => lookupPays(call, paymentHash),
    listIncoming: ({ since, cursor }) => sweep.page(since, cursor),
    payInvoice: (bolt11, paymentHash, limits) =>
      payByCln(
        { call, allows: (command) => rune.allows(command), timeoutMs: timeoutMs ?? PAY_TIMEOUT_MS },
        bolt11,
        paymentHash,
        limits,
      ),
    makeInvoice: (request) => makeInvoice(call, request),
    makeHoldInvoice: (request) => makeHold(call, request, now()),
    settleHoldInvoice: (preimage, paymentHash) => settleHold(call, preimage, paymentHash, now()),
    cancelHoldInvoice: (paymentHash) => cancelHold(call, paymentHash, now()),
    async estimateDelay(payee, amountMsat) {
      const query = { id: payee, amount_msat: amountMsat, riskfactor: 10, cltv: ROUTE_DELTA }
      const reply = await call('getroute', query)
      if (reply.type === 'error' && reply.code === NO_ROUTE) return null
      const [first] = listOf(resultOf(reply, 'getroute'), 'route')
      const delay = parseWhole(first?.['delay'])
      return delay === null ? null : Math.max(0, delay - ROUTE_DELTA)
    },
    excessOver: async (needed) => excessOfRune(rune, needed, holds),
    onSettled: listeners.onSettled,
    async stop() {
      waiting.stop()
      listeners.clear()
      await http.stop()
    },
  }
}

async function readInfo(call: ClnCall): Promise<WalletInfo> {
  const told = resultOf(await call('getinfo', {}), 'getinfo')
  return {
    network: parseNetwork(told['network']),
    nodeId: parseNodeId(told['id']),
    blockHeight: parseHeight(told['blockheight']),
    backend: 'cln',
  }
}

/** @throws TollbridgeError where the node does not answer, refuses the rune, or is on another network. */
async function checkNode(call: ClnCall, name: string, mayAsk: boolean, expected: Network | undefined): Promise<void> {
  const command = mayAsk ? 'getinfo' : 'listinvoices'
  const reply = await call(command, mayAsk ? {} : { payment_hash: '00'.repeat(32) })
  if (reply.type === 'error' && reply.code === 'denied') throw unusable(name, 'the node refuses its rune')
  if (reply.type === 'unsent' || reply.type === 'unknown') throw unusable(name, reply.reason)
  const found = mayAsk ? parseNetwork(resultOf(reply, command)['network']) : null
  checkNetwork(name, found, expected)
}
