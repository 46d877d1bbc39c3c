/** Is a paid result that relays have lost noticed, and is everything else left alone? */
import { describe, expect, it } from 'vitest'
import type { Filter, NostrEvent } from '../../../src/core/event.js'
import type { EventId } from '../../../src/core/identifiers.js'
import type { Delivery, Job } from '../../../src/core/job.js'
import { createReadBack } from '../../../src/engine/read-back.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { jobIn, sampleDelivery } from '../../support/sample-jobs.js'
import { numberedId } from '../../support/step-world.js'
import { createLogRecorder } from '../../support/store-parts.js'

const [A, B] = ['wss://a.test/', 'wss://b.test/'] as const
const PAID = jobIn('completed')

function createWorld() {
  const clock = createFakeClock()
  const held = new Map<string, Set<EventId>>()
  const asked: { readonly relays: readonly string[]; readonly filter: Filter }[] = []
  const sentAgain: EventId[] = []
  const world = { answered: true }
  const readBack = createReadBack({
    relays: {
      async fetch(relays, filter) {
        asked.push({ relays, filter })
        const ids = (filter.ids ?? []).filter((id) => relays.some((relay) => held.get(relay)?.has(id as EventId)))
        return { events: ids.map((id) => ({ id }) as NostrEvent), answered: world.answered ? relays.length : 0 }
      },
    },
    clock,
    log: createLogRecorder(),
    sendAgain: (_, { eventId }) => void sentAgain.push(eventId),
  })
  const hold = (relay: string, id: EventId) => held.set(relay, (held.get(relay) ?? new Set()).add(id))
  return Object.assign(world, { clock, readBack, asked, sentAgain, hold })
}

const result = (serial: number, changes: Partial<Delivery> = {}): Delivery => ({
  ...sampleDelivery('result'),
  eventId: numberedId(serial),
  relays: { [A]: 'accepted', [B]: 'accepted' },
  counted: [A, B],
  ...changes,
})

describe('a paid result', () => {
  it('is looked for once, some seconds later, where it was accepted', async () => {
    const { clock, readBack, asked, hold, sentAgain } = createWorld()
    const delivery = result(1)
    hold(A, delivery.eventId)
    readBack.expect(PAID, delivery, A)
    readBack.expect(PAID, delivery, B)
    await clock.advance(4_999)
    expect(asked).toEqual([])
    await clock.advance(60_000)
    expect(asked).toEqual([{ relays: [A], filter: { ids: [delivery.eventId] } }])
    expect([readBack.counts, sentAgain, clock.timers()]).toEqual([{ found: 1, missing: 0 }, [], 0])
  })

  it('that no relay holds is sent again, and counted', async () => {
    const { clock, readBack, asked, sentAgain } = createWorld()
    readBack.expect(PAID, result(1), A)
    await clock.advance(60_000)
    expect([readBack.counts, sentAgain]).toEqual([{ found: 0, missing: 1 }, [numberedId(1)]])
    expect(asked.map(({ relays }) => relays)).toEqual([[A], [B]])
  })

  it('that another relay holds is not sent again', async () => {
    const { clock, readBack, hold, sentAgain } = createWorld()
    hold(B, numberedId(1))
    readBack.expect(PAID, result(1), A)
    await clock.advance(60_000)
    expect([readBack.counts, sentAgain]).toEqual([{ found: 1, missing: 0 }, []])
  })

  it('is not called lost by a relay that does not answer', async () => {
    const world = createWorld()
    world.answered = false
    world.readBack.expect(PAID, result(1), A)
    await world.clock.advance(60_000)
    expect([world.readBack.counts, world.sentAgain]).toEqual([{ found: 0, missing: 0 }, []])
  })

  it('is asked for together with others, and of very many a sample', async () => {
    const { clock, readBack, asked, hold } = createWorld()
    for (let serial = 0; serial < 1_000; serial += 1) {
      hold(A, numberedId(serial))
      readBack.expect(PAID, result(serial), A)
    }
    await clock.advance(60_000)
    expect(asked.map(({ filter }) => filter.ids?.length)).toEqual([100, 100])
  })
})

const cases: readonly (readonly [string, Job, Delivery])[] = [
  ['costs nothing', { ...PAID, offer: undefined, payment: undefined, secrets: undefined }, result(1)],
  ['is no result', PAID, result(1, { purpose: 'offer' })],
  ['was accepted where nobody reads it', PAID, result(1, { counted: [B] })],
  ['is in a gift wrap, which nobody else may read', { ...PAID, channel: { type: 'wrapped' } }, result(1)],
]

it.each(cases)('what %s is not looked for', async (_, job, delivery) => {
  const { clock, readBack, asked } = createWorld()
  readBack.expect(job, delivery, A)
  await clock.advance(60_000)
  expect([asked, clock.timers()]).toEqual([[], 0])
})

it('leaves no timer behind when it stops', () => {
  const { clock, readBack } = createWorld()
  readBack.expect(PAID, result(1), A)
  readBack.stop()
  expect(clock.timers()).toBe(0)
})
