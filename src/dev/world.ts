/** What does it take to see a paid job cross? A relay, two Lightning nodes with a channel, a gate before an API, and wallets: real, on loopback. */
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { npubEncode } from 'nostr-tools/nip19'
import { stringify } from 'yaml'
import { pubkeyOf } from '../nostr/event.js'
import { startGateway, type Gateway } from './gateways/gateway.js'
import type { DialectName } from './gateways/settings.js'
import { createLdkPair, ldkAvailable } from './lightning/ldk.js'
import type { LightningNode } from './lightning/node.js'
import { createSimulatedNetwork, type SimulatedNetwork } from './lightning/simulated.js'
import { startNwcWallet, type NwcWalletService } from './nwc-wallet.js'
import { openPurse, type DevPurse, type PurseRequest } from './purse.js'
import { startRelay, type DevRelay } from './relay/relay.js'

export interface DevWorld {
  readonly relay: DevRelay
  readonly gateway: Gateway
  readonly lightning: 'ldk' | 'simulated'
  readonly merchant: LightningNode
  readonly payer: LightningNode
  /** What the daemon pays the API with; null where it sees no money. */
  readonly purse: DevPurse | null
  /** Reads what the merchant receives; cannot spend. */
  readonly merchantWallet: NwcWalletService
  /** The customer's wallet. */
  readonly customerWallet: NwcWalletService
  /** Holds the configuration, its secrets, the daemon's state and the customer's. */
  readonly directory: string
  readonly configFile: string
  /** 0600 file with the URI of the customer's wallet. */
  readonly customerWalletFile: string
  readonly npub: string
  stop(): Promise<void>
}

export interface DevWorldOptions {
  readonly dialect?: DialectName
  /** Default: LDK where it is installed; with a purse the simulation, since an LDK node cannot pay what it holds. */
  readonly lightning?: 'ldk' | 'simulated'
  /** The API belongs to somebody else, and the daemon pays it from a wallet of its own. Default: none, the merchant's payments are read. */
  readonly purse?: PurseRequest
  /** Kept after `stop`; default: a temporary directory that is removed. */
  readonly directory?: string
  readonly logLevel?: string
}

/** Starts everything but the daemon, and writes the daemon's configuration as an operator would. */
export async function startDevWorld(options: DevWorldOptions = {}): Promise<DevWorld> {
  const closers: (() => unknown)[] = []
  const prefers = options.purse ? 'simulated' : options.lightning
  const lightning = prefers ?? ((await ldkAvailable()) ? 'ldk' : 'simulated')
  const directory = options.directory ?? (await mkdtemp(join(tmpdir(), 'tollbridge-')))
  if (options.directory === undefined) closers.push(() => rm(directory, { recursive: true, force: true }))
  await mkdir(directory, { recursive: true, mode: 0o700 })

  const relay = await startRelay()
  closers.push(() => relay.stop())
  const { merchant, payer, network, stop: stopNodes } = await openNodes(lightning)
  closers.push(stopNodes)
  const dialect = options.dialect ?? (options.purse ? 'aperture' : 'toll-booth')
  const gateway = await startGateway({ dialect, node: merchant })
  closers.push(() => gateway.stop())
  const merchantWallet = await startNwcWallet({ node: merchant, relayUrl: relay.url, permissions: 'read' })
  closers.push(() => merchantWallet.stop())
  const customerWallet = await startNwcWallet({ node: payer, relayUrl: relay.url, permissions: 'full' })
  closers.push(() => customerWallet.stop())

  const site = { payee: merchant.id, relayUrl: relay.url, directory }
  const purse = options.purse && network ? await openPurse(options.purse, { network, ...site }) : null
  if (purse) closers.push(() => purse.stop())

  const secretKey = randomBytes(32)
  const customerWalletFile = await writeSecret(directory, 'customer.nwc', customerWallet.uri)
  await writeSecret(directory, 'tollbridge.key', secretKey.toString('hex'))
  await writeSecret(directory, 'merchant.nwc', merchantWallet.uri)
  const configFile = join(directory, 'tollbridge.yaml')
  await writeFile(
    configFile,
    stringify(devConfig({ relayUrl: relay.url, origin: gateway.url, logLevel: options.logLevel ?? 'warn', purse })),
  )

  return {
    relay,
    gateway,
    lightning,
    merchant,
    payer,
    purse,
    merchantWallet,
    customerWallet,
    directory,
    configFile,
    customerWalletFile,
    npub: npubEncode(pubkeyOf(secretKey)),
    async stop() {
      for (const close of closers.splice(0).reverse()) await close()
    },
  }
}

interface Nodes {
  readonly merchant: LightningNode
  readonly payer: LightningNode
  /** Null where they are real. */
  readonly network: SimulatedNetwork | null
  readonly stop: () => void
}

async function openNodes(lightning: 'ldk' | 'simulated'): Promise<Nodes> {
  if (lightning === 'ldk') {
    const pair = await createLdkPair()
    return { merchant: pair.alice, payer: pair.bob, network: null, stop: () => pair.stop() }
  }
  const network = createSimulatedNetwork()
  return { merchant: network.createNode(), payer: network.createNode(), network, stop: () => network.stop() }
}

async function writeSecret(directory: string, name: string, secret: string): Promise<string> {
  const path = join(directory, name)
  await writeFile(path, `${secret}\n`, { mode: 0o600 })
  return path
}

interface DevSettings {
  readonly relayUrl: string
  readonly origin: string
  readonly logLevel: string
  readonly purse: DevPurse | null
}

const devConfig = ({ relayUrl, origin, logLevel, purse }: DevSettings) => ({
  key: { file: './tollbridge.key' },
  stateDirectory: './state',
  network: 'regtest',
  logLevel,
  relays: { read: [relayUrl], allowPrivate: true },
  wallets: purse ? { purse: purse.settings } : { till: { type: 'nwc', uri: { file: './merchant.nwc' } } },
  upstreams: [
    {
      name: 'demo-api',
      origin,
      ...(purse ? { wallet: 'purse', mode: purse.mode } : { merchantWallet: 'till' }),
      ...(purse?.mode === 'resell' ? { resell: { enabled: true } } : {}),
      routes: [
        { name: 'joke', path: '/joke', maxSats: 1000, description: 'A joke.' },
        { name: 'echo', path: '/echo', maxSats: 1000, description: 'What you said.' },
        { name: 'orders', methods: ['POST'], path: '/orders', maxSats: 1000, gated: true, description: 'An order.' },
        { name: 'free', path: '/free/**', maxSats: 1000, description: 'Free of charge.' },
      ],
    },
  ],
  announce: { name: 'Tollbridge demo', about: 'A joke for a few sats.', topics: ['demo'] },
})
