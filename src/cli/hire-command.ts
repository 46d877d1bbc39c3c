/** Which options has `tollbridge hire`? Declared beside its work, as the command is longer than most. */
import type { Command } from 'commander'

const EXAMPLES = [
  'tollbridge hire --task weather --relay wss://relay.damus.io --max-sats 50 --trust-anyone --dry-run',
  'tollbridge hire --task weather --provider $NPUB --relay wss://relay.damus.io --max-sats 50 --wallet-file wallet.nwc',
]

const collect = (value: string, before: string[] = []): string[] => [...before, value]

export const describeHire = (command: Command): Command =>
  command
    .description(
      'be an agent: find a provider of a task, hire it in private, pay it within a budget; takes up what is open',
    )
    .option('--task <name>', 'what is to be done: the name of a capability; without it, open hires are taken up')
    .option('--topic <topic>', 'only providers that list this topic')
    .option('--param <name=value>', 'a parameter of the task; may be repeated', collect)
    .option(
      '--input <type:data>',
      'an input of type text, url, event or job; without a type, text; may be repeated',
      collect,
    )
    .option('--max-sats <n>', 'what this hire may cost at most, fees included')
    .option('--max-fee-sats <n>', 'what is kept of it for fees; default: 1 % of the price, 10 sats at least')
    .option('--budget-sats <n>', 'what all hires of this state directory may cost in the window, fees included')
    .option('--budget-hours <n>', 'the window of the budget, rolling; default: 24')
    .option('--provider <key>', 'hire this one: npub, nprofile or hex; nobody is looked for')
    .option('--relay <url>', 'where providers are looked for; may be repeated', collect)
    .option('--inbox <url>', 'where answers shall come, if we list no inbox yet; may be repeated', collect)
    .option('--trust-rank <n>', 'demand a rank of at least so much (NIP-85, 0 to 100) by --rank-by')
    .option('--rank-by <key>', 'whose ranks count; may be repeated', collect)
    .option('--trust-issuer <key>', 'demand an attestation (kind 31000) by this key; of several, by any', collect)
    .option('--trust-domain <domain>', 'demand a NIP-05 name of this domain; of several, of any', collect)
    .option('--trust-anyone', 'hire also whom nobody vouches for')
    .option('--attest', 'leave a public attestation when it is done')
    .option('--dry-run', 'print the candidates, the choice and why; nothing is sent or spent')
    .option('--resume <id>', 'take up this hire of an earlier run: nothing is asked or paid twice')
    .option('--new', 'begin anew, also where the same hire is open')
    .option('--wallet-file <file>', 'a 0600 file with the NWC address of the wallet; or set TOLLBRIDGE_WALLET')
    .option(
      '--key-file <file>',
      'a 0600 file with the key to hire with (nsec or hex); default: a key kept in the state',
    )
    .option('--state <dir>', 'where hires, payments and the budget are kept; default: ~/.local/state/tollbridge/hires')
    .option('--network <network>', 'mainnet (default), testnet, signet or regtest')
    .option('--timeout <seconds>', 'how long to wait, and until when an invoice is paid; default: 300')
    .option('--output <file>', 'write the body of the result to a file')
    .option('--json', 'print JSON lines')
    .addHelpText('after', `\nExamples:\n  $ ${EXAMPLES.join('\n  $ ')}\n`)
