import { expect, it } from 'vitest'
import { warnOfOrphans } from '../../../src/engine/orphans.js'
import { createMemoryStore } from '../../../src/stores/memory-store.js'
import { jobIn } from '../../support/sample-jobs.js'
import { createLogRecorder } from '../../support/store-parts.js'

const JOB = jobIn('awaiting')

async function warningsWith(upstreams: readonly string[]) {
  const store = createMemoryStore()
  const log = createLogRecorder()
  await store.insert(JOB)
  warnOfOrphans({ store, log, upstreams: new Set(upstreams) })
  return log.entries.filter(({ level }) => level === 'warn')
}

it('an upstream that is gone while its invoices are open is named once, with their number', async () => {
  const [warning, ...more] = await warningsWith(['another'])
  expect(warning?.fields).toMatchObject({ upstream: JOB.call.upstream, unpaid: 1, paid: 0 })
  expect(more).toEqual([])
})

it('nothing is said where every upstream is configured', async () => {
  expect(await warningsWith([JOB.call.upstream])).toEqual([])
})
