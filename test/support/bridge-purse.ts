/** What does the bridge pay upstreams with? A node of its own behind a wallet service, as an operator would connect it. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { NwcPermissions } from '../../src/dev/nwc-methods.js'
import type { SimulatedNetwork, SimulatedNode } from '../../src/dev/lightning/simulated.js'
import { startNwcWallet, type NwcWalletService } from '../../src/dev/nwc-wallet.js'

export interface PurseOptions {
  /** Default: hold. */
  readonly permissions?: NwcPermissions
  /** Default: a node of its own. `merchant`: the very node that the upstream is paid on. */
  readonly node?: 'own' | 'merchant'
}

export interface BridgePurse {
  readonly node: SimulatedNode
  readonly service: NwcWalletService
}

export const PURSE_SETTINGS = { type: 'nwc', uri: { file: './purse.nwc' } } as const

export async function openPurse(
  options: PurseOptions,
  world: {
    readonly network: SimulatedNetwork | null
    readonly merchant: unknown
    readonly relayUrl: string
    readonly directory: string
  },
): Promise<BridgePurse> {
  if (!world.network) throw new Error('a purse needs the simulated network')
  const node = options.node === 'merchant' ? (world.merchant as SimulatedNode) : world.network.createNode()
  const { relayUrl } = world
  const service = await startNwcWallet({ node, relayUrl, permissions: options.permissions ?? 'hold' })
  await writeFile(join(world.directory, 'purse.nwc'), `${service.uri}\n`, { mode: 0o600 })
  return { node, service }
}
