/** What happens to the jobs of a day in bad weather? Twenty relays of which nineteen are bad, one daemon, many customers. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Daemon } from '../../src/daemon.js'
import type { Logger } from '../../src/ports.js'
import { createMemoryStore } from '../../src/stores/memory-store.js'
import { createAgenda } from '../crash/model/agenda.js'
import { createApi } from './api.js'
import { createChance } from './chance.js'
import { createCustomers } from './customers.js'
import { PROVIDER, startProvider } from './provider.js'
import type { Mutant } from './mutants.js'
import { createChaosRelay, type ChaosRelay } from './relay.js'
import { judge, type Verdict } from './verdict.js'
import { badSpell, goodSpell } from './weather.js'

const STARTS_AT = 1_800_000_000_000
const HOUR_MS = 3_600_000
const MINUTE_MS = 60_000
/** The longest back-off of a subscription, with its jitter, the handshake and the way. */
export const RECOVERY_MS = 75_000
const MAX_SKEW_MS = 90_000

export interface StormOptions {
  readonly seed: number
  readonly hours: number
  readonly jobs: number
  readonly relays: number
  readonly trace?: (line: string) => void
  readonly mutant?: Mutant
}

const silent = () => undefined
const QUIET: Logger = { debug: silent, info: silent, warn: silent, error: silent }

export async function runStorm({
  seed,
  hours,
  jobs: wanted,
  relays: count,
  trace,
  mutant,
}: StormOptions): Promise<Verdict> {
  const agenda = createAgenda(STARTS_AT)
  const [chance, weatherChance, customerChance] = [seed, seed ^ 0x77, seed ^ 0x1234].map(createChance) as [
    ReturnType<typeof createChance>,
    ReturnType<typeof createChance>,
    ReturnType<typeof createChance>,
  ]
  const stateDirectory = await mkdtemp(join(tmpdir(), 'tollbridge-chaos-'))
  const endsAt = STARTS_AT + hours * HOUR_MS
  const api = createApi(agenda, chance)
  const relays: ChaosRelay[] = []
  const customers = createCustomers({ agenda, chance: customerChance, api, relays: () => relays, provider: PROVIDER })
  const recoveries: number[] = []

  let daemon: Daemon
  /** Stored at the good relay while it was away, so that the daemon must fetch it: how long did that take? */
  function watchReturn(): void {
    const returnedAt = agenda.now()
    const look = () => {
      const good = daemon.status().relays.find(({ url }) => url.startsWith(`${urls[0]}/`))
      if (good && good.connected && good.listening > 0) return void recoveries.push(agenda.now() - returnedAt)
      if (relays[0]?.weather.reachable) agenda.after(1_000, look)
    }
    look()
  }
  const urls = Array.from({ length: count }, (_, number) => `wss://relay-${number}.test`)
  for (const [number, url] of urls.entries()) {
    relays.push(
      createChaosRelay({
        ...{ url, agenda, chance: weatherChance, calmAt: endsAt },
        // Customers read at the good relay alone: what only a bad one holds reaches nobody.
        onReadable: (event) => number === 0 && customers.see(event),
        nextSpell: number === 0 ? goodSpell : badSpell,
        ...(number === 0 ? { onReturn: watchReturn } : {}),
      }),
    )
  }

  let skewMs = 0
  const log = trace ? tracing(trace, () => agenda.now() - STARTS_AT) : QUIET
  const start = (run: string) =>
    startProvider(
      {
        ...{ agenda, api, store, stateDirectory, relays: urls, log, skewMs: () => skewMs },
        dial: (url) => relays[urls.indexOf(url.replace(/\/$/, ''))]?.dial() ?? fail(url),
        random: () => chance.between(0, 999) / 1_000,
        mutant,
      },
      run,
    )
  let store = createMemoryStore()
  daemon = await start('run-0')
  let restarts = 0
  const rest: { stopping: Promise<void> | null } = { stopping: null }

  function turnClock(): void {
    skewMs = chance.between(-MAX_SKEW_MS, MAX_SKEW_MS)
    if (agenda.now() < endsAt) agenda.after(chance.between(30 * MINUTE_MS, 5 * HOUR_MS), turnClock)
  }
  agenda.after(chance.between(30 * MINUTE_MS, 5 * HOUR_MS), turnClock)

  function restart(): void {
    if (agenda.now() >= endsAt) return
    restarts += 1
    rest.stopping = daemon.stop().then(async () => {
      if (mutant === 'forgetful') store = createMemoryStore()
      daemon = await start(`run-${restarts}`)
      rest.stopping = null
    })
    agenda.after(chance.between(HOUR_MS / 3, 8 * HOUR_MS), restart)
  }
  agenda.after(chance.between(HOUR_MS / 3, 8 * HOUR_MS), restart)

  const gapMs = (hours * HOUR_MS) / wanted
  function askOn(): void {
    if (customers.jobs.size >= wanted) return
    customers.ask()
    agenda.after(chance.between(0, Math.floor(gapMs * 2)), askOn)
  }
  askOn()
  // Whoever asks late asks in a rush: the number of jobs is kept.
  agenda.after(hours * HOUR_MS - MINUTE_MS, () => {
    while (customers.jobs.size < wanted) customers.ask()
  })

  // Two calm hours at the end, in which everything must come to rest.
  while (agenda.now() < endsAt + 2 * HOUR_MS) {
    if (!(await agenda.advance())) break
    // What is done on the real disk at a restart must not cost time in this world.
    if (rest.stopping) await Promise.race([rest.stopping, new Promise((resolve) => setTimeout(resolve, 5))])
  }
  const verdict = judge({ customers, api, relays, store, recoveries, restarts })
  const stopped = daemon.stop()
  const end = { reached: false }
  void stopped.then(() => (end.reached = true))
  while (!end.reached) await agenda.advance()
  await rm(stateDirectory, { recursive: true, force: true })
  return verdict
}

function fail(url: string): never {
  throw new Error(`no such relay: ${url}`)
}

const tracing = (trace: (line: string) => void, at: () => number): Logger => {
  const write = (level: string) => (fields: object, event: string) =>
    trace(`${(at() / 1_000).toFixed(3)} ${level} ${event} ${JSON.stringify(fields)}`)
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}
