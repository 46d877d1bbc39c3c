/** Is a configuration that nobody has edited found out before its first job? */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkUpstream } from '../../../src/cli/check-upstream.js'
import { init } from '../../../src/cli/init.js'
import { loadConfig } from '../../../src/config/load.js'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tollbridge-check-'))
})
afterEach(() => rm(directory, { recursive: true }))

describe('an upstream', () => {
  it('as init writes it is to be put right first', async () => {
    const { configFile } = await init(directory, null)
    const { upstreams } = await loadConfig(configFile)
    expect(upstreams.map(checkUpstream)).toMatchObject([{ type: 'upstream', name: 'weather-api', verdict: 'failed' }])
  })

  it.each(['https://api.example.net:8443', 'http://example', 'https://my.invalid'])('at %s is none', (origin) => {
    expect(checkUpstream({ name: 'api', origin })?.says).toContain('set origin')
  })

  it.each(['https://api.weather.pt', 'http://127.0.0.1:8080', 'https://example.com.pt', 'https://notexample.com'])(
    'at %s is asked',
    (origin) => {
      expect(checkUpstream({ name: 'api', origin })).toBeNull()
    },
  )
})
