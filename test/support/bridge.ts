/** What does it take to try the bridge end to end? A world on loopback, the daemon as an operator starts it, and a customer. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { stringify } from 'yaml'
import { openAdapters, type Adapters } from '../../src/wiring/adapters.js'
import { loadConfig } from '../../src/config/load.js'
import { runDaemon, type Daemon, type DaemonTimings } from '../../src/daemon.js'
import { startGateway, type Gateway } from '../../src/dev/gateways/gateway.js'
import type { DialectName, GatewaySettings } from '../../src/dev/gateways/settings.js'
import { createLdkPair } from '../../src/dev/lightning/ldk.js'
import type { LightningNode } from '../../src/dev/lightning/node.js'
import { decodeInvoice } from '../../src/dev/lightning/sign-invoice.js'
import { createSimulatedNetwork, type SimulatedNetwork } from '../../src/dev/lightning/simulated.js'
import { startNwcWallet, type NwcWalletService } from '../../src/dev/nwc-wallet.js'
import { startRelay, type DevRelay, type RelayOptions } from '../../src/dev/relay/relay.js'
import { pubkeyOf } from '../../src/nostr/event.js'
import { openPurse, PURSE_SETTINGS, type BridgePurse, type PurseOptions } from './bridge-purse.js'
import { createNostrCustomer, type NostrCustomer } from './nostr-customer.js'
import { createReadableLog } from './pool-fixture.js'

type Settings = Record<string, unknown>

export interface BridgeOptions {
  /** Default: toll-booth. */
  readonly dialect?: DialectName
  readonly settings?: Partial<GatewaySettings>
  /** Default: simulated. */
  readonly lightning?: 'ldk' | 'simulated'
  readonly relay?: RelayOptions
  /** Further relays, after the first, of which the daemon is told. */
  readonly relays?: readonly string[]
  /** Whether the daemon may read the merchant's wallet. Default: false. */
  readonly wallet?: boolean
  /** The wallet service is at a relay of its own. Default: at the one where the jobs are. */
  readonly walletRelay?: RelayOptions
  /** A wallet of ours that pays the upstream and is paid by customers. Default: none. */
  readonly purse?: PurseOptions
  /** Origin of the upstream in the gateway's place. */
  readonly origin?: string
  /** Laid over the settings of the upstream, and over its only route. */
  readonly upstream?: Settings
  readonly route?: Settings
  /** Groups laid over those of the configuration, setting by setting; lists and numbers in their place. */
  readonly config?: Record<string, Settings | readonly unknown[] | number>
  readonly timings?: Partial<DaemonTimings>
  /** Wraps the ports of each daemon that is started. */
  readonly wrap?: (adapters: Adapters) => Adapters
  /** What the key file holds; default: the key in hex. */
  readonly keyText?: (secretKey: string, relayUrl: string) => Promise<string>
  /** Key and relay of another bridge: two daemons with one key. */
  readonly twin?: Bridge
}

export interface Bridge {
  readonly relay: DevRelay
  readonly gateway: Gateway
  readonly merchant: LightningNode
  readonly payer: LightningNode
  /** Throws where the nodes are LDK's. */
  readonly network: SimulatedNetwork
  readonly walletService: NwcWalletService
  /** Throws where there is none. */
  readonly purse: BridgePurse
  readonly directory: string
  readonly stateDirectory: string
  readonly configFile: string
  readonly secretKey: string
  readonly log: ReturnType<typeof createReadableLog>
  readonly customer: NostrCustomer
  readonly daemon: Daemon
  readonly adapters: Adapters
  newCustomer(): Promise<NostrCustomer>
  /** Pays as the customer does. Returns the preimage. */
  pay(bolt11: string): Promise<string>
  hashOf(bolt11: string): string
  /** A free job crosses: whatever had been heard before has been taken up. */
  fence(): Promise<void>
  startDaemon(): Promise<Daemon>
  stopDaemon(): Promise<void>
  restart(): Promise<void>
  stop(): Promise<void>
}

const TIMINGS: DaemonTimings = { retryMs: 20, lookMs: 400 }

