/** What does the hirer do while it is killed? Two hires under a budget that is enough for one; begun again, it goes on where it was. */
import { appendFileSync } from 'node:fs'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isMalformed, parsePubkey, type Pubkey } from '../../../src/core/identifiers.js'
import { msatFromSats } from '../../../src/core/money.js'
import type { SavedHire } from '../../../src/hirer/hire-journal.js'
import type { HireOutcome } from '../../../src/hirer/hire-outcome.js'
import { createHirer, type HireRun, type HireWish, type Hirer } from '../../../src/hirer/hirer.js'
import { openHirerParts } from '../../../src/wiring/hiring.js'
import type { Trap } from '../kill/trap.js'
import { decorateHirer } from './decorate-hirer.js'

export interface HirerTask {
  readonly stateDirectory: string
  /** Hex. */
  readonly secretKey: string
  readonly relayUrl: string
  readonly walletUri: string
  readonly provider: Pubkey
  readonly task: string
  readonly params: Readonly<Record<string, string>>
  readonly limitSats: number
  readonly logFile: string
  /** Written when both hires have come to an end. */
  readonly outcomeFile: string
}

export interface HirerOutcomes {
  readonly first: string
  readonly second: string
  readonly detail: unknown
}

/** One that can only wait for an unknown payment to be told of waits as long. */
const TIMEOUT_MS = 20_000
const DEADLINE_MS = 120_000

export function parseHirerTask(text: string): HirerTask {
  const task = JSON.parse(text) as HirerTask
  if (isMalformed(parsePubkey(task.provider))) throw new TypeError('the task names no provider')
  return task
}

export async function runTask(task: HirerTask, trap: Trap): Promise<void> {
  const { stateDirectory, relayUrl, walletUri, logFile } = task
  const say = (line: object) => appendFileSync(logFile, `${new Date().toISOString()} ${JSON.stringify(line)}\n`)
  const parts = await openHirerParts({
    ...{ stateDirectory, walletUri, relays: [relayUrl], network: 'regtest' },
    secretKey: Buffer.from(task.secretKey, 'hex'),
  })
  decorateHirer(parts, trap)
  const hirer = createHirer(parts)
  const limit = { msat: msatFromSats(task.limitSats), windowMs: 3_600_000 }
  const run: HireRun = { limit, timeoutMs: TIMEOUT_MS, tell: say }
  const first = await carry(hirer, wishFor(task, 'first'), run, stateDirectory)
  const second = await carry(hirer, wishFor(task, 'second'), run, stateDirectory)
  say({ first, second })
  const detail = [first, second].map((outcome) => ('message' in outcome ? outcome.message : ''))
  const outcomes: HirerOutcomes = { first: wordOf(first), second: wordOf(second), detail }
  await writeFile(task.outcomeFile, JSON.stringify(outcomes))
  hirer.stop()
  await parts.stop()
}

const wordOf = (outcome: HireOutcome): string => ('code' in outcome ? `${outcome.type} ${outcome.code}` : outcome.type)

function wishFor({ provider, task, params, limitSats }: HirerTask, name: string): HireWish {
  return {
    ...{ task, provider, topic: null, inputs: [] },
    params: { ...params, query: `hire=${name}` },
    maxMsat: msatFromSats(limitSats),
    limit: null,
    anchors: { rankedBy: [], issuers: [], domains: [] },
    demands: { minRank: null, attested: false, nip05: false, anyone: false },
    deadlineMs: DEADLINE_MS,
    attest: false,
  }
}

/** The same hire each time it is started, also when it had ended: a new one is made only where none was saved. */
async function carry(hirer: Hirer, wish: HireWish, run: HireRun, directory: string): Promise<HireOutcome> {
  const known = (await hiresIn(directory)).find(({ params }) => params['query'] === wish.params['query'])
  if (known === undefined) return hirer.hire(wish, await hirer.consider(wish), run)
  const closed = await readFile(join(directory, `${known.id}.closed.json`), 'utf8').catch(() => null)
  const result = await readFile(join(directory, `${known.id}.result.json`), 'utf8').catch(() => null)
  if (closed === null || result !== null) return hirer.resume(known.id, run)
  const { paid, reason } = JSON.parse(closed) as { paid: boolean; reason: string }
  const code = reason.split(' ')[0] ?? ''
  return { type: 'error', code, message: reason, payment: paid ? 'paid' : 'none', credentialFile: null }
}

async function hiresIn(directory: string): Promise<SavedHire[]> {
  const names = (await readdir(directory).catch(() => [])).filter((name) => name.endsWith('.hire.json'))
  return Promise.all(names.map(async (name) => JSON.parse(await readFile(join(directory, name), 'utf8')) as SavedHire))
}
