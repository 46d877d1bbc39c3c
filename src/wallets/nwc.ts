/** How does a wallet on the other side of a Nostr Wallet Connect address serve our Wallet port? (NIP-47) */
import { isMalformed } from '../core/identifiers.js'
import { verifyEvent } from '../nostr/event.js'
import type { Clock, Logger, Network, RelayPool, Wallet, WalletInfo, WalletMethod } from '../ports.js'
import { excessOf, KIND_INFO, parseInfoEvent, parseMethods, parseWords } from './nwc-abilities.js'
import type { NwcAbilities } from './nwc-abilities.js'
import { createNwcChannel, type NwcChannel } from './nwc-channel.js'
import { createNwcCipher, type NwcEncryption } from './nwc-cipher.js'
import { createNwcClient, type NwcClient } from './nwc-client.js'
import { createHeldInvoices } from './nwc-held.js'
import { lookupIncoming, lookupOutgoing, pageOfIncoming, resultOf, type Ask } from './nwc-lookup.js'
import { makeHoldInvoice, makeInvoice } from './nwc-make.js'
import { createNotifier } from './nwc-notifications.js'
import { payByNwc } from './nwc-pay.js'
import { cancelHoldInvoice, settleHoldInvoice } from './nwc-release.js'
import { localFault } from './nwc-reply.js'
import { parseNwcUri } from './nwc-uri.js'
import { unsupportedBy } from './unsupported.js'
import { unusable } from './wallet-fault.js'
import { checkNetwork, parseBackend, parseHeight, parseNetwork, parseNodeId } from './wallet-info.js'
import { createWalletListeners } from './wallet-listeners.js'

const LISTEN_TIMEOUT_MS = 5_000
const INFO_TIMEOUT_MS = 5_000
/** Longer than any invoice, and short enough for NIP-44 never to refuse it. */
const LONGEST_INVOICE = 8_192

export interface NwcWalletOptions {
  readonly name: string
  /** A secret: kept out of every error and log line. */
  readonly uri: string
  readonly relayPool: RelayPool
  readonly clock: Clock
  readonly log: Logger
  /** The network that the wallet must be on, where it tells. */
  readonly network?: Network
}

/** @throws TollbridgeError `wallet-unusable` where the address cannot be read. */
export function createNwcWallet({ name, uri, relayPool, clock, log, network }: NwcWalletOptions): Wallet {
  const connection = parseNwcUri(uri)
  if (isMalformed(connection)) throw unusable(name, connection.malformed)
  const { walletPubkey, secretKey, relays } = connection
  const cipher = createNwcCipher(secretKey, walletPubkey)
  const held = createHeldInvoices()
  const listeners = createWalletListeners()
  const onNotification = createNotifier(() => clock.now(), held, listeners)
  const methods = new Set<WalletMethod>()
  let commands: readonly string[] = []
  let channel: NwcChannel | undefined
  let client: NwcClient | undefined
  let encryption: NwcEncryption = 'nip44_v2'

  const ask: Ask = async (method, parameters) =>
    client ? client.ask(method, parameters, encryption) : localFault('local:stopped')
  const source = { ask, now: () => clock.now(), held }

  const readInfoEvent = async (): Promise<NwcAbilities | null> => {
    const filter = { kinds: [KIND_INFO], authors: [walletPubkey] }
    const { events, answered } = await relayPool.fetch(relays, filter, INFO_TIMEOUT_MS)
    if (answered === 0) throw unusable(name, 'none of its relays answers')
    const [newest] = events
      .filter((event) => event.kind === KIND_INFO && event.pubkey === walletPubkey && verifyEvent(event))
      .sort((a, b) => b.created_at - a.created_at)
    if (!newest) return null
    const abilities = parseInfoEvent(newest)
    if (isMalformed(abilities)) throw unusable(name, abilities.malformed)
    return abilities
  }
  /** No relay keeps the info event: the wallet itself says what it can do, in whichever encryption it answers. */
  const askForAbilities = async (): Promise<NwcAbilities> => {
    for (const tried of ['nip44_v2', 'nip04'] as const) {
      const reply = await client?.ask('get_info', {}, tried)
      if (reply?.type !== 'result') continue
      const told = reply.result as Record<string, unknown>
      const named = ['get_info', ...parseWords(told['methods'])]
      return { methods: parseMethods(named, parseWords(told['notifications'])), commands: named, encryption: tried }
    }
    throw unusable(name, 'no relay has its info event, and it does not answer get_info')
  }
  const readInfo = async (): Promise<WalletInfo> => {
    const told = resultOf(await ask('get_info', {}), 'get_info')
    return {
      network: parseNetwork(told['network']),
      nodeId: parseNodeId(told['pubkey']),
      blockHeight: parseHeight(told['block_height']),
      backend: parseBackend(told['backend']),
    }
  }
  const checkInfo = async (expected: Network): Promise<void> => {
    const info = await readInfo().catch((error: unknown) => {
      log.warn({ wallet: name, reason: String(error) }, 'wallet does not tell its network')
      return null
    })
    checkNetwork(name, info?.network ?? null, expected)
  }

  return {
    ...unsupportedBy(name),
    name,
    methods,
    async start() {
      const opened = createNwcChannel({ name, connection, cipher, relayPool, clock, log })
      channel?.stop()
      channel = opened
      try {
        client = await createNwcClient({ connection, channel: opened, cipher, clock })
        const listener = { onNotification, onCaughtUp: listeners.gap, onAnnounced: listeners.gap }
        const [infoEvent] = await Promise.all([readInfoEvent(), opened.open(listener, LISTEN_TIMEOUT_MS)])
        const abilities = infoEvent ?? (await askForAbilities())
        encryption = abilities.encryption
        commands = abilities.commands
        methods.clear()
        for (const method of abilities.methods) methods.add(method)
        if (network !== undefined && methods.has('getInfo')) await checkInfo(network)
      } catch (error) {
        opened.stop()
        throw error
      }
      log.info({ wallet: name, methods: [...methods], encryption }, 'wallet ready')
    },
    getInfo: readInfo,
    lookupInvoice: (paymentHash) => lookupIncoming(source, paymentHash),
    lookupPayment: (paymentHash) => lookupOutgoing(source, paymentHash),
    listIncoming: ({ since, cursor }) => pageOfIncoming(source, since, cursor),
    async payInvoice(bolt11, paymentHash) {
      if (client === undefined) return { type: 'refused', reason: 'the wallet was not started' }
      if (bolt11.length > LONGEST_INVOICE) return { type: 'refused', reason: 'the invoice is too long' }
      return payByNwc(source, bolt11, paymentHash)
    },
    makeInvoice: (request) => makeInvoice(source, request),
    makeHoldInvoice: (request) => makeHoldInvoice(source, request),
    settleHoldInvoice: (preimage, paymentHash) => settleHoldInvoice(source, preimage, paymentHash),
    cancelHoldInvoice: (paymentHash) => cancelHoldInvoice(source, paymentHash),
    async excessOver(needed) {
      // What is permitted may be less than what is announced: where the wallet tells it of this connection, that counts.
      const reply = methods.has('getInfo') ? await ask('get_info', {}) : null
      const told = reply?.type === 'result' ? parseWords((reply.result as Record<string, unknown>)['methods']) : []
      return excessOf(told.length > 0 ? told : commands, needed)
    },
    onSettled: listeners.onSettled,
    onAccepted: listeners.onAccepted,
    async stop() {
      listeners.clear()
      channel?.stop()
    },
  }
}
