/** Does a hire that cannot begin say why, and end? */
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createHireWorld } from '../support/hire-world.js'

const COMMAND = new URL('../../bin/tollbridge.js', import.meta.url).pathname
const LONGEST_MS = 15_000

let world: Awaited<ReturnType<typeof createHireWorld>>
let directory: string
beforeAll(async () => {
  world = await createHireWorld()
  directory = await mkdtemp(join(tmpdir(), 'tollbridge-refused-'))
  await writeFile(join(directory, 'nonsense'), 'nonsense\n', { mode: 0o600 })
})
afterAll(async () => {
  await world.stop()
  await rm(directory, { recursive: true })
})

/** The command in a process of its own, which is killed where it does not end by itself. */
async function ending(...options: string[]): Promise<{ code: unknown; said: string }> {
  const state = join(directory, 'state')
  const given = ['hire', '--task', 'joke', '--relay', world.relay.url, '--max-sats', '50', '--state', state, ...options]
  try {
    await promisify(execFile)(process.execPath, [COMMAND, ...given], { timeout: LONGEST_MS })
    return { code: 0, said: '' }
  } catch (error) {
    const { code, stderr } = error as { code: unknown; stderr: string }
    return { code, said: stderr }
  }
}

it.each([
  ['with a wallet address that is none', () => join(directory, 'nonsense'), 'begins with nostr+walletconnect://'],
  ['with a wallet of another network', () => world.walletFile, '--network regtest'],
])('a hire %s ends by itself, and says what is wrong', async (_, file, words) => {
  const { code, said } = await ending('--wallet-file', file())
  expect(said).toContain(words)
  expect(code).toBe(2)
})
