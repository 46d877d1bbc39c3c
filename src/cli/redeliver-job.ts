/** `tollbridge jobs redeliver ID`: send a stored result again, and say what each relay answered. */
import { openAdapters } from '../wiring/adapters.js'
import type { Config } from '../config/config.js'
import type { EventId } from '../core/identifiers.js'
import { openDeliveries } from '../wiring/deliveries.js'
import type { Redelivery } from '../engine/redeliver.js'
import { askDaemon } from './control-client.js'
import { EXIT } from './exit-codes.js'
import { checkedId } from './jobs.js'
import { silentLog } from './log.js'
import type { Output } from './output.js'

/** Asks the running daemon, or takes the lease if none runs. Ends well where at least one relay holds the result. */
export async function redeliverJob(config: Config, id: string, output: Output): Promise<number> {
  const jobId = checkedId(id)
  const path = `/jobs/${jobId}/redeliver`
  const answer = (await askDaemon(config.stateDirectory, 'POST', path)) as { outcomes: Redelivery[] } | null
  const outcomes = answer?.outcomes ?? (await redeliverAlone(config, jobId))
  for (const outcome of outcomes) {
    output.object({ type: 'redelivery', jobId, ...outcome })
    output.data(`${outcome.relay}  ${outcome.verdict}${outcome.reason ? `: ${outcome.reason}` : ''}`)
  }
  return outcomes.some(({ verdict }) => verdict === 'accepted') ? EXIT.ok : EXIT.failed
}

async function redeliverAlone(config: Config, jobId: EventId): Promise<readonly Redelivery[]> {
  const adapters = await openAdapters(config, silentLog, { briefly: true })
  const deliveries = openDeliveries({ config, adapters, onVerdict: () => undefined })
  try {
    return await deliveries.redeliver(jobId)
  } finally {
    deliveries.stop()
    await adapters.stop()
  }
}
