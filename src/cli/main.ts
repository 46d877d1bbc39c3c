/** Which commands are there? The wiring of commander; each command's work stands in its own file. */
import type { JobFilter } from './jobs.js'
import { createRequire } from 'node:module'
import { Command } from 'commander'
import { loadConfig, loadStateDirectory } from '../config/load.js'
import { TollbridgeError } from '../core/errors.js'
import { describeDemo, describeDev, runDemo, runDev, type DevOptions } from './dev-command.js'
import { EXIT } from './exit-codes.js'
import { describeHire } from './hire-command.js'
import type { HireOptions } from './hire-plan.js'
import { describeInit, runInit } from './init-command.js'
import { createOutput } from './output.js'
import type { RefundOptions } from './refund-destination.js'
import { reportFault } from './report-fault.js'
import type { RequestOptions } from './request-plan.js'

const { version } = createRequire(import.meta.url)('../../../package.json') as { version: string }
const DEFAULT_CONFIG = 'tollbridge.yaml'

/** Each help text ends with two examples that work as printed. */
const examples = (...lines: [string, string]) => `\nExamples:\n  $ ${lines.join('\n  $ ')}\n`

const program = new Command('tollbridge')
  .description('Carries NIP-90 jobs from Nostr across to L402-gated HTTP APIs, and their answers back.')
  .version(version)
  .enablePositionalOptions()
  .exitOverride()
  .addHelpText(
    'after',
    examples('tollbridge demo', 'tollbridge init ./bridge && tollbridge check -c ./bridge/tollbridge.yaml'),
  )

const withConfig = (command: Command) =>
  command.option(
    '-c, --config <file>',
    'the configuration file',
    process.argv.includes('-c') ? undefined : DEFAULT_CONFIG,
  )

describeInit(program.command('init')).action(runInit)

withConfig(program.command('run'))
  .description('run the daemon until it is told to stop')
  .addHelpText('after', examples('tollbridge run', 'tollbridge run -c /etc/tollbridge/tollbridge.yaml'))
  .action(async ({ config }: ConfigOption) => {
    const { run } = await import('./run.js')
    await finish(run(config))
  })

describeDev(program.command('dev')).action((options: DevOptions) => finish(runDev(options)))
describeDemo(program.command('demo')).action((options: DevOptions) => finish(runDemo(options)))

configured('check', 'prove relays, wallets, the 402 and the settlement path of every route before the first job')
  .addHelpText('after', examples('tollbridge check', 'tollbridge check -c tollbridge.yaml --json'))
  .option('--path <path>', 'a concrete path to probe where a route is a pattern; may be repeated', collect, [])
  .option('--try-hold', 'have each wallet that can hold payments make a hold invoice of one sat, and take it back')
  .action(
    async ({ config, path, tryHold, json = false }: ConfigOption & JsonOption & { path: string[]; tryHold?: true }) => {
      const { check } = await import('./check.js')
      await finish(check(await loadConfig(config), path, createOutput(json), { holds: tryHold === true }))
    },
  )

configured('status', 'say whether the running daemon can serve; exits 0 only when it can')
  .addHelpText('after', examples('tollbridge status', 'tollbridge status --json'))
  .action(async ({ config, json = false }: ConfigOption & JsonOption) => {
    const { showStatus } = await import('./status.js')
    await finish(showStatus(await loadStateDirectory(config), createOutput(json)))
  })

configured('config', 'print the effective settings; secrets are shown as (set)')
  .addHelpText('after', examples('tollbridge config', 'tollbridge config --json'))
  .action(async ({ config, json = false }: ConfigOption & JsonOption) => {
    const { describeConfig, printConfig } = await import('../config/describe.js')
    const loaded = await loadConfig(config)
    const output = createOutput(json)
    output.object({ type: 'config', ...describeConfig(loaded) })
    output.data(printConfig(loaded).trimEnd())
    await finish(Promise.resolve(EXIT.ok))
  })

const jobs = program
  .command('jobs')
  .description('list, show, retry, refund and redeliver jobs')
  .addHelpText('after', examples('tollbridge jobs list --owed', 'tollbridge jobs list --json'))

withConfig(jobs.command('list'))
  .description('list jobs, newest first')
  .option('--json', 'print JSON lines')
  .option('--open', 'only jobs that are open', false)
  .option('--owed', 'only jobs that were paid and not served', false)
  .option('--lost', 'only jobs whose upstream we paid without having the money of the customer', false)
  .option('--limit <n>', 'at most so many', wholeNumber, 100)
  .addHelpText('after', examples('tollbridge jobs list', 'tollbridge jobs list --owed --json'))
  .action(async (options: ConfigOption & JsonOption & JobFilter) => {
    const { listJobs } = await import('./jobs.js')
    await finish(listJobs(await loadStateDirectory(options.config), options, createOutput(options.json ?? false)))
  })

withConfig(jobs.command('show'))
  .argument('<id>', 'the job: 64 hex digits')
  .description('show how a job stands; with --json everything that is known of it but its secrets')
  .option('--json', 'print JSON lines')
  .addHelpText('after', examples('tollbridge jobs show $ID', 'tollbridge jobs show $ID --json'))
  .action(async (id: string, { config, json = false }: ConfigOption & JsonOption) => {
    const { showJob } = await import('./jobs.js')
    await finish(showJob(await loadStateDirectory(config), id, createOutput(json)))
  })

withConfig(jobs.command('retry'))
  .argument('<id>', 'the job: 64 hex digits')
  .description('try a paid job that failed again, with the same credential')
  .option('--json', 'print JSON lines')
  .addHelpText('after', examples('tollbridge jobs retry $ID', 'tollbridge jobs retry $ID --json'))
  .action(async (id: string, { config, json = false }: ConfigOption & JsonOption) => {
    const { retryJob } = await import('./jobs.js')
    await finish(retryJob(await loadConfig(config), id, createOutput(json)))
  })

