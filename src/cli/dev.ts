/** `tollbridge dev`: the world of the demo, kept running, with the command to hire it from a second terminal. */
import { loadConfig } from '../config/load.js'
import { startDaemon } from '../daemon.js'
import { startDevWorld } from '../dev/world.js'
import { EXIT } from './exit-codes.js'
import { createLog } from './log.js'
import type { Output } from './output.js'
import { untilSignalled } from './run.js'

export async function dev(output: Output): Promise<number> {
  const world = await startDevWorld({ logLevel: 'info' })
  const log = createLog('info')
  try {
    if (world.lightning === 'simulated') {
      output.say('The package lightningdevkit is not installed, so payments run over a simulation of Lightning.')
    }
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
    })
    output.data(
      [
        'The bridge is up. Ask it from a second terminal, in the open:\n',
        `  ${request.join(' \\\n    ')}\n`,
        'Or as one agent hires another, in private (--dry-run shows what it would do):\n',
        `  ${hire.join(' \\\n    ')}\n`,
        `Its configuration and state: ${world.directory}`,
        `  npx tollbridge status -c ${world.configFile}`,
        `  npx tollbridge jobs list -c ${world.configFile}\n`,
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
