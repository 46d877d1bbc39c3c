/** Does the embedded relay run as a process of its own? From its announcement to SIGTERM. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, it } from 'vitest'
import { createTestKey, openRelayClient } from '../support/relay-client.js'

it('prints its url as one line of JSON, relays, and ends with SIGTERM although somebody is connected', async () => {
  const child = spawn(process.execPath, ['dist/src/dev/relay/main.js', '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exited = once(child, 'exit')
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string]
  const { url } = JSON.parse(line) as { url: string }
  const client = await openRelayClient(url)
  await client.subscribe('live', { kinds: [5800] })
  const event = createTestKey(1_800_000_000).sign(5800)
  expect(await client.publish(event)).toEqual({ ok: true, reason: '' })
  expect(client.received('live')).toEqual([event])
  child.kill('SIGTERM')
  expect(await exited).toEqual([0, null])
  expect(await client.closed).toBe(1006)
})
