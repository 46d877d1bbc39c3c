/** A relay with its own clock, somebody who publishes and somebody who listens: what most tests of the relay begin with. */
import { expect } from 'vitest'
import type { NostrEvent } from '../../src/core/event.js'
import { startRelay, type DevRelay, type RelayOptions } from '../../src/dev/relay/relay.js'
import { openRelayClient, type RelayClient } from './relay-client.js'

export const RELAY_NOW = 1_800_000_000

export const idsOf = (events: readonly NostrEvent[]) => events.map((event) => event.id)

export interface RelayFixture {
  readonly relay: DevRelay
  readonly publisher: RelayClient
  readonly reader: RelayClient
  /** The relay's clock, in seconds. */
  clock: number
  /** Publishes in turn; each must be taken as new. */
  publishAll(...events: readonly NostrEvent[]): Promise<void>
  stored(...filters: object[]): Promise<NostrEvent[]>
  /** What the reader got for a subscription. Complete, because events leave the relay before their OK does. */
  live(id: string): Promise<NostrEvent[]>
  stop(): Promise<void>
}

export async function startRelayFixture(options: RelayOptions = {}): Promise<RelayFixture> {
  const fixture = { clock: RELAY_NOW }
  const relay = await startRelay({ now: () => fixture.clock * 1000, ...options })
  const [publisher, reader] = await Promise.all([openRelayClient(relay.url), openRelayClient(relay.url)])
  return Object.assign(fixture, {
    relay,
    publisher,
    reader,
    async publishAll(...events: readonly NostrEvent[]) {
      for (const event of events) expect(await publisher.publish(event)).toEqual({ ok: true, reason: '' })
    },
    stored: async (...filters: object[]) => (await publisher.query(...filters)).events,
    async live(id: string) {
      await reader.fence()
      return reader.received(id)
    },
    async stop() {
      publisher.close()
      reader.close()
      await relay.stop()
    },
  })
}
