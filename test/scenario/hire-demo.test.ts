/** Does one agent find, hire, pay and thank another, each in a process of its own? The demo as a user starts it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'

it('ends with the acknowledgement, within a minute', async () => {
  const bin = resolve(import.meta.dirname, '../../bin/tollbridge.js')
  const child = spawn(process.execPath, [bin, 'demo', '--agents', '--json'], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, said] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number]
  expect(code, said).toBe(0)
  const lines = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  const last = lines.at(-1) ?? {}
  expect(Object.keys(last)).toEqual(['type', 'jobId', 'resultId', 'amountMsat'])
  expect(last).toMatchObject({ type: 'acknowledged', amountMsat: 21_000 })
  for (const id of [last['jobId'], last['resultId']]) expect(id).toMatch(/^[0-9a-f]{64}$/)
  // Nothing that is a secret is told on the way.
  expect(out + said).not.toMatch(/nostr\+walletconnect|nsec1|"preimage"/)
}, 60_000)
