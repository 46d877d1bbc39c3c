/** What is around the daemon while it is killed? A relay, two nodes, a gate, a wallet service and a customer: all of them live on. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { NostrEvent } from '../../../src/core/event.js'
import { startGateway, type Gateway } from '../../../src/dev/gateways/gateway.js'
import type { LightningNode } from '../../../src/dev/lightning/node.js'
import { createSimulatedNetwork, type SimulatedNode } from '../../../src/dev/lightning/simulated.js'
import { startNwcWallet } from '../../../src/dev/nwc-wallet.js'
import { startRelay } from '../../../src/dev/relay/relay.js'
import { pubkeyOf } from '../../../src/nostr/event.js'
import { createCustomer, type Customer } from './customer.js'
import { dialectOf, gatewaySettingsOf, upstreamSettingsOf, type Row } from './rows.js'

export interface Scene {
  readonly row: Row
  readonly gateway: Gateway
  readonly merchant: LightningNode
  /** Our own node, where the daemon pays; null where it only reads. */
  readonly purse: SimulatedNode | null
  readonly customer: Customer
  readonly stateDirectory: string
  readonly configFile: string
  readonly logFile: string
  readonly recordFile: string
  /** Everything that the relay holds. */
  events(): readonly NostrEvent[]
  stop(): Promise<void>
}

export async function setScene(row: Row): Promise<Scene> {
  const closers: (() => unknown)[] = []
  const directory = await mkdtemp(join(tmpdir(), 'tollbridge-crash-'))
  closers.push(() => rm(directory, { recursive: true, force: true }))
  const relay = await startRelay()
  closers.push(() => relay.stop())
  const network = createSimulatedNetwork()
  closers.push(() => network.stop())
  const merchant = network.createNode()
  const gateway = await startGateway({ dialect: dialectOf(row), node: merchant, settings: gatewaySettingsOf(row) })
  closers.push(() => gateway.stop())
  if (row.broken) gateway.failNext('resetAfterExecuting')
  const till = await startNwcWallet({ node: merchant, relayUrl: relay.url, permissions: 'read' })
  closers.push(() => till.stop())
  const purse = row.purchase ? network.createNode() : null
  if (purse) purse.faults.failNext = row.purchase?.payment ?? null
  const wallet = purse && (await startNwcWallet({ node: purse, relayUrl: relay.url, permissions: 'hold' }))
  closers.push(() => wallet?.stop())

  const secretKey = randomBytes(32)
  const provider = pubkeyOf(secretKey)
  const configFile = join(directory, 'tollbridge.yaml')
  await writeFile(join(directory, 'tollbridge.key'), `${secretKey.toString('hex')}\n`, { mode: 0o600 })
  await writeFile(join(directory, 'till.nwc'), `${till.uri}\n`, { mode: 0o600 })
  if (wallet) await writeFile(join(directory, 'purse.nwc'), `${wallet.uri}\n`, { mode: 0o600 })
  await writeFile(configFile, stringify(settingsOf(row, relay.url, gateway.url)))

  const customer = await createCustomer({ row, relayUrl: relay.url, provider, node: network.createNode() })
  closers.push(() => customer.stop())
  return {
    row,
    gateway,
    merchant,
    purse,
    customer,
    stateDirectory: join(directory, 'state'),
    configFile,
    logFile: join(directory, 'daemon.log'),
    recordFile: join(directory, 'points'),
    events: () => [...relay.events()],
    async stop() {
      for (const close of closers.splice(0).reverse()) await close()
    },
  }
}

const nwc = (name: string): object => ({ [name]: { type: 'nwc', uri: { file: `./${name}.nwc` } } })

function walletsOf(row: Row): object {
  if (row.purchase) return nwc('purse')
  return row.source === 'merchantWallet' ? nwc('till') : {}
}

const settingsOf = (row: Row, relayUrl: string, origin: string): object => ({
  key: { file: './tollbridge.key' },
  stateDirectory: './state',
  network: 'regtest',
  relays: { read: [relayUrl], allowPrivate: true },
  settlement: { sweepSeconds: 1, statusRequestsPerSecond: 100 },
  announce: { enabled: false },
  wallets: walletsOf(row),
  upstreams: [{ name: 'api', origin, ...upstreamSettingsOf(row) }],
})
