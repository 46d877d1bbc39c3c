/** Can a hostile relay hide what others hold, by giving a spoilt copy of it first? */
import { afterEach, expect, it } from 'vitest'
import type { NostrEvent } from '../../src/core/event.js'
import { createAgent } from '../support/agent.js'
import { startBridge } from '../support/bridge.js'
import { openRelayClient } from '../support/relay-client.js'
import { POLITE, startScriptedRelay } from '../support/scripted-relay.js'

const stops: (() => unknown)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

interface Wanted {
  readonly kinds?: readonly number[]
  readonly ids?: readonly string[]
}

/** A daemon that reads at an honest relay and at one that gives whatever it knows with a broken signature, and gives it at once. */
async function openBesideSpoiler() {
  const known: NostrEvent[] = []
  const hostile = await startScriptedRelay({
    script(frame, send) {
      const [label, subscription, ...filters] = frame as [string, string, ...Wanted[]]
      for (const event of label === 'REQ' ? known : []) {
        const isWanted = filters.some(({ kinds, ids }) => (ids ? ids.includes(event.id) : kinds?.includes(event.kind)))
        if (isWanted) send(['EVENT', subscription, { ...event, sig: '0'.repeat(128) }])
      }
      POLITE(frame, send)
    },
  })
  stops.push(() => hostile.stop())
  // The honest one takes its time.
  const bridge = await startBridge({ relays: [hostile.url], relay: { delayMs: 40 } })
  stops.push(() => bridge.stop())
  return { bridge, known }
}

it('an agent whose inbox list is spoilt by one relay is answered where the true list says', async () => {
  const { bridge, known } = await openBesideSpoiler()
  const agent = await createAgent(bridge.relay.url, bridge.daemon.pubkey)
  stops.push(() => agent.stop())
  const client = await openRelayClient(bridge.relay.url)
  const { events } = await client.query({ kinds: [10_050], authors: [agent.pubkey] })
  client.close()
  known.push(...events)
  const params = [
    ['param', 'method', 'GET'],
    ['param', 'path', '/free/joke'],
  ]
  const tags = [['p', bridge.daemon.pubkey], ...params]
  const { rumor } = await agent.say({ kind: 5800, created_at: Math.floor(Date.now() / 1000), tags, content: '' })
  expect((await agent.answer(6800, rumor.id)).content).toContain('joke')
})
