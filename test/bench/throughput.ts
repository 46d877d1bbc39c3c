/** What does a job cost the daemon, and how many go through? Free jobs, paid jobs, and free jobs that ten relays deliver. */
import { FREE_PATH, PAID_PATH, prepareJobs, runJobs } from './crowd.js'
import { medianOf, sharedNow } from './meter.js'
import type { Figures, Plan } from './plan.js'
import { buildWorld, startDaemon, type WorldOptions } from './world.js'

const IN_FLIGHT = 200
/** A status endpoint is asked half a second after the offer: as many jobs have to be under way as are paid in that time. */
const IN_FLIGHT_POLLED = 600

interface Cost {
  readonly cpuMs: number
  readonly perSecond: number
  readonly rssMb: number
}

interface Load {
  readonly path: string
  readonly inFlight: number
  readonly relays?: number
}

export async function measureFree(plan: Plan): Promise<Figures> {
  const cost = await measure(plan, { path: FREE_PATH, inFlight: IN_FLIGHT })
  return { freeCpuMs: cost.cpuMs, freeJobsPerSecond: cost.perSecond, rssMb: cost.rssMb }
}

export async function measurePaid(plan: Plan): Promise<Figures> {
  const cost = await measure(plan, { path: PAID_PATH, inFlight: IN_FLIGHT_POLLED })
  return { paidCpuMs: cost.cpuMs, paidJobsPerSecond: cost.perSecond }
}

/** Both sides are measured here, one after the other, so that the machine is in the same mood. */
export async function measureTenfold(plan: Plan): Promise<Figures> {
  const once = await measure(plan, { path: FREE_PATH, inFlight: IN_FLIGHT })
  const tenfold = await measure(plan, { path: FREE_PATH, inFlight: IN_FLIGHT, relays: 10 })
  return { tenfoldDeliveryRatio: tenfold.cpuMs / once.cpuMs }
}

async function measure(plan: Plan, load: Load): Promise<Cost> {
  const runs: Cost[] = []
  while (runs.length < plan.runs) runs.push(await measureOnce(plan, load))
  return {
    cpuMs: medianOf(runs.map(({ cpuMs }) => cpuMs)),
    perSecond: medianOf(runs.map(({ perSecond }) => perSecond)),
    rssMb: medianOf(runs.map(({ rssMb }) => rssMb)),
  }
}

async function measureOnce({ warmUp, measured, profile }: Plan, load: Load): Promise<Cost> {
  const { path, inFlight, relays = 1 } = load
  const settledBy: WorldOptions['settledBy'] = 'statusEndpoint'
  const world = await buildWorld({ settledBy, relays })
  const daemon = await startDaemon(world, { profile })
  try {
    const options = { inFlight, until: 'result', pay: world.pay } as const
    const first = prepareJobs(world.place.pubkey, path, warmUp)
    const rest = prepareJobs(world.place.pubkey, path, measured)
    await runJobs(world.crowd, first, options)
    const cpuBefore = await daemon.cpuMs()
    const startedAt = sharedNow()
    await runJobs(world.crowd, rest, options)
    const seconds = (sharedNow() - startedAt) / 1000
    const cpuMs = ((await daemon.cpuMs()) - cpuBefore) / measured
    return { cpuMs, perSecond: measured / seconds, rssMb: (await daemon.rss()) / 2 ** 20 }
  } finally {
    await daemon.kill(profile === undefined ? 'SIGKILL' : 'SIGTERM')
    await world.stop()
  }
}
