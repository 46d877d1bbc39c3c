/** What does it cost a customer in time that we pay the upstream ourselves? From paid to result: wrap less passthrough, wallets in-process. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Pubkey } from '../../src/core/identifiers.js'
import type { BridgeHello, BridgeMessage, BridgeMode } from './bridge-main.js'
import { startChild } from './child.js'
import { gatherCrowd, PAID_PATH, prepareJobs, runJobs } from './crowd.js'
import { percentileOf } from './meter.js'
import type { Figures, Plan } from './plan.js'

const IN_FLIGHT = 50
/** A customer takes so long to pay: otherwise as many jobs as are in flight would want the one core at the same moment. */
const THINKS_MS = 1_000

export async function measureWrap(plan: Plan): Promise<Figures> {
  const passthrough = await waitsIn('passthrough', plan)
  const wrap = await waitsIn('wrap', plan)
  const [plainP50, wrapP50] = [percentileOf(passthrough, 50), percentileOf(wrap, 50)]
  return { wrapExtraP50Ms: wrapP50 - plainP50, wrapP50Ms: wrapP50, passthroughP50Ms: plainP50 }
}

/** Of each job, from the wallet's record of the payment to the result at the customer's socket. */
async function waitsIn(mode: BridgeMode, { warmUp, measured }: Plan): Promise<number[]> {
  const relay = await startChild<{ urls: string[] }>('./relays-main.js', ['1'])
  const [relayUrl = ''] = relay.hello.urls
  const bridge = await startChild<BridgeHello>('./bridge-main.js', [relayUrl, mode])
  const provider = bridge.hello.pubkey as Pubkey
  const crowd = await gatherCrowd([relayUrl], provider)
  try {
    const jobOf = new Map<string, string>()
    const paidAt = new Map<string, number>()
    const waits: number[] = []
    bridge.onMessage((message) => {
      const { paid, at } = message as BridgeMessage
      paidAt.set(jobOf.get(paid) ?? '', at)
    })
    const pay = (bolt11: string, jobId: string): void => {
      jobOf.set(bolt11, jobId)
      void sleep(Math.random() * THINKS_MS).then(() => bridge.send({ pay: [bolt11] }))
    }
    const delivered = new Map<string, number>()
    const timed = {
      ...crowd,
      onResult: (listener: (jobId: string, at: number) => void) =>
        crowd.onResult((jobId, at) => {
          delivered.set(jobId, at)
          listener(jobId, at)
        }),
    }
    const options = { inFlight: IN_FLIGHT, until: 'result', pay } as const
    await runJobs(timed, prepareJobs(provider, PAID_PATH, Math.min(warmUp, 200)), options)
    const jobs = prepareJobs(provider, PAID_PATH, Math.min(measured, 1_000))
    await runJobs(timed, jobs, options)
    while (jobs.some(({ id }) => !paidAt.has(id))) await sleep(10)
    for (const { id } of jobs) waits.push((delivered.get(id) ?? Number.NaN) - (paidAt.get(id) ?? Number.NaN))
    return waits
  } finally {
    crowd.stop()
    await bridge.kill('SIGTERM')
    await relay.kill('SIGKILL')
  }
}
