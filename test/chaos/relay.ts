/** What is a relay in bad weather? The embedded relay's own logic behind lines that fail as the weather has it. */
import type { NostrEvent } from '../../src/core/event.js'
import { createAdmission } from '../../src/dev/relay/admission.js'
import { createEventStore } from '../../src/dev/relay/event-store.js'
import { createSession } from '../../src/dev/relay/session.js'
import { createSubscriptionIndex } from '../../src/dev/relay/subscription-index.js'
import type { Agenda } from '../crash/model/agenda.js'
import type { Chance } from './chance.js'
import { Line } from './line.js'
import { noise } from './noise.js'
import { CALM, type Spell, type Weather } from './weather.js'

export interface ChaosRelay {
  readonly url: string
  readonly weather: Weather
  dial(): Line
  /** As a customer publishes: true where the relay took it. */
  take(event: NostrEvent): boolean
  /** Whether a customer can read here now. */
  readonly readable: boolean
  events(): Iterable<NostrEvent>
  has(id: string): boolean
}

export interface ChaosRelayOptions {
  readonly url: string
  readonly agenda: Agenda
  readonly chance: Chance
  readonly nextSpell: (chance: Chance, before: Weather) => Spell
  /** After this time the weather is calm for good. */
  readonly calmAt: number
  /** Called for each event that is kept, and for all of them when the relay can be read again. */
  readonly onReadable: (event: NostrEvent) => unknown
  readonly onReturn?: () => void
}

export function createChaosRelay(options: ChaosRelayOptions): ChaosRelay {
  const { url, agenda, chance, onReadable } = options
  const store = createEventStore()
  const subscriptions = createSubscriptionIndex()
  const lines = new Map<Line, { readonly say: (frame: string) => void; readonly forget: () => void }>()
  const waiting: NostrEvent[] = []
  let weather = CALM
  let connections = 0
  const now = () => Math.floor(agenda.now() / 1000)
  const isReadable = () => weather.reachable && weather.speaks && weather.lost === 0

  const rules = {
    get auth() {
      return weather.auth
    },
    verify: false, // everybody here signs well; the daemon is not told so
    maxEventBytes: 65_536,
    now,
    answer: () => (event: NostrEvent) => {
      if (weather.lies) return { ok: true, reason: '' }
      return weather.refusal === null || store.has(event.id) ? undefined : { ok: false, reason: weather.refusal }
    },
    onStored: () => undefined,
  }
  const admit = createAdmission(store, subscriptions, rules)
  const world = {
    get auth() {
      return weather.auth
    },
    admit(event: NostrEvent, publisher: Parameters<typeof admit>[1]) {
      const verdict = admit(event, publisher)
      if (store.has(event.id)) show(event)
      return verdict
    },
    store,
    subscriptions,
    counts: { received: 0, requests: 0 },
    now,
  }

  function show(event: NostrEvent): void {
    if (isReadable()) agenda.after(chance.between(20, 500), () => onReadable(event))
    else waiting.push(event)
  }

  function dial(): Line {
    const line: Line = new Line({
      agenda,
      chance,
      weather: () => weather,
      welcome(send) {
        const hosts = [new URL(url).host]
        const session = createSession(world, { number: ++connections, hosts, send })
        lines.set(line, { say: send, forget: () => session.forgetSubscriptions() })
        return {
          receive(frame) {
            session.receive(frame)
            if (weather.deaf) session.forgetSubscriptions()
          },
          close: () => session.close(),
        }
      },
      onClosed: () => lines.delete(line),
    })
    return line
  }

  const cutAll = () => {
    for (const line of [...lines.keys()]) line.cut()
  }

  /** Repeats while this weather lasts. */
  function every(of: Weather, [least, most]: readonly [number, number], happen: () => void): void {
    agenda.after(chance.between(least, most), () => {
      if (weather !== of) return
      happen()
      every(of, [least, most], happen)
    })
  }

  function closeSome(): void {
    for (const { say, forget } of lines.values()) {
      forget()
      for (let number = 1; number <= 40; number += 1)
        say(JSON.stringify(['CLOSED', `t${number}`, 'error: shutting down']))
    }
  }

  function turn(next: Weather): void {
    const before = weather
    weather = next
    if (!next.reachable) cutAll()
    if (next.deaf) for (const { forget } of lines.values()) forget()
    // A line that was silent for a while has lost what was on it: only half of them come back to life.
    if (!before.speaks && next.speaks && chance.of(50)) cutAll()
    if (next.flaps) every(next, next.flaps, cutAll)
    if (next.closes) every(next, [5_000, 120_000], closeSome)
    if (next.noisy) every(next, [200, 20_000], () => lines.forEach(({ say }) => say(noise(chance, store.events()))))
    if (!before.reachable && next.reachable) options.onReturn?.()
    if (isReadable()) for (const event of waiting.splice(0)) show(event)
  }

  function nextSpell(): void {
    if (agenda.now() >= options.calmAt) return turn(CALM)
    const spell = options.nextSpell(chance, weather)
    turn(spell.weather)
    agenda.after(Math.min(spell.ms, Math.max(0, options.calmAt - agenda.now())), nextSpell)
  }
  agenda.after(chance.between(0, 60_000), nextSpell)

  return {
    url,
    get weather() {
      return weather
    },
    get readable() {
      return isReadable()
    },
    dial,
    take(event) {
      if (!weather.reachable || !weather.speaks || weather.auth || chance.of(weather.lost)) return false
      return world.admit(event, { number: 0, pubkeys: new Set() }).ok
    },
    events: () => store.events(),
    has: (id) => store.has(id),
  }
}
