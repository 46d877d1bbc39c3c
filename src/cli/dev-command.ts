/** Which options have `tollbridge dev` and `tollbridge demo`? Both run a whole world on this machine. */
import type { Command } from 'commander'
import { TollbridgeError } from '../core/errors.js'
import { createOutput } from './output.js'
import { describePurse, purseOf, type PurseOptions } from './purse-option.js'

export interface DevOptions extends PurseOptions {
  readonly json?: boolean
  readonly agents?: boolean
}

const examples = (...lines: [string, string]): string => `\nExamples:\n  $ ${lines.join('\n  $ ')}\n`

export const describeDev = (command: Command): Command =>
  describePurse(command.description('run a whole world on this machine: relay, Lightning, gate, API and daemon'))
    .option('--unpayable', 'no payment reaches the API: what customers paid goes back, or stays owed')
    .option('--json', 'print JSON lines')
    .addHelpText('after', examples('tollbridge dev', 'tollbridge dev --resell --wallet cln'))

export const describeDemo = (command: Command): Command =>
  describePurse(command.description('carry one paid job from end to end over such a world, and exit'))
    .option('--agents', 'let one agent find, hire and pay another, in private')
    .option('--json', 'print JSON lines')
    .addHelpText('after', examples('tollbridge demo', 'tollbridge demo --wrap --json'))

export async function runDev(options: DevOptions): Promise<number> {
  const purse = purseOf(options)
  const { dev } = await import('./dev.js')
  return dev(createOutput(options.json ?? false), purse)
}

export async function runDemo(options: DevOptions): Promise<number> {
  const purse = purseOf(options)
  const output = createOutput(options.json ?? false)
  if (!options.agents) return (await import('./demo.js')).demo(output, purse)
  if (purse) throw new TollbridgeError('usage', '--agents is a story of its own: leave --wrap and --resell out')
  return (await import('./demo-agents.js')).demoAgents(output)
}
