/** Can strangers bend whom a hirer believes? By keeping what was taken back, or by crowding out whoever is vouched for. */
import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { startRelay } from '../../src/dev/relay/relay.js'
import { createKeySigner } from '../../src/nostr/signer.js'
import { createHireWorld, type HireWorld } from '../support/hire-world.js'
import { openRelayClient } from '../support/relay-client.js'

const NOW = Math.floor(Date.now() / 1000)
let world: HireWorld
beforeEach(async () => {
  world = await createHireWorld()
})
afterEach(() => world.stop())

async function chosenBy(options: object): Promise<unknown> {
  const run = world.run({ task: 'joke', maxSats: '50', dryRun: true, ...options })
  await run.exit
  return run.told('chosen')[0]?.['provider'] ?? null
}

it.each<[string, string[][]]>([
  ['names nobody', [['status', 'revoked']]],
  [
    'has a date that cannot be read',
    [
      ['status', 'revoked'],
      ['effective', 'now'],
    ],
  ],
])('an attestation is taken back by a newer one that %s, though a relay keeps the old one', async (_, tags) => {
  const [agent, issuer] = [await world.agent(), await world.agent(null)]
  const name = ['d', `endorsement:${agent.pubkey}`]
  const type = ['type', 'endorsement']
  const old = await issuer.publish({ kind: 31_000, created_at: NOW - 100, tags: [name, type, ['p', agent.pubkey]] })
  const keeping = await startRelay()
  try {
    const client = await openRelayClient(keeping.url)
    await client.publish(old)
    client.close()
    const options = { trustIssuer: [issuer.pubkey], relay: [world.relay.url, keeping.url] }
    expect(await chosenBy(options)).toBe(agent.pubkey)
    await issuer.publish({ kind: 31_000, tags: [name, type, ...tags] })
    expect(await chosenBy(options)).toBeNull()
  } finally {
    await keeping.stop()
  }
})

it('a crowd of strangers that list the same task does not hide a provider that is vouched for', async () => {
  const [agent, issuer] = [await world.agent(), await world.agent(null)]
  await issuer.publish({
    kind: 31_000,
    tags: [
      ['d', `endorsement:${agent.pubkey}`],
      ['type', 'endorsement'],
      ['p', agent.pubkey],
    ],
  })
  const client = await openRelayClient(world.relay.url)
  const content = JSON.stringify({
    pricing: [{ capability: 'joke', price: 1, currency: 'sats' }],
    paymentMethods: ['lightning'],
  })
  for (let stranger = 0; stranger < 320; stranger += 1) {
    const tags = [
      ['d', 'agent'],
      ['k', '5800'],
    ]
    const listing = { kind: 31_990, created_at: NOW + 60, tags, content }
    await client.publish(await createKeySigner(randomBytes(32)).sign(listing))
  }
  client.close()
  expect(await chosenBy({ trustIssuer: [issuer.pubkey] })).toBe(agent.pubkey)
})
