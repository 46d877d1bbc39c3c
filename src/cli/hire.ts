/** `tollbridge hire`: finds an agent that does a task, hires it in private, pays it within a budget, and keeps what it answers. */
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { TollbridgeError } from '../core/errors.js'
import type { EventId } from '../core/identifiers.js'
import { loadCustomerKey } from '../customer/customer-key.js'
import type { HireOutcome } from '../hirer/hire-outcome.js'
import { isSameWish, type HireRun, type HireWish, type Hirer } from '../hirer/hirer.js'
import { openHirer } from '../wiring/hiring.js'
import { EXIT, OUTCOME_EXIT } from './exit-codes.js'
import { choiceAsObject, wordsOfChoice, wordsOfEnding, wordsOfHire } from './hire-words.js'
import { planHire, type HireOptions, type HirePlan } from './hire-plan.js'
import { checkOutputFile, type RequestWorld } from './request.js'
import { usage } from './request-plan.js'
import { findWalletUri } from './wallet-uri.js'

/** Returns the exit code; of several hires the worst. @throws TollbridgeError as `request`. */
export async function hire(options: HireOptions, world: RequestWorld): Promise<number> {
  const { env, clock, log, output } = world
  const plan = planHire(options, env['XDG_STATE_HOME'] || join(world.homeDirectory, '.local', 'state'))
  await checkOutputFile(plan.outputFile)
  const walletUri = plan.dryRun ? null : await findWalletUri(plan.walletFile, env)
  if (walletUri === null && !plan.dryRun)
    throw usage('hiring needs a wallet: give --wallet-file, or set TOLLBRIDGE_WALLET')
  const secretKey = await loadCustomerKey(plan)
  // Timers of the clock keep no process alive, and a hire may have nothing else for a while.
  const keepAlive = setInterval(() => undefined, 60_000)
  const { stateDir: stateDirectory, relays, inboxRelays, network } = plan
  let hirer: Awaited<ReturnType<typeof openHirer>> | null = null
  try {
    hirer = await openHirer({ stateDirectory, secretKey, relays, inboxRelays, walletUri, network, log, clock })
    if (plan.wish !== null) return await hireFor(plan.wish, plan, hirer, world)
    const open = plan.resume === null ? (await hirer.open()).map(({ id }) => id) : [plan.resume]
    if (open.length === 0) output.say('no hire is open')
    const taken = hirer
    const codes = await Promise.all(open.map((id) => takeUp(id, plan, taken, world)))
    return Math.max(EXIT.ok, ...codes)
  } finally {
    clearInterval(keepAlive)
    await hirer?.stop()
  }
}

type OpenHirer = Omit<Hirer, 'stop'>

async function hireFor(wish: HireWish, plan: HirePlan, hirer: OpenHirer, world: RequestWorld): Promise<number> {
  const { output } = world
  const open = await hirer.open()
  const same = plan.anew || plan.dryRun ? undefined : open.find((one) => isSameWish(one, wish))
  if (same !== undefined) return takeUp(same.id, plan, hirer, world)
  if (open.length > 0 && !plan.dryRun)
    output.say(`${open.length} other hires are open; to take them up: ${plan.again(null)}`)
  const choice = await hirer.consider(wish)
  output.object(choiceAsObject(choice))
  if (plan.dryRun) output.data(wordsOfChoice(choice))
  else if (!output.json) output.say(wordsOfChoice(choice))
  if (choice.chosen === null) {
    if (!plan.dryRun) output.object({ type: 'ended', outcome: 'nobody', exitCode: EXIT.nobodyToHire })
    return EXIT.nobodyToHire
  }
  if (plan.dryRun) return EXIT.ok
  let id: EventId | null = null
  const run = runOf(plan, world, (hireId) => (id = hireId))
  return report(await hirer.hire(wish, choice, run), id, plan, world)
}

async function takeUp(id: EventId, plan: HirePlan, hirer: OpenHirer, world: RequestWorld): Promise<number> {
  return report(await hirer.resume(id, runOf(plan, world)), id, plan, world)
}

function runOf(plan: HirePlan, { output, signal }: RequestWorld, onHire?: (id: EventId) => void): HireRun {
  return {
    limit: plan.limit,
    timeoutMs: plan.timeoutMs,
    tell(line) {
      onHire?.(line.hire)
      output.object(line)
      if (!output.json) output.say(wordsOfHire(line))
    },
    ...(signal && { signal }),
  }
}

async function report(
  outcome: HireOutcome,
  hireId: EventId | null,
  plan: HirePlan,
  { output, writeBody }: RequestWorld,
): Promise<number> {
  if (outcome.type === 'result') {
    if (plan.outputFile !== null) await writeOutput(plan.outputFile, outcome.body)
    else if (!output.json) writeBody(outcome.body)
  }
  const exitCode = OUTCOME_EXIT[outcome.type]
  output.object({ type: 'ended', hireId, ...outcomeAsObject(outcome, plan.outputFile), exitCode })
  const words = wordsOfEnding(outcome, plan.again(hireId))
  if (words !== null) output.say(words)
  return exitCode
}

async function writeOutput(file: string, body: Uint8Array): Promise<void> {
  await writeFile(file, body).catch((error: unknown) => {
    throw new TollbridgeError('usage', `${file} cannot be written; --resume brings the result again`, { cause: error })
  })
}

function outcomeAsObject(outcome: HireOutcome, outputFile: string | null): object {
  const { type, ...facts } = outcome
  if (outcome.type !== 'result') return { outcome: type, ...facts }
  const { body: _, type: __, content, ...about } = outcome
  return { outcome: type, ...about, ...(outputFile === null ? { content } : { outputFile }) }
}
