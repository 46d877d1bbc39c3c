/** What becomes of one seed? A world, lives of the daemon until nothing happens any more, and the verdict. */
import { createCustomer } from './customer.js'
import { createDisk } from './disk.js'
import { createGate } from './gate.js'
import { beginLife, PROVIDER, type Outside } from './life.js'
import { createLightning } from './lightning.js'
import type { Bends } from './bends.js'
import { planOf, type Plan } from './plan.js'
import { createRelays } from './relays.js'
import { judge, Violation } from './verdict.js'
import { settled } from './agenda.js'
import { createLife, createWorld, type Life, type World } from './world.js'

const LONGEST_MS = 24 * 3_600_000
const MOST_APPOINTMENTS = 300_000

export interface SeedOutcome {
  readonly plan: Plan
  readonly crashes: number
  /** How each job ended. */
  readonly endings: readonly string[]
  /** What is wrong; null where nothing is. */
  readonly violation: string | null
}

export async function runSeed(
  seed: number,
  bends: Bends = {},
  trace: ((line: string) => void) | null = null,
): Promise<SeedOutcome> {
  const plan = planOf(seed)
  const world = createWorld(plan, trace)
  world.trace?.(JSON.stringify(plan))
  const gate = createGate(world)
  const outside = {
    disk: createDisk(),
    gate,
    lightning: createLightning(world, gate),
    relays: createRelays(world),
    blobs: new Map<string, string>(),
  }
  const customer = createCustomer(world, { ...outside, provider: PROVIDER })
  const rested = () => ({ plan, ...outside, jobs: customer.jobs, crashes: world.crashes })
  const outcome = (endings: readonly string[], violation: string | null): SeedOutcome => ({
    plan,
    crashes: world.crashes,
    endings,
    violation,
  })
  try {
    let lives = 0
    const live = async (): Promise<void> => {
      for (let died = true; died;) {
        const life = createLife(world, (lives += 1))
        beginLife(life, outside, bends)
        died = await liveOn(life, world)
      }
    }
    await live()
    judge(rested())
    // Once more from the disk alone: nothing may happen a second time.
    const before = fingerprint(outside)
    await live()
    const endings = judge(rested())
    if (fingerprint(outside) !== before) throw new Violation('something happened again at the next start')
    return outcome(endings, null)
  } catch (error) {
    if (!(error instanceof Violation)) throw error
    return outcome([], error.message)
  }
}

/** Until the life ends or nothing is left to happen in it. True when it ended. */
async function liveOn(life: Life, world: World): Promise<boolean> {
  const { agenda, chance } = world
  const latest = agenda.now() + LONGEST_MS
  await settled()
  for (let count = 0; !life.isDead(); count += 1) {
    if (!(await agenda.advance())) return false
    if (agenda.now() > latest || count > MOST_APPOINTMENTS) throw new Violation('it never comes to rest')
  }
  // The others go on while nobody is there.
  const back = agenda.now() + chance.pick([1_100, 5_000, 60_000])
  let waiting = true
  agenda.after(back - agenda.now(), () => (waiting = false))
  while (waiting) await agenda.advance()
  return true
}

const fingerprint = ({ disk, gate, relays, lightning }: Outside): string =>
  JSON.stringify([
    ...[disk.archive.size, gate.executions.length, relays.all().length],
    ...[lightning?.payments.all().length, lightning?.invoices.all().length],
  ])
