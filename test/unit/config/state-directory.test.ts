import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { loadStateDirectory } from '../../../src/config/load.js'

const made: string[] = []
afterEach(async () => {
  for (const directory of made.splice(0)) await rm(directory, { recursive: true })
})

async function configFile(text: string): Promise<{ directory: string; file: string }> {
  const directory = await mkdtemp(join(tmpdir(), 'tollbridge-config-'))
  made.push(directory)
  const file = join(directory, 'tollbridge.yaml')
  await writeFile(file, text)
  return { directory, file }
}

describe('loadStateDirectory', () => {
  it('finds the state without the secrets, which only the daemon may be able to read', async () => {
    const { directory, file } = await configFile('key: { env: NOT_SET_HERE }\nstateDirectory: ./jobs\n')
    expect(await loadStateDirectory(file)).toBe(join(directory, 'jobs'))
  })

  it('knows the default', async () => {
    const { directory, file } = await configFile('key: { env: NOT_SET_HERE }\n')
    expect(await loadStateDirectory(file)).toBe(join(directory, 'state'))
  })

  it.each(['stateDirectory: [1]\n', 'stateDirectory: 5\n', 'a: [', ''])(
    'says what is wrong with %j, or takes the default',
    async (text) => {
      const { file } = await configFile(text)
      await expect(
        loadStateDirectory(file).then(
          () => 'loaded',
          (error: { code: string }) => error.code,
        ),
      ).resolves.toMatch(text === '' ? /loaded|config-invalid/ : /config-invalid/)
    },
  )
})
