/** Which options has `tollbridge init`, and what does it print? */
import type { Command } from 'commander'
import type { ServiceSource } from './find-service.js'
import { createOutput } from './output.js'

interface InitOptions extends ServiceSource {
  readonly json?: boolean
  readonly passwordFile?: string
}

const EXAMPLES = ['tollbridge init ./bridge --json', 'tollbridge init ./bridge --from https://api.example.com']

const collect = (value: string, before: string[] = []): string[] => [...before, value]

export const describeInit = (command: Command): Command =>
  command
    .argument('[directory]', 'where to write the configuration and the key', '.')
    .description('write a commented configuration and a new key; never overwrites')
    .option('--password-file <file>', 'lock the key with the password in this 0600 file (NIP-49)')
    .option('--from <url>', 'fill in the routes of the API at this URL, as it describes them below /.well-known/')
    .option(
      '--listing <address>',
      'fill in the routes of a listing (kind 31402): naddr, nevent, or a file with the event',
    )
    .option(
      '--relay <url>',
      'where the listing is looked for, beside the relays in its address; may be repeated',
      collect,
    )
    .option('--json', 'print JSON lines')
    .addHelpText('after', `\nExamples:\n  $ ${EXAMPLES.join('\n  $ ')}\n`)

export async function runInit(directory: string, options: InitOptions): Promise<void> {
  const { init } = await import('./init.js')
  const { findService } = await import('./find-service.js')
  const output = createOutput(options.json ?? false)
  const service = await findService(options)
  const written = await init(directory, options.passwordFile ?? null, service)
  output.object({ type: 'initialised', ...written })
  output.data(
    [
      `wrote ${written.configFile}`,
      `wrote ${written.keyFile}`,
      `you are ${written.npub}`,
      '',
      ...written.nextSteps,
    ].join('\n'),
  )
}
