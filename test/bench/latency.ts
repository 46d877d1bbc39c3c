/** How long does a customer wait who has paid? From the wallet's own record of the payment to the result at the customer's socket. */
import { setTimeout as sleep } from 'node:timers/promises'
import { PAID_PATH, prepareJobs, runJobs } from './crowd.js'
import { percentileOf, sharedNow } from './meter.js'
import type { Figures, Plan } from './plan.js'
import { buildWorld, startDaemon, until } from './world.js'

const IN_FLIGHT = 50

export async function measureSettleToResult({ warmUp, pace, profile }: Plan): Promise<Figures> {
  const world = await buildWorld({ settledBy: 'wallet' })
  const daemon = await startDaemon(world, { profile })
  try {
    const { crowd, place, pay } = world
    await runJobs(crowd, prepareJobs(place.pubkey, PAID_PATH, warmUp), { inFlight: IN_FLIGHT, until: 'result', pay })

    const jobs = prepareJobs(place.pubkey, PAID_PATH, pace.perSecond * pace.seconds)
    const jobOf = new Map<string, string>()
    const paidAt = new Map<string, number>()
    const deliveredAt = new Map<string, number>()
    crowd.onOffer((jobId, bolt11) => {
      jobOf.set(bolt11, jobId)
      pay(bolt11)
    })
    world.onPaid((bolt11, at) => void paidAt.set(jobOf.get(bolt11) ?? '', at))
    crowd.onResult((jobId, at) => void deliveredAt.set(jobId, at))
    const startedAt = sharedNow()
    for (const [index, job] of jobs.entries()) {
      const due = startedAt + (index * 1000) / pace.perSecond
      await sleep(Math.max(0, due - sharedNow()))
      crowd.publish(job)
    }
    await until(async () => deliveredAt.size >= jobs.length && paidAt.size >= jobs.length)
    const waits = jobs.map(({ id }) => (deliveredAt.get(id) ?? Number.NaN) - (paidAt.get(id) ?? Number.NaN))
    return { settleToResultP50Ms: percentileOf(waits, 50), settleToResultP99Ms: percentileOf(waits, 99) }
  } finally {
    await daemon.kill(profile === undefined ? 'SIGKILL' : 'SIGTERM')
    await world.stop()
  }
}
