/** What does the daemon cost that has nothing to do? Ten relays, each a process of its own, and not one job. */
import { setTimeout as sleep } from 'node:timers/promises'
import { startChild } from './child.js'
import { preparePlace, spawnDaemon } from './daemon.js'
import type { Figures, Plan } from './plan.js'
import { until } from './world.js'

const RELAYS = 10
/** Starting, compiling and the first announcements are over by then. */
const SETTLED_AFTER_MS = 30_000
const MB = 1024 * 1024

export async function measureIdle({ idleMinutes, profile }: Plan): Promise<Figures> {
  const relays = await Promise.all(
    Array.from({ length: RELAYS }, () => startChild<{ urls: string[] }>('./relays-main.js', ['1'])),
  )
  const place = await preparePlace({
    readRelays: relays.flatMap(({ hello }) => hello.urls),
    origin: 'http://127.0.0.1:9', // never called
    walletUri: '',
    settledBy: 'statusEndpoint',
  })
  const daemon = spawnDaemon(place, { collectable: true, profile })
  try {
    await until(async () => (await daemon.status())?.relays.every(({ listening }) => listening > 0) ?? false)
    await sleep(SETTLED_AFTER_MS)
    await daemon.collectGarbage()
    const [rssBefore, cpuBefore, before] = [await daemon.rss(), await daemon.cpuMs(), performance.now()]
    await sleep(idleMinutes * 60_000)
    const [cpuAfter, after] = [await daemon.cpuMs(), performance.now()]
    await daemon.collectGarbage()
    const rssAfter = await daemon.rss()
    const status = await daemon.status()
    if (!status?.ready) throw new Error(`the daemon is not ready: ${status?.reasons.join('; ')}`)
    return {
      idleCpuPercent: ((cpuAfter - cpuBefore) / (after - before)) * 100,
      rssGrowthMb: (rssAfter - rssBefore) / MB,
      idleRssMb: rssAfter / MB,
      idleRelaysProven: status.relays.filter(({ proof }) => proof === 'echo').length,
    }
  } finally {
    await daemon.kill(profile === undefined ? 'SIGKILL' : 'SIGTERM')
    await Promise.all(relays.map((relay) => relay.kill('SIGKILL')))
    await place.remove()
  }
}
