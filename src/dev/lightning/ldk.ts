/** How are two real Lightning nodes had in one process? LDK over a regtest chain fed by hand, with one open, balanced channel. */
import type { Event_FundingGenerationReady } from 'lightningdevkit'
import { randomBytes } from 'node:crypto'
import { createRegtestChain } from './ldk-chain.js'
import { createLdkNode, type LdkNode } from './ldk-node.js'
import { loadLdk, type LdkPackages } from './ldk-package.js'
import { createLdkPeer, type LdkPeer } from './ldk-peer.js'
import { createPump } from './ldk-pump.js'

export { ldkAvailable } from './ldk-package.js'

export interface LdkPair {
  readonly alice: LdkNode
  readonly bob: LdkNode
  /** Idempotent. Payments under way end `unknown`. */
  stop(): void
}

/** The largest that needs no `option_support_large_channel`, less a round rest. */
const CHANNEL_SATS = 16_000_000n
const PUSHED_MSAT = (CHANNEL_SATS * 1000n) / 2n
/** Deep enough for both ends to call the channel ready. */
const CONFIRMATIONS = 6

/** Two nodes that can pay each other up to nearly 8,000,000 sats. @throws where LDK is not installed: ask `ldkAvailable` first. */
export async function createLdkPair(): Promise<LdkPair> {
  const packages = await loadLdk()
  const { ldk } = packages
  const chain = createRegtestChain(packages)
  const peers = [createLdkPeer(packages, chain), createLdkPeer(packages, chain)] as const
  const pump = createPump(packages, (peer, event) => {
    if (event instanceof ldk.Event_FundingGenerationReady) fundChannel(packages, peer, event)
    const own = peer === peers[0] ? alice : bob
    own.onEvent(event)
  })
  const alice = createLdkNode({ packages, peer: peers[0], chain, run: pump.run })
  const bob = createLdkNode({ packages, peer: peers[1], chain, run: pump.run })

  chain.mine(1)
  pump.connect(...peers)
  await pump.quiet()
  const opened = peers[0].manager.create_channel(peers[1].nodeId, CHANNEL_SATS, PUSHED_MSAT, 0n, null, null)
  if (!opened.is_ok()) throw new Error('LDK did not open the channel')
  await pump.quiet()
  chain.mine(CONFIRMATIONS)
  await pump.quiet()
  if (peers.some(({ manager }) => manager.list_usable_channels().length === 0)) {
    throw new Error('the channel did not become usable')
  }

  return {
    alice: alice.node,
    bob: bob.node,
    stop() {
      pump.stop()
      chain.stop()
      alice.node.stop()
      bob.node.stop()
    },
  }
}

/** LDK asks for the transaction that funds the channel; nobody checks here what it spends. */
function fundChannel({ bitcoin }: LdkPackages, { manager }: LdkPeer, event: Event_FundingGenerationReady): void {
  const transaction = new bitcoin.Transaction()
  transaction.version = 2
  transaction.addInput(randomBytes(32), 0, 0xffffffff)
  transaction.addOutput(Buffer.from(event.output_script), Number(event.channel_value_satoshis))
  transaction.setWitness(0, [Buffer.of(0xff)])
  const { temporary_channel_id: id, counterparty_node_id: counterparty } = event
  const funded = manager.funding_transaction_generated(id, counterparty, transaction.toBuffer())
  if (!funded.is_ok()) throw new Error('LDK refused the funding transaction')
}
