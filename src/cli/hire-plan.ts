/** What does the command line of `tollbridge hire` ask for? Checked whole before anybody hears of it. */
import { join } from 'node:path'
import { parseEventId, type EventId, type Millis, type Pubkey } from '../core/identifiers.js'
import { ZERO_MSAT, type Msat } from '../core/money.js'
import { parseProviderAddress } from '../customer/provider-address.js'
import { LONGEST_WINDOW_MS, type BudgetLimit } from '../hirer/budget.js'
import { priceWithin } from '../hirer/fees.js'
import type { HireWish } from '../hirer/hirer.js'
import type { Network } from '../ports.js'
import { hireAgain } from './again.js'
import { checked, readNetwork, readRelays, readSats, readSeconds, usage } from './request-plan.js'

/** As commander hands them over: texts, unchecked. */
export interface HireOptions {
  readonly task?: string
  readonly topic?: string
  readonly param?: readonly string[]
  readonly input?: readonly string[]
  readonly maxSats?: string
  readonly maxFeeSats?: string
  readonly budgetSats?: string
  readonly budgetHours?: string
  readonly provider?: string
  readonly relay?: readonly string[]
  readonly inbox?: readonly string[]
  readonly walletFile?: string
  readonly keyFile?: string
  readonly state?: string
  readonly trustRank?: string
  readonly rankBy?: readonly string[]
  readonly trustIssuer?: readonly string[]
  readonly trustDomain?: readonly string[]
  readonly trustAnyone?: boolean
  readonly attest?: boolean
  readonly dryRun?: boolean
  readonly resume?: string
  readonly new?: boolean
  readonly network?: string
  /** Seconds. */
  readonly timeout?: string
  readonly output?: string
}

export interface HirePlan {
  /** Null: what earlier runs left open is taken up, and nothing else. */
  readonly wish: HireWish | null
  readonly resume: EventId | null
  /** Also where the same is open already. */
  readonly anew: boolean
  readonly dryRun: boolean
  readonly limit: BudgetLimit | null
  readonly relays: readonly string[]
  readonly inboxRelays: readonly string[]
  readonly timeoutMs: Millis
  readonly network: Network
  readonly stateDir: string
  readonly keyFile: string | null
  readonly walletFile: string | null
  readonly outputFile: string | null
  /** The command that takes up a hire of this run; null for all that are open. */
  readonly again: (hireId: EventId | null) => string
}

const INPUT_TYPES = ['text', 'url', 'event', 'job']
const HOUR_MS: Millis = 3_600_000

/** `stateHome` is where state lies by default. @throws TollbridgeError `usage` */
export function planHire(options: HireOptions, stateHome: string): HirePlan {
  const provider = options.provider === undefined ? null : checked(parseProviderAddress(options.provider))
  const timeoutMs = readSeconds(options.timeout) * 1000
  const limit = readLimit(options)
  if (options.resume !== undefined && options.task !== undefined) throw usage('give --task or --resume, not both')
  const given = options.relay ?? []
  const relays = readRelays(given.length > 0 ? given : (provider?.relays ?? []))
  if (relays.length === 0) throw usage('name at least one relay with --relay URL')
  return {
    wish: options.task === undefined ? null : readWish(options, provider?.pubkey ?? null, limit, timeoutMs),
    resume: options.resume === undefined ? null : checked(parseEventId(options.resume)),
    anew: options.new ?? false,
    dryRun: options.dryRun ?? false,
    limit,
    relays,
    inboxRelays: readRelays(options.inbox ?? []),
    timeoutMs,
    network: readNetwork(options.network),
    stateDir: options.state ?? join(stateHome, 'tollbridge', 'hires'),
    keyFile: options.keyFile ?? null,
    walletFile: options.walletFile ?? null,
    outputFile: options.output ?? null,
    again: (hireId) => hireAgain(hireId, { ...options, relay: relays }),
  }
}

function readWish(
  options: HireOptions,
  provider: Pubkey | null,
  limit: BudgetLimit | null,
  deadlineMs: Millis,
): HireWish {
  const { task = '', topic = null } = options
  if (task.length === 0 || task.length > 256) throw usage('--task is the name of a capability')
  const maxMsat: Msat | null = readSats('--max-sats', options.maxSats)
  if (maxMsat === null) throw usage('hiring needs a limit: give --max-sats')
  const maxFeeMsat = readMaxFee(options.maxFeeSats)
  if (priceWithin(maxMsat, maxFeeMsat ?? undefined) === 0) {
    throw usage(
      '--max-sats leaves nothing for the provider once the fees are kept back: raise it, or give --max-fee-sats',
    )
  }
  const rankedBy = readKeys(options.rankBy)
  const issuers = readKeys(options.trustIssuer)
  const domains = (options.trustDomain ?? []).map((domain) => domain.toLowerCase())
  const minRank = readRank(options.trustRank)
  if ((minRank === null) !== (rankedBy.length === 0)) {
    throw usage('--trust-rank says how much, and --rank-by whose word counts: give both')
  }
  return {
    ...{ task, topic, provider, maxMsat, limit, deadlineMs },
    ...(maxFeeMsat !== null && { maxFeeMsat }),
    params: readParams(options.param ?? []),
    inputs: (options.input ?? []).map(readInput),
    anchors: { rankedBy, issuers, domains },
    demands: {
      minRank,
      attested: issuers.length > 0,
      nip05: domains.length > 0,
      anyone: options.trustAnyone ?? false,
    },
    attest: options.attest ?? false,
  }
}

/** 0 too: a wallet on the provider's own node pays none. */
const readMaxFee = (text: string | undefined): Msat | null =>
  text === '0' ? ZERO_MSAT : readSats('--max-fee-sats', text)

function readLimit({ budgetSats, budgetHours }: HireOptions): BudgetLimit | null {
  const msat = readSats('--budget-sats', budgetSats)
  if (msat === null) {
    if (budgetHours !== undefined) throw usage('--budget-hours is the window of --budget-sats: give both')
    return null
  }
  const hours = /^[1-9][0-9]{0,3}$/.test(budgetHours ?? '24') ? Number(budgetHours ?? '24') : Number.NaN
  if (!(hours * HOUR_MS <= LONGEST_WINDOW_MS)) throw usage('--budget-hours is a whole number of hours, 744 at most')
  return { msat, windowMs: hours * HOUR_MS }
}

function readParams(pairs: readonly string[]): Record<string, string> {
  const entries = pairs.map((pair): [string, string] => {
    const at = pair.indexOf('=')
    if (at < 1) throw usage('--param is NAME=VALUE')
    return [pair.slice(0, at), pair.slice(at + 1)]
  })
  return Object.fromEntries(entries)
}

/** As the `i` tags of a job, without their name: data, then type. */
function readInput(text: string): readonly string[] {
  const at = text.indexOf(':')
  const type = text.slice(0, Math.max(at, 0))
  return INPUT_TYPES.includes(type) ? [text.slice(at + 1), type] : [text, 'text']
}

const readKeys = (texts: readonly string[] = []): Pubkey[] =>
  texts.map((text) => checked(parseProviderAddress(text)).pubkey)

function readRank(text: string | undefined): number | null {
  if (text === undefined) return null
  if (!/^(100|[1-9]?[0-9])$/.test(text)) throw usage('--trust-rank is a whole number from 0 to 100')
  return Number(text)
}
