/** What does an LND wallet need around it to be tested? Two simulated nodes, and the REST interface of one of them. */
import { createSimulatedNetwork } from '../../src/dev/lightning/simulated.js'
import { createCertificate } from '../../src/dev/wallets/certificate.js'
import { startLndNode, type LndNodeOptions } from '../../src/dev/wallets/lnd.js'
import type { LndLie } from '../../src/dev/wallets/lnd-lies.js'
import type { Clock } from '../../src/ports.js'
import { createLndWallet, type LndWalletOptions } from '../../src/wallets/lnd.js'
import { createReadableLog, systemClock } from './pool-fixture.js'

export interface LndWorldOptions {
  readonly lnd?: Partial<LndNodeOptions>
  /** What its macaroon allows; default: what the wallet's methods need. */
  readonly permissions?: readonly string[]
  readonly wallet?: Partial<LndWalletOptions>
  readonly clock?: Clock
}

export const NEEDED = ['info:read', 'invoices:read', 'invoices:write', 'offchain:read', 'offchain:write']

/** Everything runs; only the wallet's `start` is left to the caller. */
export async function createLndWorld({ lnd: given, permissions = NEEDED, wallet: set, clock }: LndWorldOptions = {}) {
  const network = createSimulatedNetwork()
  const node = network.createNode()
  const other = network.createNode()
  const reaches = (payee: string) => payee === other.id
  const lnd = await startLndNode({ node, reaches, ...given })
  const log = createReadableLog()
  const wallet = createLndWallet({
    name: 'till',
    url: lnd.url,
    macaroon: lnd.bake(permissions),
    clock: clock ?? systemClock,
    log,
    timeouts: { callMs: 2_000, paySeconds: 1 },
    ...set,
  })
  return {
    network,
    node,
    other,
    lnd,
    log,
    wallet,
    misbehave: (how: LndLie | null) => lnd.lie(how),
    async interrupt(meanwhile: () => Promise<void>) {
      lnd.cutOff(true)
      await meanwhile()
      lnd.cutOff(false)
    },
    isClosed: () => lnd.connections === 0,
    async stop() {
      await wallet.stop()
      await lnd.stop()
      network.stop()
    },
  }
}

export type LndWorld = Awaited<ReturnType<typeof createLndWorld>>

/** As `createLndWorld`, over TLS with a certificate of the node's own. */
export function createTlsWorld(options: LndWorldOptions = {}) {
  const tls = createCertificate()
  return createLndWorld({ ...options, lnd: { tls }, wallet: { certificate: tls.cert, ...options.wallet } })
}
