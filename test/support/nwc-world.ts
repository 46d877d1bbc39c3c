/** What does an NWC wallet need around it to be tested? A relay, two simulated nodes, the wallet service, and a relay pool. */
import { createSimulatedNetwork } from '../../src/dev/lightning/simulated.js'
import { startNwcWallet, type NwcWalletServiceOptions } from '../../src/dev/nwc-wallet.js'
import { startRelay, type RelayOptions } from '../../src/dev/relay/relay.js'
import type { Clock } from '../../src/ports.js'
import { createNwcWallet, type NwcWalletOptions } from '../../src/wallets/nwc.js'
import { createPoolFixture, systemClock } from './pool-fixture.js'
import { misbehaviourOfNwc } from './nwc-misbehaviour.js'
import type { Misbehaviour } from './wallet-world.js'

export interface NwcWorldOptions {
  readonly relay?: RelayOptions
  readonly service?: Partial<NwcWalletServiceOptions>
  readonly wallet?: Partial<NwcWalletOptions>
  /** The wallet's own; the relay pool keeps the system's. */
  readonly clock?: Clock
}

/** By how much the wallet's patience is shorter while its service is late. */
const IMPATIENCE = 100

/** Everything runs; only the wallet's `start` is left to the caller. */
export async function createNwcWorld(given: NwcWorldOptions = {}) {
  let hurry = 1
  const manners = [given.service?.behaviour ?? {}].flat()
  const {
    clock = {
      now: () => systemClock.now(),
      after: (ms: number, run: () => void) => systemClock.after(ms / hurry, run),
    },
  } = given
  const relay = await startRelay(given.relay)
  const network = createSimulatedNetwork()
  const node = network.createNode()
  const other = network.createNode()
  const service = await startNwcWallet({ node, relayUrl: relay.url, permissions: 'hold', ...given.service })
  const { pool, log } = createPoolFixture(systemClock)
  const wallet = createNwcWallet({ name: 'till', uri: service.uri, relayPool: pool, clock, log, ...given.wallet })
  return {
    relay,
    network,
    node,
    other,
    service,
    pool,
    log,
    wallet,
    misbehave(how: Misbehaviour | null) {
      hurry = how === 'late' ? IMPATIENCE : 1
      service.behave([...manners, how === null ? {} : misbehaviourOfNwc(how)])
    },
    async interrupt(meanwhile: () => Promise<void>) {
      service.behave([...manners, { notifications: 'dropped' }])
      await meanwhile()
      service.behave(manners)
      relay.dropConnections()
    },
    /** The service keeps one subscription, the wallet another. */
    isClosed: () => relay.counts.subscriptions === 1,
    async stop() {
      await wallet.stop()
      await Promise.all([service.stop(), pool.stop()])
      network.stop()
      await relay.stop()
    },
  }
}

export type NwcWorld = Awaited<ReturnType<typeof createNwcWorld>>
