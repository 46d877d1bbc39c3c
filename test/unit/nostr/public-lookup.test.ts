/** Can a relay's name lead the daemon into a private network? */
import type { LookupAddress } from 'node:dns'
import { afterEach, expect, it } from 'vitest'
import { isPublicHost } from '../../../src/core/hosts.js'
import { createPublicLookup } from '../../../src/nostr/public-lookup.js'
import { createPoolFixture, shapeEvent, systemClock } from '../../support/pool-fixture.js'
import { startScriptedRelay } from '../../support/scripted-relay.js'

const v4 = (address: string): LookupAddress => ({ address, family: 4 })
const v6 = (address: string): LookupAddress => ({ address, family: 6 })

const lookUp = (addresses: LookupAddress[], all = false): Promise<unknown> =>
  new Promise((resolve) =>
    createPublicLookup((_name, _options, callback) => callback(null, addresses))(
      'relay.example.com',
      { all },
      (error, address, family) => resolve(error ? error.message : { address, family }),
    ),
  )

it.each([
  [[v4('127.0.0.1')]],
  [[v4('169.254.169.254')]],
  [[v4('198.51.100.7'), v4('10.0.0.1')]],
  [[v6('::1')]],
  [[v6('::ffff:10.0.0.1')]],
  [[v6('64:ff9b::a00:1')]],
  [[v6('2002:7f00:1::')]],
  [[v6('fd00::1')]],
])('a name that resolves to %j leads nowhere', async (addresses) => {
  expect(await lookUp(addresses)).toBe('the name leads to a private network')
  expect(await lookUp(addresses, true)).toBe('the name leads to a private network')
})

it('a name that resolves to public addresses leads there, to exactly those', async () => {
  const addresses = [v4('198.51.100.7'), v6('2001:db8::7'), v6('64:ff9b::c633:6407')]
  expect(await lookUp(addresses, true)).toEqual({ address: addresses, family: undefined })
  expect(await lookUp(addresses)).toEqual({ address: '198.51.100.7', family: 4 })
})

it.each(['[::7f00:1]', '[64:ff9b::7f00:1]', '[2002:a00:1::]', '[::ffff:7f00:1]', '192.0.0.8', '198.18.0.1'])(
  'the address %s is not public',
  (host) => expect(isPublicHost(host)).toBe(false),
)

const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

it("the pool connects to no private address under a stranger's name, and to an operator's relay all the same", async () => {
  const relay = await startScriptedRelay()
  const named = `ws://localhost:${relay.port}/`
  const { pool } = createPoolFixture(systemClock, { own: new Set([relay.url]), allowPrivate: false })
  stops.push(
    () => pool.stop(),
    () => relay.stop(),
  )
  const verdict = await pool.publish(shapeEvent(), named)
  expect(verdict).toEqual({ type: 'later', reason: 'the name leads to a private network' })
  expect(relay.connected).toBe(0)
  expect((await pool.publish(shapeEvent(), relay.url)).type).toBe('accepted')
})
