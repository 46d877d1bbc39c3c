/** `tollbridge dev`: the world of the demo, kept running, with the command to hire it from a second terminal. */
import { loadConfig } from '../config/load.js'
import { startDaemon } from '../daemon.js'
import type { PurseRequest } from '../dev/purse.js'
import { startDevWorld } from '../dev/world.js'
import { whySimulated } from './demo-story.js'
import { EXIT } from './exit-codes.js'
import { createLog } from './log.js'
import type { Output } from './output.js'
import { untilSignalled } from './run.js'

/** `purse`: the API belongs to somebody else, and the daemon pays it. */
export async function dev(output: Output, purse: PurseRequest | null = null): Promise<number> {
  const world = await startDevWorld({ logLevel: 'info', ...(purse && { purse }) })
  const log = createLog('info')
  try {
    const simulated = whySimulated(world)
    if (simulated !== null) output.say(simulated)
    const daemon = await startDaemon(await loadConfig(world.configFile), log)
    const surroundings = `--relay ${world.relay.url} --network regtest --wallet-file ${world.customerWalletFile}`
    const request = [`npx tollbridge request ${world.npub}`, '--path /joke --pay --max-sats 1000', surroundings]
    const hire = [`npx tollbridge hire --task joke --provider ${world.npub}`, '--max-sats 1100', surroundings]
    output.object({
      type: 'started',
      relay: world.relay.url,
      provider: world.npub,
      config: world.configFile,
      hire: request.join(' '),
      hireInPrivate: hire.join(' '),
      ...(purse && { mode: purse.mode, wallet: purse.wallet, unpayable: purse.isUnpayable ?? false }),
    })
    output.data(
      [
        'The bridge is up. Ask it from a second terminal, in the open:\n',
        `  ${request.join(' \\\n    ')}\n`,
        'Or as one agent hires another, in private (--dry-run shows what it would do):\n',
        `  ${hire.join(' \\\n    ')}\n`,
        ...sayPurse(purse, world.customerWalletFile),
        `Its configuration and state: ${world.directory}`,
        `  npx tollbridge status -c ${world.configFile}`,
        `  npx tollbridge jobs list -c ${world.configFile}`,
        `  npx tollbridge check -c ${world.configFile}\n`,
        'Ctrl-C stops everything.',
      ].join('\n'),
    )
    await untilSignalled()
    await daemon.stop()
    return EXIT.ok
  } finally {
    log.flush()
    await world.stop()
  }
}

/** What to try where the bridge handles money. */
function sayPurse(purse: PurseRequest | null, customerWalletFile: string): string[] {
  if (purse?.isUnpayable !== true) return []
  if (purse.mode === 'wrap')
    return ['No payment reaches the API: the payment is held for a moment, and goes back by itself.\n']
  return [
    'No payment reaches the API. The money goes back by itself where the request says where to:\n',
    `  --encrypt --refund-file ${customerWalletFile}\n`,
    'Without that it stays owed: see it with jobs list --owed, and send it back with jobs refund ID --to-file FILE.\n',
  ]
}
