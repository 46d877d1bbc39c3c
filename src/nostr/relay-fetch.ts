/** What have these relays stored? One REQ each, until EOSE or the deadline. */
import { isDeepStrictEqual } from 'node:util'
import type { Filter, NostrEvent } from '../core/event.js'
import { isMalformed, type EventId } from '../core/identifiers.js'
import type { Clock } from '../ports.js'
import { parseEventFrame } from './relay-frame.js'
import { createTurn } from './relay-turns.js'
import type { Relay } from './relay.js'

/** More than this from one relay is cut off there: the answer is held in memory. */
const MAX_EVENTS = 5_000
const MAX_CHARACTERS = 16 * 1_024 * 1_024

export interface FetchRequest {
  readonly urls: readonly string[]
  /** Null where the relay can not be talked to. */
  readonly visit: (url: string) => Relay | null
  readonly filter: Filter
  readonly timeoutMs: number
  readonly clock: Clock
}

/** Not verified, so that there may be several of one id; without duplicates. Also what a relay sent that did not reach EOSE; only one that did counts as answered. */
export async function fetchStored(request: FetchRequest): Promise<{ events: NostrEvent[]; answered: number }> {
  const events = new Map<EventId, NostrEvent[]>()
  const answers = await Promise.all(request.urls.map((url) => fetchFrom(url, request, events)))
  return { events: [...events.values()].flat(), answered: answers.filter(Boolean).length }
}

function fetchFrom(url: string, request: FetchRequest, events: Map<EventId, NostrEvent[]>): Promise<boolean> {
  const { filter, timeoutMs, clock } = request
  const relay = request.visit(url)
  if (!relay || relay.down) return Promise.resolve(false)
  return new Promise((resolve) => {
    const releases: (() => void)[] = []
    let room = Math.min(filter.limit ?? MAX_EVENTS, MAX_EVENTS)
    let characters = 0
    /** Each relay has one try to say what an event is: of thousands under one id none is compared with all the others. */
    const given = new Set<string>()

    const finish = (answered: boolean) => {
      // The last first: what was asked is closed before another has its turn.
      for (const release of releases.splice(0).reverse()) release()
      resolve(answered)
    }

    const take = (frame: string) => {
      characters += frame.length
      if (room <= 0 || characters > MAX_CHARACTERS) return finish(true)
      room -= 1
      const event = parseEventFrame(frame, [filter])
      if (event === null) return relay.countMalformed('an event that was not asked for')
      if (isMalformed(event)) return relay.countMalformed(event.malformed)
      if (given.has(event.id)) return
      given.add(event.id)
      // Only what is the same throughout is a duplicate: a forged copy, where it comes first, must not keep the real event out.
      const alike = events.get(event.id) ?? []
      if (alike.some((other) => isDeepStrictEqual(other, event))) return
      events.set(event.id, [...alike, event])
    }

    const turn = createTurn(relay, () => {
      const sent = relay.request([filter], { onEvent: take, onEose: () => finish(true), onClosed: () => finish(false) })
      if (!sent) return finish(false)
      releases.push(() => sent.close())
    })
    releases.push(() => turn.leave())

    releases.push(clock.after(timeoutMs, () => finish(false)))
    const leave = relay.join({ onUp: () => turn.begin(), onDown: () => finish(false) })
    releases.push(leave)
  })
}
