/** What is around two agents of which one is killed? A relay, two nodes, a gate and two wallet services: all of them live on. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { NostrEvent } from '../../../src/core/event.js'
import { startGateway, type Gateway } from '../../../src/dev/gateways/gateway.js'
import type { LightningNode } from '../../../src/dev/lightning/node.js'
import { createSimulatedNetwork } from '../../../src/dev/lightning/simulated.js'
import { startNwcWallet } from '../../../src/dev/nwc-wallet.js'
import { createOwnPool } from '../../../src/dev/own-pool.js'
import { startRelay } from '../../../src/dev/relay/relay.js'
import { pubkeyOf, signEvent } from '../../../src/nostr/event.js'
import { buildInboxList } from '../../../src/nostr/kinds/relay-list.js'
import type { HirerTask } from './hirer-task.js'

/** The price of the task, what each payment costs beyond it, and all that may be spent: two hires, were it not for the fees. */
export const PRICE_SATS = 21
const FEE_SATS = 4
export const LIMIT_SATS = 2 * PRICE_SATS + FEE_SATS

export interface HireRow {
  readonly name: string
  readonly method: 'GET' | 'POST'
}

export const HIRE_ROWS: readonly HireRow[] = [
  { name: 'hire GET', method: 'GET' },
  { name: 'hire POST', method: 'POST' },
]

export interface HireScene {
  readonly row: HireRow
  readonly gateway: Gateway
  readonly payer: LightningNode
  readonly task: HirerTask
  readonly configFile: string
  readonly stateDirectory: string
  readonly daemonLog: string
  readonly taskFile: string
  readonly records: { readonly hirer: string; readonly provider: string }
  /** Everything that the relay holds. */
  events(): readonly NostrEvent[]
  stop(): Promise<void>
}

export async function setHireScene(row: HireRow): Promise<HireScene> {
  const closers: (() => unknown)[] = []
  const directory = await mkdtemp(join(tmpdir(), 'tollbridge-hire-crash-'))
  closers.push(() => rm(directory, { recursive: true, force: true }))
  const at = (name: string): string => join(directory, name)
  const relay = await startRelay()
  closers.push(() => relay.stop())
  const network = createSimulatedNetwork()
  closers.push(() => network.stop())
  const [merchant, payer] = [network.createNode(), network.createNode()]
  payer.faults.feeMsat = FEE_SATS * 1000
  const settings = { qrCodes: false, priceSats: PRICE_SATS, bundleSats: PRICE_SATS }
  const gateway = await startGateway({ dialect: 'single-use', node: merchant, settings })
  closers.push(() => gateway.stop())
  const till = await startNwcWallet({ node: merchant, relayUrl: relay.url, permissions: 'read' })
  closers.push(() => till.stop())
  const purse = await startNwcWallet({ node: payer, relayUrl: relay.url, permissions: 'full' })
  closers.push(() => purse.stop())

  const secretKey = randomBytes(32)
  const provider = pubkeyOf(secretKey)
  await publishInbox(secretKey, relay.url)
  await writeFile(at('tollbridge.key'), `${secretKey.toString('hex')}\n`, { mode: 0o600 })
  await writeFile(at('till.nwc'), `${till.uri}\n`, { mode: 0o600 })
  await writeFile(at('tollbridge.yaml'), stringify(settingsOf(relay.url, gateway.url)))
  const task: HirerTask = {
    stateDirectory: at('hires'),
    secretKey: randomBytes(32).toString('hex'),
    relayUrl: relay.url,
    walletUri: purse.uri,
    provider,
    task: row.method === 'GET' ? 'joke' : 'orders',
    params: row.method === 'GET' ? {} : { body: '{"item":"a bridge"}' },
    limitSats: LIMIT_SATS,
    logFile: at('hirer.log'),
    outcomeFile: at('outcome.json'),
  }
  await writeFile(at('task.json'), JSON.stringify(task), { mode: 0o600 })
  return {
    ...{ row, gateway, payer, task },
    configFile: at('tollbridge.yaml'),
    stateDirectory: at('state'),
    daemonLog: at('daemon.log'),
    taskFile: at('task.json'),
    records: { hirer: at('hirer.points'), provider: at('provider.points') },
    events: () => [...relay.events()],
    async stop() {
      for (const close of closers.splice(0).reverse()) await close()
    },
  }
}

/** The daemon of the scene announces nothing; that it takes gift wraps must be known all the same. */
async function publishInbox(secretKey: Uint8Array, relayUrl: string): Promise<void> {
  const template = buildInboxList({ relays: [relayUrl], createdAt: Math.floor(Date.now() / 1000) })
  const pool = createOwnPool()
  await pool.publish(signEvent(template, secretKey, pubkeyOf(secretKey), randomBytes(32)), relayUrl)
  await pool.stop()
}

const settingsOf = (relayUrl: string, origin: string): object => ({
  key: { file: './tollbridge.key' },
  stateDirectory: './state',
  network: 'regtest',
  relays: { read: [relayUrl], allowPrivate: true },
  settlement: { sweepSeconds: 1, statusRequestsPerSecond: 100 },
  announce: { enabled: false },
  wallets: { till: { type: 'nwc', uri: { file: './till.nwc' } } },
  upstreams: [
    {
      name: 'api',
      origin,
      merchantWallet: 'till',
      statusEndpoint: 'off',
      exactPrice: 'off',
      routes: [
        { name: 'joke', path: '/joke', maxSats: 100, priceSats: PRICE_SATS },
        { name: 'orders', path: '/orders', methods: ['POST'], maxSats: 100, priceSats: PRICE_SATS, gated: true },
      ],
    },
  ],
})
