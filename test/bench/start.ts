/** How soon is a job answered that waits at the relay while the daemon starts? From spawn to the result at the customer's socket. */
import { FREE_PATH, prepareJobs } from './crowd.js'
import { spawnDaemon } from './daemon.js'
import { medianOf, sharedNow } from './meter.js'
import type { Figures, Plan } from './plan.js'
import { buildWorld } from './world.js'

const STARTS = 5

export async function measureStart({ profile }: Plan): Promise<Figures> {
  const startMs: number[] = []
  while (startMs.length < STARTS) startMs.push(await startOnce(profile))
  return { startMs: medianOf(startMs) }
}

async function startOnce(profile: string | undefined): Promise<number> {
  const world = await buildWorld({ settledBy: 'statusEndpoint' })
  const [job] = prepareJobs(world.place.pubkey, FREE_PATH, 1)
  if (!job) throw new RangeError('no job was prepared')
  world.crowd.publish(job)
  const answered = new Promise<number>((resolve) => world.crowd.onResult((_jobId, at) => resolve(at)))
  const startedAt = sharedNow()
  const daemon = spawnDaemon(world.place, { profile })
  try {
    return (await answered) - startedAt
  } finally {
    await daemon.kill(profile === undefined ? 'SIGKILL' : 'SIGTERM')
    await world.stop()
  }
}
