/** A child process that saves jobs without end and reports every save that was acknowledged, until it is killed. */
import { randomBytes } from 'node:crypto'
import { writeSync } from 'node:fs'
import type { Job, JobIn } from '../../../src/core/job.js'
import { createLowdbStore } from '../../../src/stores/lowdb-store.js'

const [, , dir = '', modelJson = '{}'] = process.argv
const model = JSON.parse(modelJson) as JobIn<'fetching'>
const quiet = (): void => undefined
const store = await createLowdbStore({
  dir,
  sealingKey: Buffer.from(process.env['SEALING_KEY'] ?? '', 'hex'),
  log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  clock: { now: () => Date.now(), after: () => quiet },
  random: (bytes) => randomBytes(bytes),
  ...{ minFreeBytes: 0, ballastBytes: 0, compactBytes: 60_000 },
})
const WRITERS = 8

/** A synchronous write to a pipe: what is in it survives the kill. */
const report = (line: string): void => void writeSync(1, `${line}\n`)

const jobOf = (id: string): JobIn<'fetching'> =>
  ({ ...model, id, version: 1, offer: { ...model.offer, paymentHash: id } }) as JobIn<'fetching'>

async function write(writer: number): Promise<void> {
  const first = jobOf(String(writer).padStart(64, '0'))
  if (!store.has(first.id)) {
    await store.insert(first)
    report(`${first.id} 1`)
  }
  for (let job: Job = store.get(first.id) ?? first; ;) {
    job = { ...job, version: job.version + 1 }
    await store.save(job)
    report(`${job.id} ${job.version}`)
  }
}

/** Closed jobs come and go meanwhile. */
async function archiveOn(): Promise<void> {
  for (;;) {
    const job: Job = { ...jobOf(randomBytes(32).toString('hex')), state: 'completed' }
    await store.insert(job)
    report(`${job.id} 1`)
    await store.archive(job.id)
  }
}

report('ready')
await Promise.all([archiveOn(), ...Array.from({ length: WRITERS }, (_, writer) => write(writer))])
