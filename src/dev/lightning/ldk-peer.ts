/** What is an LDK node made of? Keys, channel manager, chain monitor and peer manager, wired together and kept from collection. */
import { randomBytes } from 'node:crypto'
import type { ChannelManager, Event, EventsProvider, PeerManager } from 'lightningdevkit'
import type { RegtestChain } from './ldk-chain.js'
import type { Ldk, LdkPackages } from './ldk-package.js'

export interface LdkPeer {
  readonly manager: ChannelManager
  readonly peers: PeerManager
  /** The public key: 33 bytes. */
  readonly nodeId: Uint8Array
  /** Events since the last call, oldest first. */
  takeEvents(): Event[]
  /** Objects behind the WebAssembly border. It holds them weakly, so somebody here must hold them as long as the node lives. */
  readonly held: readonly unknown[]
}

const FEE_SATS_PER_1000_WEIGHT = 253
/** Per channel and direction, of the 483 that BOLT2 allows. */
const MAX_HTLCS = 483
const MAX_DUST_MSAT = 1_000_000_000n

export function createLdkPeer({ ldk }: LdkPackages, chain: RegtestChain): LdkPeer {
  const seconds = Math.floor(Date.now() / 1000)
  const network = ldk.Network.LDKNetwork_Regtest
  const fees = ldk.FeeEstimator.new_impl({ get_est_sat_per_1000_weight: () => FEE_SATS_PER_1000_WEIGHT })
  const broadcaster = ldk.BroadcasterInterface.new_impl({
    broadcast_transactions: (transactions) => transactions.forEach((transaction) => chain.broadcast(transaction)),
  })
  const logger = ldk.Logger.new_impl({ log: () => undefined })
  const persisted = () => ldk.ChannelMonitorUpdateStatus.LDKChannelMonitorUpdateStatus_Completed
  const persist = ldk.Persist.new_impl({
    persist_new_channel: persisted,
    update_persisted_channel: persisted,
    archive_persisted_channel: () => undefined,
  })

  const keys = ldk.KeysManager.constructor_new(randomBytes(32), BigInt(seconds), 0)
  const entropy = keys.as_EntropySource()
  const nodeSigner = keys.as_NodeSigner()
  const noFilter = ldk.Option_FilterZ.constructor_none()
  const monitor = ldk.ChainMonitor.constructor_new(noFilter, broadcaster, logger, fees, persist)
  const graph = ldk.NetworkGraph.constructor_new(network, logger)
  const decay = ldk.ProbabilisticScoringDecayParameters.constructor_default()
  const scorer = ldk.ProbabilisticScorer.constructor_new(decay, graph, logger)
  const score = ldk.MultiThreadedLockableScore.constructor_new(scorer.as_Score())
  const scoring = ldk.ProbabilisticScoringFeeParameters.constructor_default()
  const router = ldk.DefaultRouter.constructor_new(graph, logger, entropy, score.as_LockableScore(), scoring)
  const messages = ldk.DefaultMessageRouter.constructor_new(graph, entropy)
  const manager = ldk.ChannelManager.constructor_new(
    fees,
    monitor.as_Watch(),
    broadcaster,
    router.as_Router(),
    messages.as_MessageRouter(),
    logger,
    entropy,
    nodeSigner,
    keys.as_SignerProvider(),
    buildConfig(ldk),
    ldk.ChainParameters.constructor_new(network, ldk.BestBlock.constructor_from_network(network)),
    seconds,
  )
  const ignore = ldk.IgnoringMessageHandler.constructor_new()
  const peers = ldk.PeerManager.constructor_new(
    manager.as_ChannelMessageHandler(),
    ignore.as_RoutingMessageHandler(),
    ignore.as_OnionMessageHandler(),
    ignore.as_CustomMessageHandler(),
    seconds,
    randomBytes(32),
    logger,
    nodeSigner,
  )

  let events: Event[] = []
  const handler = ldk.EventHandler.new_impl({
    handle_event(event) {
      events.push(event)
      return ldk.Result_NoneReplayEventZ.constructor_ok()
    },
  })
  const providers: readonly EventsProvider[] = [manager.as_EventsProvider(), monitor.as_EventsProvider()]
  chain.follow(manager, monitor.as_Confirm())

  return {
    manager,
    peers,
    nodeId: manager.get_our_node_id(),
    takeEvents() {
      for (const provider of providers) provider.process_pending_events(handler)
      const taken = events
      events = []
      return taken
    },
    held: [fees, broadcaster, logger, persist, keys, monitor, graph, scorer, score, router, messages, ignore, handler],
  }
}

function buildConfig(ldk: Ldk) {
  const config = ldk.UserConfig.constructor_default()
  const handshake = config.get_channel_handshake_config()
  // The defaults keep a stranger from locking up a tenth of the channel; here both ends are ours.
  handshake.set_max_inbound_htlc_value_in_flight_percent_of_channel(100)
  handshake.set_our_max_accepted_htlcs(MAX_HTLCS)
  handshake.set_minimum_depth(1)
  config.set_channel_handshake_config(handshake)
  const channel = config.get_channel_config()
  channel.set_max_dust_htlc_exposure(ldk.MaxDustHTLCExposure.constructor_fixed_limit_msat(MAX_DUST_MSAT))
  config.set_channel_config(channel)
  return config
}
