/** Is a record of what was announced that lost its flag said to be damaged, and not quietly taken for an announced one? */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { createPresenceFile, PRESENCE_FILE } from '../../../src/stores/presence-file.js'
import { createReadableLog } from '../../support/pool-fixture.js'

it.each(['', 'null', '{"retire', '{"retirdd":true,"events":{}}', '\0\0'])(
  'says that %j cannot be read',
  async (text) => {
    const directory = await mkdtemp(join(tmpdir(), 'tollbridge-presence-'))
    const log = createReadableLog()
    await writeFile(join(directory, PRESENCE_FILE), text)
    expect(await createPresenceFile(directory, log).read()).toEqual({ retired: false, events: {} })
    expect(log.lines.map(({ event }) => event)).toEqual(['what was announced cannot be read, and is announced anew'])
    await rm(directory, { recursive: true })
  },
)
