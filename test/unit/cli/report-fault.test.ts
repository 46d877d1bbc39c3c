/** What is said when a command fails? */
import { mkdtemp, rm, unlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { describe, expect, it } from 'vitest'
import type { Output } from '../../../src/cli/output.js'
import { reportFault } from '../../../src/cli/report-fault.js'
import { TollbridgeError } from '../../../src/core/errors.js'

function reported(error: unknown) {
  const said: string[] = []
  const objects: object[] = []
  const output: Output = {
    json: true,
    data: () => undefined,
    object: (value) => void objects.push(value),
    say: (text) => void said.push(text),
  }
  return { code: reportFault(error, output), said, objects }
}

describe('a fault', () => {
  it('of ours is said in its own words, with its exit code', () => {
    const { code, said, objects } = reported(new TollbridgeError('store-corrupt', 'line 7 cannot be read'))
    expect({ code, said }).toEqual({ code: 11, said: ['line 7 cannot be read'] })
    expect(objects).toEqual([{ type: 'fault', code: 'store-corrupt', message: 'line 7 cannot be read' }])
  })

  it('of the file system is one line that names the path', async () => {
    const directory = await mkdtemp(`${tmpdir()}/tollbridge-fault-`)
    const error: unknown = await unlink(directory).catch((reason: unknown) => reason)
    const { code, said, objects } = reported(error)
    await rm(directory, { recursive: true })
    expect(code).toBe(1)
    expect(said).toHaveLength(1)
    expect(said[0]).toContain(directory)
    expect(said[0]).not.toContain('\n')
    expect(objects).toMatchObject([{ type: 'fault', message: said[0] }])
  })

  it('that nobody foresaw is said with its stack', () => {
    const { code, said } = reported(new TypeError('of a bug'))
    expect(code).toBe(1)
    expect(said[0]).toMatch(/of a bug\n +at /)
  })
})
