/** What do the store's tests need? Jobs in every state, a clock, a silent log, directories that go away again. */
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'
import type { EventId, PaymentHash, Preimage, Pubkey } from '../../src/core/identifiers.js'
import { NO_CALLS, type Challenge, type Job, type Offer } from '../../src/core/job.js'
import type { Msat } from '../../src/core/money.js'
import type { Clock, JobStore, Logger } from '../../src/ports.js'
import type { LowdbStoreOptions } from '../../src/stores/lowdb-store.js'
import { createLowdbStore } from '../../src/stores/lowdb-store.js'

export const hexOf = (seed: string | number): string => createHash('sha256').update(String(seed)).digest('hex')
export const idOf = (seed: string | number): EventId => hexOf(`id ${seed}`) as EventId
export const hashOf = (seed: string | number): PaymentHash => hexOf(`hash ${seed}`) as PaymentHash
export const CUSTOMER = hexOf('customer') as Pubkey

export const TOKEN = 'canary-token-AgEDbG5kAvgBAwoQ'
export const STATUS_TOKEN = 'canary-status-token'
export const PREIMAGE = hexOf('canary preimage') as Preimage

export const offerOf = (hash: PaymentHash): Offer => ({
  scheme: 'L402',
  bolt11: 'lnbcrt1',
  paymentHash: hash,
  amountMsat: 21_000 as Msat,
  payee: `02${hexOf('payee')}`,
  expiresAt: 1_800_000_000_000,
  issuedAt: 1_700_000_000_000,
  offeredAt: 1_700_000_000_000,
  sources: ['merchantWallet'],
})

const admitted = (seed: string | number, version: number) => ({
  id: idOf(seed),
  kind: 5800,
  customer: CUSTOMER,
  version,
  receivedAt: 1_700_000_000_000,
  updatedAt: 1_700_000_000_000 + version,
  request: '{"kind":5800,"content":"Grüße, ünïcödé and \u2028 newlines\\n"}',
  bidMsat: 50_000 as Msat,
  replyRelays: ['wss://relay.example'],
  heardOn: 'wss://relay.example',
  proofPromised: false,
  outbox: [],
})
const call = {
  upstream: 'api',
  route: 'quote',
  method: 'GET',
  target: '/v1/quote?q=1',
  headers: { accept: 'application/json' },
  body: null,
}
const calls = NO_CALLS
const secrets = { token: TOKEN, statusUrl: `https://api.example/status?t=${STATUS_TOKEN}` }

export const quoting = (seed: string | number, version = 1): Job => ({
  ...admitted(seed, version),
  call,
  state: 'quoting',
  calls,
})

export const invoicing = (seed: string | number, version = 2): Job => {
  const challenge: Challenge = {
    ...{ scheme: 'L402', bolt11: 'lnbcrt1', callPriceMsat: null, offersExactPrice: false },
    ...{ ...secrets, claimed: { paymentHash: null, amountMsat: null } },
  }
  return { ...admitted(seed, version), call, state: 'invoicing', challenge }
}

export const awaiting = (seed: string | number, version = 2, hash = hashOf(seed)): Job => ({
  ...admitted(seed, version),
  ...{ call, state: 'awaiting', offer: offerOf(hash), secrets },
})

export const fetching = (seed: string | number, version = 3, hash = hashOf(seed)): Job => ({
  ...admitted(seed, version),
  ...{ call, state: 'fetching', offer: offerOf(hash), calls },
  secrets: { ...secrets, key: { kind: 'preimage', value: PREIMAGE } },
  payment: { source: 'merchantWallet', at: 1_700_000_000_500 },
})

export const failing = (seed: string | number, version = 3): Job => ({
  ...admitted(seed, version),
  ...{ call, state: 'failing', failure: { code: 'at-capacity', detail: null, httpStatus: null } },
})

export const rejected = (seed: string | number, version = 2): Job => ({
  ...admitted(seed, version),
  ...{ call, state: 'rejected', failure: { code: 'at-capacity', detail: null, httpStatus: null } },
})

export const expired = (seed: string | number, version = 3, updatedAt = 1_700_000_000_000): Job => ({
  ...admitted(seed, version),
  ...{ call, state: 'expired', offer: offerOf(hashOf(seed)), secrets, updatedAt },
})

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs)
    timer.unref()
    return () => clearTimeout(timer)
  },
}

/** A clock that stands still until told; timers run in order when it moves. */
export function createHandClock(): Clock & { advance(ms: number): void } {
  let now = 1_700_000_000_000
  const timers = new Set<{ at: number; run: () => void }>()
  return {
    now: () => now,
    after(delayMs, run) {
      const timer = { at: now + delayMs, run }
      timers.add(timer)
      return () => timers.delete(timer)
    },
    advance(ms) {
      now += ms
      for (const timer of [...timers].sort((a, b) => a.at - b.at)) {
        if (timer.at <= now && timers.delete(timer)) timer.run()
      }
    },
  }
}

export interface Logged {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly event: string
  readonly fields: object
}

export function createLogRecorder(): Logger & { readonly entries: Logged[] } {
  const entries: Logged[] = []
  const at = (level: Logged['level']) => (fields: object, event: string) => void entries.push({ level, event, fields })
  return { entries, debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}

const leftovers: (() => Promise<unknown>)[] = []

/** Last in, first out, after every test. */
export const afterwards = (undo: () => Promise<unknown>): void => void leftovers.push(undo)

afterEach(async () => {
  for (let undo = leftovers.pop(); undo; undo = leftovers.pop()) await undo()
})

export async function createStateDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tollbridge-store-'))
  afterwards(() => rm(directory, { recursive: true, force: true, maxRetries: 5 }))
  return directory
}

export const SEALING_KEY = createHash('sha256').update('a sealing key for tests').digest()

/** A lowdb store with little ballast, closed after the test. */
export async function openTestStore(dir: string, options: Partial<LowdbStoreOptions> = {}): Promise<JobStore> {
  const store = await createLowdbStore({
    ...{ dir, sealingKey: SEALING_KEY, clock: systemClock, log: createLogRecorder() },
    ...{ random: (bytes: number) => randomBytes(bytes), minFreeBytes: 0, ballastBytes: 4096, ...options },
  })
  afterwards(() => store.stop())
  return store
}

/** Resolves as soon as the condition holds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  timeoutMs = 5_000,
): Promise<void> {
  const end = Date.now() + timeoutMs
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
