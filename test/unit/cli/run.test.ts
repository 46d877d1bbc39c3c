/** Does `tollbridge run` end when it cannot start? */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { stringify } from 'yaml'
import { run } from '../../../src/cli/run.js'
import { acquireLease, type Lease } from '../../../src/stores/lease.js'

describe('tollbridge run', () => {
  let directory: string
  let lease: Lease
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tollbridge-run-'))
    lease = await acquireLease(join(directory, 'state'), { run: 'another daemon' })
  })
  afterEach(async () => {
    await lease.release()
    await rm(directory, { recursive: true, force: true })
  })

  it('leaves nothing that keeps the process alive when the daemon cannot start', async () => {
    const file = join(directory, 'tollbridge.yaml')
    await writeFile(join(directory, 'tollbridge.key'), `${'1'.repeat(64)}\n`, { mode: 0o600 })
    const routes = [{ path: '/joke', maxSats: 10 }]
    const settings = {
      key: { file: './tollbridge.key' },
      relays: { read: ['wss://relay.example.com'] },
      upstreams: [{ name: 'api', origin: 'http://127.0.0.1:1', routes }],
    }
    await writeFile(file, stringify(settings))
    // What waits for a signal keeps the process alive, so the two end together.
    const waiting = () => ['SIGTERM', 'SIGINT'].map((signal) => process.listenerCount(signal))
    const before = waiting()

    await expect(run(file)).rejects.toMatchObject({ code: 'lease-held' })

    expect(waiting()).toEqual(before)
  })
})
