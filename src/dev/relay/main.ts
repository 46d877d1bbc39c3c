/** How does a relay run as a process of its own? `node main.js --port 7777` prints {"url":…} and runs until SIGTERM. */
import { parseArgs } from 'node:util'
import { startRelay } from './relay.js'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '0' },
    auth: { type: 'boolean', default: false },
    'trust-signatures': { type: 'boolean', default: false },
    'delay-ms': { type: 'string', default: '0' },
  },
})

const relay = await startRelay({
  port: Number(values.port),
  auth: values.auth,
  verify: !values['trust-signatures'],
  delayMs: Number(values['delay-ms']),
})

for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void relay.stop())

console.log(JSON.stringify({ url: relay.url }))
