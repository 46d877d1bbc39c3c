/** What does a hirer run on? Opens its key, relays, wallet and journals: the composition root of the hiring side. */
import { systemClock } from '../system/system-clock.js'
import { isPublicHost } from '../core/hosts.js'
import { isMalformed } from '../core/identifiers.js'
import { TollbridgeError } from '../core/errors.js'
import { createNdkSession } from '../customer/ndk-session.js'
import { createPaymentJournal } from '../customer/payment-journal.js'
import { createBudget } from '../hirer/budget.js'
import { createHireJournal } from '../hirer/hire-journal.js'
import { createHirer, type Hirer, type HirerParts } from '../hirer/hirer.js'
import { createWitness } from '../hirer/witness.js'
import { isNamedBy } from '../nostr/nip05.js'
import { decodeInvoice } from '../l402/invoice.js'
import { createRelayLists } from '../nostr/relay-lists.js'
import { createRelayPool } from '../nostr/relay-pool.js'
import { parseRelayUrl } from '../nostr/relay-url.js'
import type { Clock, Logger, Network, Wallet } from '../ports.js'
import { createNwcWallet } from '../wallets/nwc.js'
import { parseNwcUri } from '../wallets/nwc-uri.js'
import { createWebClient } from '../web/client.js'
import { unsupportedBy } from '../wallets/unsupported.js'

/** A list of somebody's inbox names a few relays; more are not written to. */
const MOST_INBOX_RELAYS = 4
const MOST_OWN_INBOX_RELAYS = 3

export interface HirerOptions {
  /** Holds hires, payments and the ledger; 0600 files in a 0700 directory. */
  readonly stateDirectory: string
  /** 32 bytes. */
  readonly secretKey: Uint8Array
  /** Where providers are looked for. */
  readonly relays: readonly string[]
  /** What our first inbox list names; default: the first relays. */
  readonly inboxRelays?: readonly string[]
  /** NWC address of the wallet that pays: a secret. Without one it can be looked around, and nobody be hired. */
  readonly walletUri: string | null
  readonly network: Network
  readonly log?: Logger
  readonly clock?: Clock
}

export interface OpenedParts extends HirerParts {
  stop(): Promise<void>
}

/** @throws TollbridgeError `usage` without relays, `wallet-unusable`. */
export async function openHirer(options: HirerOptions): Promise<Omit<Hirer, 'stop'> & { stop(): Promise<void> }> {
  const parts = await openHirerParts(options)
  const hirer = createHirer(parts)
  return {
    ...hirer,
    async stop() {
      hirer.stop()
      await parts.stop()
    },
  }
}

/** The ports, wired to the real world. A test wraps them to stop the process wherever it likes. */
export async function openHirerParts(options: HirerOptions): Promise<OpenedParts> {
  const { stateDirectory, network, walletUri, clock = systemClock, log = SILENT } = options
  const relays = inOneSpelling(options.relays)
  if (relays.length === 0) throw new TollbridgeError('usage', 'name at least one relay')
  const inboxRelays = inOneSpelling(options.inboxRelays ?? []).slice(0, MOST_OWN_INBOX_RELAYS)
  const session = await createNdkSession(options.secretKey)
  const own = new Set([...relays, ...inboxRelays, ...relaysOfWallet(walletUri)])
  // Whoever is at home on a private network may be sent there by others; nobody else is.
  const allowPrivate = relays.some((url) => !isPublicHost(new URL(url).hostname))
  const relayPool = createRelayPool({
    ...{ clock, log, own, allowPrivate },
    cursors: { cursor: () => undefined, putCursor: () => undefined },
    authenticate: (template) => session.signer.sign(template),
    // The wallet's relay need not learn who hires.
    introduceAt: new Set([...relays, ...inboxRelays]),
  })
  const lists = createRelayLists({
    ...{ relays: relayPool, sources: relays, clock },
    rules: { max: MOST_INBOX_RELAYS, allowPrivate, own },
  })
  const web = createWebClient({ allowPrivate })
  const stop = async (): Promise<void> => {
    lists.stop()
    await wallet?.stop()
    await web.stop()
    session.stop()
    await relayPool.stop()
  }
  let wallet: Wallet | null = null
  try {
    wallet =
      walletUri === null ? null : createNwcWallet({ name: 'hirer', uri: walletUri, relayPool, clock, log, network })
    await wallet?.start()
    if (wallet !== null && !wallet.methods.has('payInvoice')) {
      throw new TollbridgeError('wallet-unusable', 'the wallet may not pay invoices')
    }
  } catch (error) {
    await stop()
    throw error
  }
  const journal = createHireJournal(stateDirectory)
  const payments = createPaymentJournal(stateDirectory)
  return {
    signer: session.signer,
    relayPool,
    lists,
    wallet: wallet ?? NO_WALLET,
    journal,
    payments,
    budget: createBudget(stateDirectory, clock, createWitness(stateDirectory, payments, journal)),
    web,
    clock,
    relays,
    inboxRelays: inboxRelays.length > 0 ? inboxRelays : relays.slice(0, MOST_OWN_INBOX_RELAYS),
    verifyNip05: (address, pubkey) => isNamedBy(web, address, pubkey),
    rules: { network, decodeInvoice },
    stop,
  }
}

const inOneSpelling = (urls: readonly string[]): string[] => [
  ...new Set(urls.map(parseRelayUrl).filter((url): url is string => !isMalformed(url))),
]

function relaysOfWallet(uri: string | null): readonly string[] {
  const connection = uri === null ? null : parseNwcUri(uri)
  return connection === null || isMalformed(connection) ? [] : connection.relays
}

const quiet = (): void => undefined
const SILENT: Logger = { debug: quiet, info: quiet, warn: quiet, error: quiet }

/** Looks around, and pays nobody. */
const NO_WALLET: Wallet = {
  ...unsupportedBy('none'),
  name: 'none',
  methods: new Set(),
  start: async () => undefined,
  getInfo: async () => ({ network: null, nodeId: null, blockHeight: null, backend: null }),
  lookupInvoice: async () => ({ state: 'not_found' }),
  lookupPayment: () => Promise.reject(new TollbridgeError('wallet-unusable', 'there is no wallet to ask')),
  listIncoming: async () => ({ settled: [], cursor: null }),
  payInvoice: async () => ({ type: 'refused', reason: 'there is no wallet' }),
  onSettled: () => () => undefined,
  stop: async () => undefined,
}
