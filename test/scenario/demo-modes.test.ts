/** Can a stranger see an API paid that belongs to somebody else? The demo as a user starts it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { resolve } from 'node:path'
import { expect, it } from 'vitest'

async function runDemo(args: readonly string[]) {
  const bin = resolve(import.meta.dirname, '../../bin/tollbridge.js')
  const child = spawn(process.execPath, [bin, 'demo', '--json', ...args], { stdio: ['ignore', 'pipe', 'pipe'] })
  let [out, said] = ['', '']
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const [code] = (await once(child, 'close')) as [number]
  const lines = out.split('\n').filter((line) => line !== '')
  return { code, out, said, last: JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> }
}

it.for<[string, string]>([
  ['wrap', 'lnd'],
  ['wrap', 'nwc'],
  ['resell', 'lnd'],
  ['resell', 'cln'],
  ['resell', 'phoenixd'],
])('%s with %s ends with what the customer and the API were paid', { timeout: 60_000 }, async ([mode, wallet]) => {
  const { code, out, said, last } = await runDemo([`--${mode}`, '--wallet', wallet])
  expect(code, said).toBe(0)
  expect(last).toMatchObject({ type: 'completed', mode, wallet })
  expect(out.match(/"type":"published"/g), 'there is one relay').toHaveLength(1)
  // The price, and room for ten sats of fees, of which the way took one.
  expect(last).toMatchObject({ customerPaidMsat: 31_000, upstreamPaidMsat: 21_000, feesMsat: 1_000 })
  expect(out + said).not.toMatch(/nostr\+walletconnect|nsec1|"preimage"|macaroon/)
})
