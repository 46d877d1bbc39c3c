/** What do ten thousand open jobs cost? Memory, the CPU of jobs paid beside them over NWC, and the time to take them up again. */
import { PAID_PATH, prepareJobs, runJobs } from './crowd.js'
import { spawnDaemon, type RunningDaemon } from './daemon.js'
import { medianOf, sharedNow } from './meter.js'
import type { Figures, Plan } from './plan.js'
import { buildWorld, startDaemon, until, type World } from './world.js'

const IN_FLIGHT = 200

export async function measureOpenJobs(plan: Plan): Promise<Figures> {
  const { warmUp, openJobs, profile } = plan
  const world = await buildWorld({ settledBy: 'wallet' })
  const daemon = await startDaemon(world, { collectable: true, profile })
  try {
    await runPaid(world, warmUp)
    const before = await rssAfterGc(daemon)
    const offer = await openMany(world, openJobs)
    await until(async () => (await daemon.status())?.watchedInvoices === openJobs)
    const bytesPerOpenJob = ((await rssAfterGc(daemon)) - before) / openJobs
    await daemon.kill(profile === undefined ? 'SIGKILL' : 'SIGTERM')
    return { bytesPerOpenJob, ...(await measureRecovery(plan, world, offer)) }
  } finally {
    await daemon.kill('SIGKILL')
    await world.stop()
  }
}

const runPaid = (world: World, count: number): Promise<void> =>
  runJobs(world.crowd, prepareJobs(world.place.pubkey, PAID_PATH, count), {
    inFlight: IN_FLIGHT,
    until: 'result',
    pay: world.pay,
  })

async function rssAfterGc(daemon: RunningDaemon): Promise<number> {
  await daemon.collectGarbage()
  return daemon.rss()
}

interface OpenOffer {
  readonly jobId: string
  readonly bolt11: string
}

/** Returns the last offer. */
async function openMany(world: World, count: number): Promise<OpenOffer> {
  const jobs = prepareJobs(world.place.pubkey, PAID_PATH, count)
  let last: OpenOffer = { jobId: '', bolt11: '' }
  await runJobs(world.crowd, jobs, {
    inFlight: IN_FLIGHT,
    until: 'offer',
    pay: (bolt11, jobId) => void (last = { jobId, bolt11 }),
  })
  return last
}

async function measurePaidBeside(plan: Plan, world: World, daemon: RunningDaemon): Promise<Figures> {
  await runPaid(world, plan.warmUp)
  const cpuMs: number[] = []
  const requestsBefore = (await world.count()).walletRequests
  while (cpuMs.length < plan.runs) {
    const jobs = prepareJobs(world.place.pubkey, PAID_PATH, plan.measured)
    const before = await daemon.cpuMs()
    await runJobs(world.crowd, jobs, { inFlight: IN_FLIGHT, until: 'result', pay: world.pay })
    cpuMs.push(((await daemon.cpuMs()) - before) / plan.measured)
  }
  const requests = (await world.count()).walletRequests - requestsBefore
  return {
    paidNwcCpuMs: medianOf(cpuMs),
    sdkCallsPerPaidJob: requests / (plan.runs * plan.measured),
    rssMbWithOpenJobs: (await daemon.rss()) / 2 ** 20,
  }
}

/** From spawn until every open job is watched again and the one that was paid meanwhile is delivered. Then jobs are paid beside them. */
async function measureRecovery(plan: Plan, world: World, offer: OpenOffer): Promise<Figures> {
  const { openJobs, profile } = plan
  await settle(world, offer)
  const delivered = new Promise<number>((resolve) => {
    world.crowd.onResult((jobId, at) => {
      if (jobId === offer.jobId) resolve(at)
    })
  })
  const startedAt = sharedNow()
  const successor = spawnDaemon(world.place, { profile })
  try {
    // The one that was paid may have left by the time of the look.
    await until(async () => ((await successor.status())?.watchedInvoices ?? 0) >= openJobs - 1)
    const watchedAt = sharedNow()
    const deliveredAt = await delivered
    return {
      recover10kSeconds: (Math.max(watchedAt, deliveredAt) - startedAt) / 1000,
      rewatchedSeconds: (watchedAt - startedAt) / 1000,
      ...(await measurePaidBeside(plan, world, successor)),
    }
  } finally {
    await successor.kill(profile === undefined ? 'SIGKILL' : 'SIGTERM')
  }
}

const settle = (world: World, { bolt11 }: OpenOffer): Promise<void> =>
  new Promise((resolve) => {
    world.onPaid((paid) => {
      if (paid === bolt11) resolve()
    })
    world.pay(bolt11)
  })
