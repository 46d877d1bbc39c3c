/** What do the relays hold, and what did they say? Simulated ones, each with its mood; they outlive every crash. */
import type { NostrEvent } from '../../../src/core/event.js'
import type { PublishVerdict } from '../../../src/ports.js'
import { provenWork } from '../../../src/nostr/work.js'
import { LARGE, RESULT_KIND, WORK_BITS } from './plan.js'
import type { World } from './world.js'

const FEEDBACK_KIND = 7000

export const RELAYS = ['wss://one.example/', 'wss://two.example/', 'wss://three.example/'] as const

export interface SimulatedRelays {
  publish(event: NostrEvent, relay: string): PublishVerdict
  /** An event of somebody else, whom every relay takes. */
  post(event: NostrEvent): void
  stored(relay: string): readonly NostrEvent[]
  /** Every event that any relay holds, once. */
  all(): readonly NostrEvent[]
  listen(listener: (event: NostrEvent, relay: string) => void): () => void
}

export function createRelays({ plan, trace }: World): SimulatedRelays {
  const held = new Map<string, Map<string, NostrEvent>>(RELAYS.map((relay) => [relay, new Map()]))
  const deferred = new Map<string, number>()
  const listeners = new Set<(event: NostrEvent, relay: string) => void>()

  function keep(event: NostrEvent, relay: string): void {
    held.get(relay)?.set(event.id, event)
    for (const listener of listeners) listener(event, relay)
  }

  return {
    post(event) {
      for (const relay of RELAYS) keep(event, relay)
    },
    publish(event, relay) {
      const own = held.get(relay)
      const mood = plan.moods[RELAYS.findIndex((url) => url === relay)]
      if (!own || !mood) return { type: 'later', reason: 'no connection' }
      if (mood.refuses.includes(event.kind)) return { type: 'refused', reason: 'blocked: not here', tooLarge: false }
      if (plan.large !== 'no' && event.content.length >= LARGE) {
        return { type: 'refused', reason: 'invalid: too large', tooLarge: true }
      }
      const wantsWork =
        (event.kind === RESULT_KIND || event.kind === FEEDBACK_KIND) &&
        RELAYS.indexOf(relay as (typeof RELAYS)[0]) < plan.working
      if (wantsWork && provenWork(event) < WORK_BITS) {
        return { type: 'refused', reason: 'pow: some', tooLarge: false, pow: WORK_BITS }
      }
      const count = deferred.get(relay) ?? 0
      deferred.set(relay, count + 1)
      if (count < mood.defers) return { type: 'later', reason: 'rate-limited: slow down' }
      if (own.has(event.id)) return { type: 'accepted' }
      trace?.(`${relay} holds ${event.kind} ${JSON.stringify(event.tags.find(([name]) => name === 'status') ?? '')}`)
      keep(event, relay)
      return { type: 'accepted' }
    },
    stored: (relay) => [...(held.get(relay)?.values() ?? [])],
    all: () => [...new Map([...held.values()].flatMap((own) => [...own])).values()],
    listen(listener) {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
  }
}