withConfig(jobs.command('refund'))
  .argument('<id>', 'the job: 64 hex digits')
  .description('send money back that is owed for a job')
  .option('--to <destination>', 'an invoice or a Lightning address, in the place of what the job says')
  .option('--to-file <file>', 'a 0600 file with the destination: a wallet connection is a secret')
  .option('--json', 'print JSON lines')
  .addHelpText('after', examples('tollbridge jobs refund $ID', 'tollbridge jobs refund $ID --to name@example.com'))
  .action(async (id: string, { config, json = false, ...options }: ConfigOption & JsonOption & RefundOptions) => {
    const { refundJob } = await import('./refund-job.js')
    await finish(refundJob(await loadConfig(config), id, options, createOutput(json)))
  })

withConfig(jobs.command('redeliver'))
  .argument('<id>', 'the job: 64 hex digits')
  .description('send the stored result of a job again, and say what each relay answered')
  .option('--json', 'print JSON lines')
  .addHelpText('after', examples('tollbridge jobs redeliver $ID', 'tollbridge jobs redeliver $ID --json'))
  .action(async (id: string, { config, json = false }: ConfigOption & JsonOption) => {
    const { redeliverJob } = await import('./redeliver-job.js')
    await finish(redeliverJob(await loadConfig(config), id, createOutput(json)))
  })

configured('announce', 'publish the announcements now, and say what each relay answered')
  .option('--retire', 'take the announcements back instead', false)
  .addHelpText('after', examples('tollbridge announce', 'tollbridge announce --retire'))
  .action(async ({ config, retire, json = false }: ConfigOption & JsonOption & { retire: boolean }) => {
    const { announce } = await import('./announce.js')
    await finish(announce(await loadConfig(config), retire, createOutput(json)))
  })

program
  .command('request')
  .argument('[provider]', 'the service provider: npub, nprofile or hex; may be left out with --job')
  .description('be a customer: publish a job, show or pay its invoice, verify the result and print it')
  .option('--relay <url>', 'a relay to publish to and read from; may be repeated', collect)
  .option('--method <method>', 'the HTTP method; default: GET, or POST with a body')
  .option('--path <path>', 'the path, with or without a query')
  .option('--query <query>', 'the query, without its ?')
  .option('--body <text>', 'the request body')
  .option('--body-file <file>', 'the request body, from a file')
  .option('--accept <type>', 'the media type that is wanted')
  .option('--content-type <type>', 'the media type of the body')
  .option('--bid-sats <n>', 'the most that the provider may ask, said in the job')
  .option('--max-sats <n>', 'the most that is paid, said to nobody')
  .option('--pay', 'pay the invoice from the wallet')
  .option('--wallet-file <file>', 'a 0600 file with the NWC address of the wallet; or set TOLLBRIDGE_WALLET')
  .option('--key-file <file>', 'a 0600 file with the key to ask with (nsec or hex); default: a key kept in the state')
  .option('--proof', 'promise and send the payment proof')
  .option('--refund <destination>', 'where money goes back that cannot be used: an invoice or a Lightning address')
  .option('--refund-file <file>', 'a 0600 file with it; a wallet connection only so, and only with --encrypt')
  .option('--encrypt [scheme]', 'ask in private: nip44 (default) or nip04')
  .option('--timeout <seconds>', 'how long to wait; default: 300')
  .option('--job <id>', 'take up a job of an earlier run: nothing is published or paid twice')
  .option('--state <dir>', 'where jobs and payments are kept; default: ~/.local/state/tollbridge/requests')
  .option('--network <network>', 'mainnet (default), testnet, signet or regtest')
  .option('--output <file>', 'write the body of the result to a file')
  .option('--show-credential', 'print a credential that was handed over')
  .option('--allow-private', 'fetch outputs from private addresses, too; for trying things out')
  .option('--json', 'print JSON lines')
  .addHelpText(
    'after',
    examples(
      'tollbridge request $NPUB --relay wss://relay.damus.io --path /joke',
      'tollbridge request $NPUB --relay wss://relay.damus.io --path /joke --pay --max-sats 100 --wallet-file wallet.nwc',
    ),
  )
  .action(async (provider: string | undefined, options: RequestOptions & JsonOption) => {
    const { runRequest } = await import('./run-request.js')
    await finish(runRequest({ ...options, ...(provider && { provider }) }, createOutput(options.json ?? false)))
  })

describeHire(program.command('hire')).action(async (options: HireOptions & JsonOption) => {
  const { runHire } = await import('./run-hire.js')
  await finish(runHire(options, createOutput(options.json ?? false)))
})

interface ConfigOption {
  readonly config: string
}
interface JsonOption {
  readonly json?: boolean
}

function configured(name: string, description: string): Command {
  return withConfig(program.command(name)).description(description).option('--json', 'print JSON lines')
}

function collect(value: string, before: string[] = []): string[] {
  return [...before, value]
}

function wholeNumber(text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number) && number > 0) return number
  throw new TollbridgeError('usage', `a whole number above 0 is expected, not ${text.slice(0, 40)}`)
}

/** Sets the exit code and lets the process end by itself; what is still open afterwards is a bug that would show. */
async function finish(command: Promise<number>): Promise<void> {
  process.exitCode = await command
}

// Whoever reads our output may have read enough: `tollbridge jobs list | head -1`.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
    process.exit()
  })
}

try {
  await program.parseAsync()
} catch (error) {
  process.exitCode = reportFault(error, createOutput(process.argv.includes('--json')))
}
