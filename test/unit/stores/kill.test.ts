/** Is anything that was acknowledged lost when the process is killed at any moment? */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { EventId } from '../../../src/core/identifiers.js'
import { compileSources, type Compiled } from '../../support/compiled.js'
import { createRandom } from '../../support/random.js'
import { createStateDirectory, fetching, openTestStore, SEALING_KEY, TOKEN } from '../../support/store-parts.js'

describe('kill -9', () => {
  let compiled: Compiled
  beforeAll(async () => {
    compiled = await compileSources([
      'src/core',
      'src/stores',
      'src/system',
      'src/ports.ts',
      'test/support/children/save-forever.ts',
    ])
  })
  afterAll(() => compiled.remove())

  it('loses no acknowledged save and damages nothing, twenty times at random points', { timeout: 60_000 }, async () => {
    const dir = await createStateDirectory()
    const random = createRandom(7)
    const acknowledged = new Map<string, number>()
    let total = 0
    for (let kill = 0; kill < 20; kill++) {
      const lines = await runAndKill(dir, random(400))
      for (const line of lines) {
        const [id, version] = line.split(' ')
        if (id === undefined || version === undefined) continue
        acknowledged.set(id, Number(version))
        total++
      }
      const store = await openTestStore(dir, { ballastBytes: 0 })
      const lost = [...acknowledged].filter(([id, version]) => {
        const job = store.get(id as EventId)
        // Archived jobs never went beyond their first version.
        return job ? job.version < version : !store.has(id) || version !== 1
      })
      expect(lost).toEqual([])
      for (const job of store.live()) {
        expect(job).toMatchObject({ secrets: { token: TOKEN }, offer: { paymentHash: job.id } })
      }
      await store.stop()
    }
    expect(total).toBeGreaterThan(1_000)
    const archived = await (await openTestStore(dir)).listArchived(100_000)
    expect(archived.length).toBeGreaterThan(10)
  })

  /** Returns the acknowledgements that the process had written when it died. */
  async function runAndKill(dir: string, afterLines: number): Promise<string[]> {
    const entry = join(compiled.directory, 'test/support/children/save-forever.js')
    const child = spawn(process.execPath, [entry, dir, JSON.stringify(fetching('model'))], {
      env: { ...process.env, SEALING_KEY: SEALING_KEY.toString('hex') },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString()
      if (text.includes('ready') && text.split('\n').length > afterLines) child.kill('SIGKILL')
    })
    await once(child, 'close')
    return text.slice(0, text.lastIndexOf('\n')).split('\n')
  }
})
