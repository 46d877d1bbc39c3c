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
    const hire = [
      `npx tollbridge request ${world.npub}`,
      `--relay ${world.relay.url} --path /joke --network regtest`,
      `--pay --max-sats 1000 --wallet-file ${world.customerWalletFile}`,
    ]
    output.object({
      type: 'started',
      relay: world.relay.url,
      provider: world.npub,
      config: world.configFile,
      hire: hire.join(' '),
    })
    output.data(
      [
        `The bridge is up. Hire it from a second terminal:\n`,
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
