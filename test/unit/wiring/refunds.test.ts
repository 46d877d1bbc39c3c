/** Whom does the daemon call when a customer names a wallet to which money goes back? */
import { describe, expect, it } from 'vitest'
import type { Config } from '../../../src/config/config.js'
import type { Msat } from '../../../src/core/money.js'
import type { RelayPool } from '../../../src/ports.js'
import type { Adapters } from '../../../src/wiring/adapters.js'
import { openRefunds } from '../../../src/wiring/refunds.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { createLogRecorder } from '../../support/store-parts.js'

const OWN = 'ws://127.0.0.1:7777/'

/** What is reached is noted, and nothing answers. */
function open(allowPrivate = false) {
  const reached = new Set<string>()
  const relays: Partial<RelayPool> = {
    subscribe(request) {
      for (const relay of request.relays) reached.add(relay)
      return { close: () => undefined }
    },
    async fetch(named) {
      for (const relay of named) reached.add(relay)
      throw new Error('nobody answers')
    },
    async publish(_event, relay) {
      reached.add(relay)
      return { type: 'refused', reason: 'nobody answers', tooLarge: false }
    },
  }
  const clock = createFakeClock()
  const config = { network: 'regtest', relays: { allowPrivate, read: [OWN], write: [] } } as unknown as Config
  const desk = openRefunds(config, { relays, clock, log: createLogRecorder() } as unknown as Adapters)
  const ask = (...named: string[]) => {
    const relaysOf = named.map((relay) => `relay=${encodeURIComponent(relay)}`).join('&')
    const uri = `nostr+walletconnect://${'79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'}?${relaysOf}&secret=${'12'.repeat(32)}`
    return desk.invoiceFrom({ type: 'wallet', uri }, 21_000 as Msat)
  }
  return { ask, reached }
}

describe("a customer's wallet connection", () => {
  it.each([
    'ws://169.254.169.254/',
    'ws://127.0.0.1:8080/',
    'ws://[::1]:8080/',
    'wss://10.0.0.1',
    'ws://localhost:9735',
  ])('does not lead into a private network: %s', async (relay) => {
    const { ask, reached } = open()
    expect(await ask('wss://relay.example.com', relay)).toMatchObject({ final: true })
    expect([...reached]).toEqual([])
  })

  it('names a few relays, and not a crowd of them', async () => {
    const { ask, reached } = open()
    const crowd = Array.from({ length: 30 }, (_, number) => `wss://relay${number}.example.com`)
    expect(await ask(...crowd)).toMatchObject({ final: true })
    expect([...reached]).toEqual([])
  })

  it.each([
    ['public ones', false, 'wss://relay.example.com'],
    ['our own', false, OWN],
    ['private ones where the operator allows them', true, 'ws://10.0.0.1'],
  ])('is asked over %s', async (_what, allowPrivate, relay) => {
    const { ask, reached } = open(allowPrivate)
    expect(await ask(relay)).toMatchObject({ final: false })
    expect([...reached]).toHaveLength(1)
  })
})
