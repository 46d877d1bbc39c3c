/** Who hires the real daemon in tests? The command, with a wallet and a state of its own, at the relay of the bridge. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { vi } from 'vitest'
import { hire } from '../../src/cli/hire.js'
import type { HireOptions } from '../../src/cli/hire-plan.js'
import { startNwcWallet } from '../../src/dev/nwc-wallet.js'
import { HANDLER_KIND } from '../../src/nostr/kinds/announcement.js'
import { INBOX_LIST_KIND } from '../../src/nostr/kinds/relay-list.js'
import type { Bridge } from './bridge.js'
import { recordRun } from './record-run.js'

const SOON = { timeout: 10_000, interval: 10 }

/** Expects a bridge that announces itself at the relay where the hirer is at home: its own, unless another is named. */
export async function createBridgeHirer(bridge: Bridge, relay = bridge.relay) {
  const { directory, daemon } = bridge
  const service = await startNwcWallet({ node: bridge.payer, relayUrl: bridge.relay.url, permissions: 'full' })
  const walletFile = join(directory, 'hirer.nwc')
  await writeFile(walletFile, `${service.uri}\n`, { mode: 0o600 })
  const isThere = (kind: number) =>
    [...relay.events()].some((event) => event.kind === kind && event.pubkey === daemon.pubkey)
  await vi.waitFor(() => {
    if (!isThere(HANDLER_KIND) || !isThere(INBOX_LIST_KIND)) throw new Error('not announced yet')
  }, SOON)
  const defaults = {
    ...{ task: 'all', maxSats: '6000', provider: daemon.pubkey, relay: [relay.url], walletFile },
    ...{ state: join(directory, 'hires'), network: 'regtest', timeout: '20' },
  }
  return {
    service,
    walletFile,
    hiring: (path: string, options: Partial<HireOptions> = {}) =>
      recordRun((world) => hire({ ...defaults, param: ['method=GET', `path=${path}`], ...options }, world), {
        homeDirectory: directory,
      }),
    stop: () => service.stop(),
  }
}

export type BridgeHirer = Awaited<ReturnType<typeof createBridgeHirer>>