export async function startBridge(options: BridgeOptions = {}): Promise<Bridge> {
  const closers: (() => unknown)[] = []
  const directory = await mkdtemp(join(tmpdir(), 'tollbridge-scenario-'))
  closers.push(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }))
  const relay = options.twin?.relay ?? (await startRelay(options.relay))
  if (!options.twin) closers.push(() => relay.stop())
  const { merchant, payer, network, stop: stopNodes } = await openNodes(options.lightning ?? 'simulated')
  closers.push(stopNodes)
  const dialect = options.dialect ?? 'toll-booth'
  const gateway = await startGateway({ dialect, node: merchant, settings: { qrCodes: false, ...options.settings } })
  closers.push(() => gateway.stop())
  const walletRelay = options.walletRelay ? await startRelay(options.walletRelay) : relay
  if (walletRelay !== relay) closers.push(() => walletRelay.stop())
  const walletService = await startNwcWallet({ node: merchant, relayUrl: walletRelay.url, permissions: 'read' })
  closers.push(() => walletService.stop())
  const parts = { network, merchant, relayUrl: walletRelay.url, directory }
  const purse = options.purse ? await openPurse(options.purse, parts) : null
  closers.push(() => purse?.service.stop())

  const secretKey = options.twin?.secretKey ?? randomBytes(32).toString('hex')
  const configFile = join(directory, 'tollbridge.yaml')
  const keyText = (await options.keyText?.(secretKey, relay.url)) ?? secretKey
  await writeFile(join(directory, 'tollbridge.key'), `${keyText}\n`, { mode: 0o600 })
  await writeFile(join(directory, 'till.nwc'), `${walletService.uri}\n`, { mode: 0o600 })
  await writeFile(configFile, stringify(settingsOf(options, relay.url, options.origin ?? gateway.url)))

  const log = createReadableLog()
  const provider = pubkeyOf(Buffer.from(secretKey, 'hex'))
  const newCustomer = async (): Promise<NostrCustomer> => {
    const customer = await createNostrCustomer(relay.url, provider)
    closers.push(() => customer.stop())
    return customer
  }
  let running: { daemon: Daemon; adapters: Adapters } | null = null
  const stopDaemon = async (): Promise<void> => {
    await running?.daemon.stop()
    running = null
  }
  const startDaemon = async (): Promise<Daemon> => {
    const config = await loadConfig(configFile)
    const opened = await openAdapters(config, log)
    const adapters = options.wrap?.(opened) ?? opened
    const daemon = await runDaemon(config, adapters, { ...TIMINGS, ...options.timings }).catch(
      async (error: unknown) => {
        await adapters.stop()
        throw error
      },
    )
    running = { daemon, adapters }
    await vi.waitFor(() => isReady(daemon, options.wallet ?? options.purse !== undefined), {
      timeout: 5_000,
      interval: 5,
    })
    return daemon
  }
  closers.push(stopDaemon)
  const runningNow = () => {
    if (!running) throw new Error('the daemon does not run')
    return running
  }
  const hashOf = (bolt11: string): string => decodeInvoice(bolt11).paymentHash

  await startDaemon()
  const customer = await newCustomer()
  return {
    relay,
    gateway,
    merchant,
    payer,
    get network() {
      if (!network) throw new Error('real nodes have no simulated network')
      return network
    },
    walletService,
    get purse() {
      if (!purse) throw new Error('the bridge was started without a purse')
      return purse
    },
    directory,
    stateDirectory: join(directory, 'state'),
    configFile,
    secretKey,
    log,
    customer,
    get daemon() {
      return runningNow().daemon
    },
    get adapters() {
      return runningNow().adapters
    },
    newCustomer,
    pay: async (bolt11) => (await payer.pay(bolt11)).preimage,
    hashOf,
    async fence() {
      const other = await createNostrCustomer(relay.url, provider)
      const { id } = await other.publishJob({ path: '/free/joke' })
      await other.result(id)
      other.stop()
    },
    startDaemon,
    stopDaemon,
    async restart() {
      await stopDaemon()
      await startDaemon()
    },
    async stop() {
      for (const close of closers.splice(0).reverse()) await close()
    },
  }
}

/** The jobs stored at the relays have been heard, and the wallet is usable where there is one. */
function isReady(daemon: Daemon, wallet: boolean): void {
  const { reasons, wallets } = daemon.status()
  if (reasons.includes('no read relay delivers')) throw new Error('not listening yet')
  if (wallet && !wallets.every(({ usable }) => usable)) throw new Error('the wallet is not usable yet')
}

async function openNodes(lightning: 'ldk' | 'simulated') {
  if (lightning === 'ldk') {
    const pair = await createLdkPair()
    const [merchant, payer]: LightningNode[] = [pair.alice, pair.bob]
    if (!merchant || !payer) throw new Error('a pair is two')
    return { merchant, payer, network: null, stop: () => pair.stop() }
  }
  const network = createSimulatedNetwork()
  return { merchant: network.createNode(), payer: network.createNode(), network, stop: () => network.stop() }
}

function settingsOf(options: BridgeOptions, relayUrl: string, origin: string): Settings {
  const groups: Record<string, Settings> = {
    relays: { read: [relayUrl, ...(options.relays ?? [])], allowPrivate: true },
    settlement: { sweepSeconds: 1, minPaymentWindowSeconds: 5, statusRequestsPerSecond: 100 },
    jobs: { refusalsPerMinutePerCustomer: 1_000, refusalsPerMinute: 10_000 },
    announce: { enabled: false },
    wallets: {
      till: { type: 'nwc', uri: { file: './till.nwc' } },
      ...(options.purse ? { purse: PURSE_SETTINGS } : {}),
    },
  }
  for (const [name, changes] of Object.entries(options.config ?? {})) {
    const isGroup = typeof changes === 'object' && !Array.isArray(changes)
    groups[name] = isGroup ? { ...groups[name], ...changes } : (changes as unknown as Settings)
  }
  return {
    key: { file: './tollbridge.key' },
    stateDirectory: './state',
    network: 'regtest',
    logLevel: 'debug',
    ...groups,
    upstreams: [
      {
        name: 'api',
        origin,
        ...(options.wallet ? { merchantWallet: 'till' } : {}),
        ...(options.purse ? { wallet: 'purse' } : {}),
        routes: [{ name: 'all', methods: ['GET', 'POST'], path: '/**', maxSats: 5_000, gated: true, ...options.route }],
        ...options.upstream,
      },
    ],
  }
}
