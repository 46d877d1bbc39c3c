/** `tollbridge jobs`: which jobs are there, and how does one stand? Reading needs no lease; changing asks the daemon. */
import { openAdapters } from '../wiring/adapters.js'
import type { Config } from '../config/config.js'
import { TollbridgeError } from '../core/errors.js'
import { isMalformed, parseEventId, type EventId } from '../core/identifiers.js'
import { isOpen, isOwed, type Job } from '../core/job.js'
import { isLost, ledgerOf } from '../core/ledger.js'
import { transition } from '../core/transition.js'
import { readStore } from '../stores/read-store.js'
import { askDaemon } from './control-client.js'
import { EXIT } from './exit-codes.js'
import { wordsOfJob } from './job-words.js'
import { silentLog } from './log.js'
import type { Output } from './output.js'

export interface JobFilter {
  readonly open: boolean
  readonly owed: boolean
  readonly lost?: boolean
  readonly limit: number
}

/** Newest first, archived ones included. `owed` are the paid jobs that were not served, `lost` those that cost us their price. */
export async function listJobs(stateDirectory: string, filter: JobFilter, output: Output): Promise<number> {
  const store = await readStore(stateDirectory)
  const isShown = filter.lost ? isLost : filter.owed ? isOwed : filter.open ? isOpen : () => true
  const live = [...store.live()].filter((job) => isShown(job))
  // What is owed or was lost is never archived.
  const archived = !filter.lost && !filter.owed && !filter.open ? await store.listArchived(filter.limit) : []
  const jobs = [...live, ...archived].sort((a, b) => b.receivedAt - a.receivedAt).slice(0, filter.limit)
  for (const job of jobs) {
    const summary = summarise(job)
    output.object({ type: 'job', ...summary })
    const amount = summary.amountMsat === null ? '-' : `${summary.amountMsat / 1000} sats`
    const lost = summary.ledger && summary.ledger.loss > 0 ? `lost ${summary.ledger.loss / 1000} sats` : ''
    const what = summary.method ? `${summary.method} ${summary.target}` : '-'
    output.data(
      [job.id, summary.state.padEnd(10), summary.receivedAt, amount, what, summary.code ?? '', lost]
        .join('  ')
        .trimEnd(),
    )
  }
  if (jobs.length === 0) output.say('no jobs')
  return EXIT.ok
}

/** One job for people; with `--json` everything that is known of it but its secrets. */
export async function showJob(stateDirectory: string, id: string, output: Output): Promise<number> {
  const jobId = checkedId(id)
  const store = await readStore(stateDirectory)
  const job = store.get(jobId) ?? (await store.findArchived(jobId))
  if (!job) throw new TollbridgeError('job-unknown', `no job has the id ${jobId}`)
  output.object({ type: 'job', ...withoutSecrets(job) })
  output.data(wordsOfJob(job))
  return EXIT.ok
}

/** Another try for a paid job that failed, with the same credential. */
export async function retryJob(config: Config, id: string, output: Output): Promise<number> {
  const jobId = checkedId(id)
  const store = await readStore(config.stateDirectory)
  const archived = store.get(jobId) ? undefined : await store.findArchived(jobId)
  if (archived) throw notRetryable(archived)
  const answer = await askDaemon(config.stateDirectory, 'POST', `/jobs/${jobId}/retry`)
  if (answer === null) await retryAlone(config, jobId)
  output.object({ type: 'retried', jobId, running: answer !== null })
  output.say(answer === null ? 'taken up at the next start of the daemon' : 'taken up')
  return EXIT.ok
}

/** No daemon runs: the operator's word is saved under the lease, and the next start acts on it. */
async function retryAlone(config: Config, jobId: EventId): Promise<void> {
  const adapters = await openAdapters(config, silentLog, { briefly: true })
  try {
    const job = adapters.store.get(jobId)
    if (!job) throw new TollbridgeError('job-unknown', `no job has the id ${jobId}`)
    if (job.state !== 'failed') throw notRetryable(job)
    await adapters.store.save(transition(job, { type: 'retried' }, adapters.clock.now()))
  } finally {
    await adapters.stop()
  }
}

const notRetryable = ({ state }: Job): TollbridgeError =>
  new TollbridgeError('job-not-retryable', `the job is ${state}; only a paid job that failed can be tried again`)

export function checkedId(id: string): EventId {
  const jobId = parseEventId(id.toLowerCase())
  if (isMalformed(jobId)) throw new TollbridgeError('usage', `${jobId.malformed}: ${id.slice(0, 80)}`)
  return jobId
}

function summarise(job: Job) {
  const call = 'call' in job ? job.call : null
  return {
    id: job.id,
    state: job.state,
    customer: job.customer,
    receivedAt: new Date(job.receivedAt).toISOString(),
    method: call?.method ?? null,
    target: call?.target ?? null,
    amountMsat: 'offer' in job ? (job.offer?.amountMsat ?? null) : null,
    paid: 'payment' in job && job.payment !== undefined,
    code: 'failure' in job ? job.failure.code : null,
    detail: 'failure' in job ? job.failure.detail : null,
    ledger: ledgerOf(job),
  }
}

/** What may be shown: the secrets are left out whole, and so is the token wherever a challenge still holds it. */
function withoutSecrets(job: Job): object {
  const { secrets, ...facts } = job as Job & { secrets?: object; challenge?: object }
  if ('challenge' in facts) delete (facts as { challenge?: object }).challenge
  return { ...facts, secrets: secrets ? '(kept)' : undefined }
}
