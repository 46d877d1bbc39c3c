/** Who sells, and who is paid? A gateway and a wallet over one simulated Lightning node; the customers pay by a message to it. */
import { startGateway } from '../../src/dev/gateways/gateway.js'
import { createSimulatedNetwork } from '../../src/dev/lightning/simulated.js'
import type { LightningNode } from '../../src/dev/lightning/node.js'
import { startNwcWallet } from '../../src/dev/nwc-wallet.js'
import { sharedNow } from './meter.js'

export interface TillHello {
  readonly origin: string
  readonly uri: string
}
/** Invoices to settle. */
export interface PayMessage {
  readonly pay: readonly string[]
}
/** An invoice and when it was settled; or what was asked of the wallet so far. */
export type TillMessage =
  { readonly paid: string; readonly settledAt: number } | { readonly walletRequests: number; readonly polls: number }

const PRICE_SATS = 21

const relayUrl = process.argv[2] ?? ''
const network = createSimulatedNetwork()
const own = network.createNode()
const hashes = new Map<string, string>()
/** Remembers which invoice has which hash: to decode each again would cost more than to settle it. */
const node: LightningNode = {
  ...own,
  async makeInvoice(request) {
    const made = await own.makeInvoice(request)
    hashes.set(made.bolt11, made.paymentHash)
    return made
  },
}
const gateway = await startGateway({
  dialect: 'toll-booth',
  node,
  // An invoice buys one call, so that each job is paid for.
  settings: { priceSats: PRICE_SATS, bundleSats: PRICE_SATS, paymentRail: false, qrCodes: false },
})
const wallet = await startNwcWallet({ node, relayUrl, permissions: 'read' })

process.on('message', (message: PayMessage | { readonly count: true }) => {
  if (!('pay' in message)) {
    process.send?.({
      walletRequests: wallet.counts.requests,
      polls: gateway.counters.statusPolls,
    } satisfies TillMessage)
    return
  }
  for (const bolt11 of message.pay) {
    const hash = hashes.get(bolt11)
    if (hash === undefined) throw new Error('an invoice of another node')
    hashes.delete(bolt11)
    const settledAt = sharedNow()
    own.settle(hash)
    process.send?.({ paid: bolt11, settledAt } satisfies TillMessage)
  }
})
process.once('disconnect', () => process.exit(0))
process.send?.({ origin: gateway.url, uri: wallet.uri } satisfies TillHello)
