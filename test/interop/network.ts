/** Which network does the interop suite run on? One chain, two LND nodes, and a channel between them with money on both sides. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startChain, type Chain } from './chain.js'
import { freePorts, until } from './daemon.js'
import { startRealNode, type RealNode } from './lnd-node.js'

export interface RealNetwork {
  readonly chain: Chain
  readonly node: RealNode
  readonly other: RealNode
  /** Resolves when the channel can carry payments both ways. */
  channelReady(): Promise<void>
  stop(): Promise<void>
}

const CAPACITY = 10_000_000
/** Beyond the confirmations that either node may ask for. */
const CONFIRMATIONS = 8

/** `programs`: the directory in which `lnd` and `btcd` are. */
export async function startRealNetwork(programs: string): Promise<RealNetwork> {
  const directory = mkdtempSync(join(tmpdir(), 'tollbridge-interop-'))
  const opened: { stop(): Promise<void> }[] = []
  const stop = async (): Promise<void> => {
    for (const one of opened.splice(0).reverse()) await one.stop()
    rmSync(directory, { recursive: true, force: true })
  }
  try {
    const [p1, p2, a1, a2, a3, b1, b2, b3] = (await freePorts(8)) as [
      ...[number, number],
      ...[number, number, number],
      ...[number, number, number],
    ]
    const chain = await startChain({ program: join(programs, 'btcd'), directory, ports: [p1, p2] })
    opened.push(chain)
    const start = async (name: string, ports: [number, number, number]): Promise<RealNode> => {
      const { backend } = chain
      const node = await startRealNode({
        program: join(programs, 'lnd'),
        directory: join(directory, name),
        ports,
        backend,
      })
      opened.push(node)
      return node
    }
    const [node, other] = await Promise.all([start('a', [a1, a2, a3]), start('b', [b1, b2, b3])])
    const addresses = await Promise.all(
      [node, other].map(async (one) => String((await one.call('GET', '/v1/newaddress?type=0'))['address'])),
    )
    await chain.fund(addresses)
    const isFunded = async (): Promise<boolean> =>
      Number((await node.call('GET', '/v1/balance/blockchain'))['confirmed_balance']) > CAPACITY
    await until('the coins have arrived', isFunded)

    await node.call('POST', '/v1/peers', { addr: { pubkey: other.id, host: other.peerAddress }, perm: true })
    await until('both have met and caught up', async () => {
      const { peers } = await node.call('GET', '/v1/peers')
      const known = await Promise.all([node, other].map((one) => one.call('GET', '/v1/getinfo')))
      return Array.isArray(peers) && peers.length > 0 && known.every((one) => one['synced_to_chain'] === true)
    })
    await node.call('POST', '/v1/channels', {
      node_pubkey_string: other.id,
      local_funding_amount: String(CAPACITY),
      push_sat: String(CAPACITY / 2),
      sat_per_vbyte: '2',
    })
    await chain.mine(CONFIRMATIONS)
    const channelReady = (): Promise<void> =>
      until('a payment finds its way in both directions', async () => {
        // Refused for as long as there is no way.
        await node.call('GET', `/v1/graph/routes/${other.id}/1000`)
        await other.call('GET', `/v1/graph/routes/${node.id}/1000`)
        return true
      })
    await channelReady()
    return { chain, node, other, channelReady, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
