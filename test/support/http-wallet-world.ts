/** What does a wallet with an HTTP interface need around it to be tested? Two simulated nodes, and its service on the wire. */
import { createSimulatedNetwork, type SimulatedNetwork, type SimulatedNode } from '../../src/dev/lightning/simulated.js'
import type { Wire } from '../../src/dev/wallets/wire.js'
import type { Clock, Logger, Wallet } from '../../src/ports.js'
import { expect, vi } from 'vitest'
import { createReadableLog, systemClock, type LogLine } from './pool-fixture.js'
import { SOON, type WalletWorld } from './wallet-world.js'

/** Enough for a loaded machine, and not too long to be waited for. */
const PATIENCE_MS = 4_000

export interface WalletParts {
  readonly name: string
  readonly clock: Clock
  readonly log: Logger
  readonly timeoutMs: number
}

export interface HttpWalletWorld<Service extends Wire> extends WalletWorld {
  readonly network: SimulatedNetwork
  readonly node: SimulatedNode
  readonly other: SimulatedNode
  readonly service: Service
  readonly log: Logger & { readonly lines: LogLine[] }
}

/** Everything runs; only the wallet's `start` is left to the caller. */
export async function createHttpWalletWorld<Service extends Wire>(given: {
  readonly startService: (node: SimulatedNode, other: SimulatedNode) => Promise<Service>
  readonly createWallet: (service: Service, parts: WalletParts) => Wallet
}): Promise<HttpWalletWorld<Service>> {
  const network = createSimulatedNetwork()
  const node = network.createNode()
  const other = network.createNode()
  const service = await given.startService(node, other)
  const log = createReadableLog()
  const wallet = given.createWallet(service, { name: 'till', clock: systemClock, log, timeoutMs: PATIENCE_MS })
  return {
    network,
    node,
    other,
    service,
    log,
    wallet,
    misbehave: (how) => service.lie(how),
    async interrupt(meanwhile) {
      await vi.waitFor(() => expect(service.waiting).toBeGreaterThan(0), SOON)
      service.cutOff(true)
      await meanwhile()
      service.cutOff(false)
    },
    isClosed: () => service.connections === 0,
    async stop() {
      await wallet.stop()
      await service.stop()
      network.stop()
    },
  }
}
