/** What does the daemon do by itself once it is paid? The real daemon, with its gate, nodes and wallets in one process: they answer at once. */
import { loadConfig } from '../../src/config/load.js'
import { runDaemon } from '../../src/daemon.js'
import { startGateway } from '../../src/dev/gateways/gateway.js'
import { createSimulatedNetwork } from '../../src/dev/lightning/simulated.js'
import type { Logger } from '../../src/ports.js'
import { openAdapters } from '../../src/wiring/adapters.js'
import { preparePlace } from './daemon.js'
import { sharedNow } from './meter.js'
import { createNodeWallet } from './node-wallet.js'

export type BridgeMode = 'wrap' | 'passthrough'
export interface BridgeHello {
  readonly pubkey: string
}
/** That an invoice was paid: in wrap, that its payment is held. */
export interface BridgeMessage {
  readonly paid: string
  readonly at: number
}

const PRICE_SATS = 21
/** Of no connection: its wallet is replaced before it is used. */
const UNUSED_URI = `nostr+walletconnect://${'ab'.repeat(32)}?relay=ws%3A%2F%2F127.0.0.1%3A9&secret=${'cd'.repeat(32)}`

const [relayUrl = '', mode = ''] = process.argv.slice(2)
const network = createSimulatedNetwork()
const [merchant, purse, payer] = [network.createNode(), network.createNode(), network.createNode()]
const gateway = await startGateway({
  dialect: 'toll-booth',
  node: merchant,
  settings: { priceSats: PRICE_SATS, bundleSats: PRICE_SATS, paymentRail: false, qrCodes: false },
})
const place = await preparePlace({
  ...{ readRelays: [relayUrl], origin: gateway.url, walletUri: UNUSED_URI },
  settledBy: mode === 'wrap' ? 'hold' : 'wallet',
})
const ignore = (): void => undefined
const log: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore }
const config = await loadConfig(place.configFile)
const adapters = await openAdapters(config, log)
const wallets = new Map([['till', createNodeWallet('till', mode === 'wrap' ? purse : merchant)]])
await runDaemon(config, { ...adapters, wallets })

const tell = (bolt11: string): void => void process.send?.({ paid: bolt11, at: sharedNow() } satisfies BridgeMessage)
if (mode === 'wrap') purse.onAccepted(({ bolt11 }) => tell(bolt11))
else merchant.onSettled(({ bolt11 }) => tell(bolt11))
process.on('message', ({ pay }: { readonly pay: readonly string[] }) => {
  // What is not served is seen by who waits for its result.
  for (const bolt11 of pay) payer.pay(bolt11).catch(ignore)
})
process.once('disconnect', () => void place.remove().finally(() => process.exit(0)))
process.send?.({ pubkey: place.pubkey } satisfies BridgeHello)
