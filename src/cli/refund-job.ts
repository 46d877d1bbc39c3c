/** `tollbridge jobs refund`: sends money back that is owed to a customer, to where the job says or to another place. */
import { openAdapters } from '../wiring/adapters.js'
import type { Config } from '../config/config.js'
import { TollbridgeError } from '../core/errors.js'
import type { EventId } from '../core/identifiers.js'
import type { Job } from '../core/job.js'
import { isMoneyOwed, lacksDestination, NO_DESTINATION } from '../core/refund.js'
import { transition } from '../core/transition.js'
import { readStore } from '../stores/read-store.js'
import { askDaemon } from './control-client.js'
import { EXIT } from './exit-codes.js'
import { checkedId } from './jobs.js'
import { silentLog } from './log.js'
import type { Output } from './output.js'
import { destinationOf, type RefundOptions } from './refund-destination.js'

export async function refundJob(config: Config, id: string, options: RefundOptions, output: Output): Promise<number> {
  const jobId = checkedId(id)
  const to = await destinationOf(options)
  const job = (await readStore(config.stateDirectory)).get(jobId)
  if (!job) throw new TollbridgeError('job-unknown', `nothing is owed for a job of the id ${jobId}`)
  if (!isMoneyOwed(job)) throw notOwed(job)
  const answer = await askDaemon(config.stateDirectory, 'POST', `/jobs/${jobId}/refund`, to ?? '')
  if (answer === null) await refundAlone(config, jobId, to)
  output.object({ type: 'refunding', jobId, running: answer !== null })
  output.say(answer === null ? 'taken up at the next start of the daemon' : 'taken up: jobs show tells how it ends')
  return EXIT.ok
}

/** No daemon runs: the operator's word is saved under the lease, and the next start acts on it. */
async function refundAlone(config: Config, jobId: EventId, to: string | null): Promise<void> {
  const adapters = await openAdapters(config, silentLog, { briefly: true })
  try {
    const job = adapters.store.get(jobId)
    if (!job) throw new TollbridgeError('job-unknown', `no job has the id ${jobId}`)
    if (!isMoneyOwed(job)) throw notOwed(job)
    if (lacksDestination(job, to)) throw new TollbridgeError('job-not-retryable', NO_DESTINATION)
    const fact = { type: 'retried', ...(to === null ? {} : { refundTo: to }) } as const
    await adapters.store.save(transition(job, fact, adapters.clock.now()))
  } finally {
    await adapters.stop()
  }
}

const notOwed = ({ state }: Job): TollbridgeError =>
  new TollbridgeError('job-not-retryable', `the job is ${state}, and no money is owed for it`)
