/** Is a relay sent as much as it takes, and where it takes nothing, next to nothing? */
import { describe, expect, it } from 'vitest'
import { createRelayLane, type Sending } from '../../../src/engine/relay-lane.js'
import type { PublishVerdict } from '../../../src/ports.js'
import { createFakeClock, settled } from '../../support/fake-clock.js'

const START_MS = 1_800_000_000_000
const MINUTE_MS = 60_000
const ACCEPTED: PublishVerdict = { type: 'accepted' }
const NOBODY: PublishVerdict = { type: 'later', reason: 'no connection' }
const TOO_FAST: PublishVerdict = { type: 'later', reason: 'rate-limited: slow down', cause: 'rateLimited' }
const FAULT: PublishVerdict = { type: 'later', reason: 'error: the database', cause: 'said' }

function createWorld(answer: (event: string, count: number) => PublishVerdict | Promise<PublishVerdict>) {
  const clock = createFakeClock(START_MS)
  const tries: string[] = []
  const ended: string[] = []
  let idle = 0
  const lane = createRelayLane({
    relay: 'wss://relay.test/',
    relays: {
      publish: async (event) => {
        tries.push(event as string)
        return answer(event as string, tries.length)
      },
    },
    clock,
    random: () => 0.5,
    onIdle: () => (idle += 1),
  })
  const send = (name: string, changes: Partial<Sending> = {}): void =>
    lane.send({
      event: () => name,
      until: START_MS + 24 * 60 * MINUTE_MS,
      onDeferred: () => undefined,
      onEnd: (verdict) => void ended.push(`${name} ${verdict === 'dropped' ? verdict : verdict.type}`),
      ...changes,
    })
  return { clock, lane, send, tries, ended, idle: () => idle }
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, index) => `e${index}`)

describe('a relay that does not answer', () => {
  it('is tried with one event at a time, however many wait for it', async () => {
    const { clock, send, tries } = createWorld(() => NOBODY)
    numbered(10_000).forEach((name) => send(name))
    await clock.advance(MINUTE_MS)
    const soFar = tries.length
    await clock.advance(60 * MINUTE_MS)
    // In an hour: six or seven tries for ten thousand events, and one timer.
    expect([tries.length - soFar < 12, clock.timers()]).toEqual([true, 1])
  })

  it('gets everything soon after it is back', async () => {
    let isBack = false
    const { clock, send, ended } = createWorld(() => (isBack ? ACCEPTED : NOBODY))
    numbered(1_000).forEach((name) => send(name))
    await clock.advance(60 * MINUTE_MS)
    isBack = true
    await clock.advance(10 * MINUTE_MS)
    expect(ended).toHaveLength(1_000)
  })

  it('is tried at once with what is new, and where that arrives with all the rest', async () => {
    let isBack = false
    const { clock, send, ended } = createWorld(() => (isBack ? ACCEPTED : NOBODY))
    numbered(500).forEach((name) => send(name))
    await clock.advance(60 * MINUTE_MS)
    isBack = true
    send('new')
    await settled()
    await settled()
    expect([ended[0], ended.length]).toEqual(['new accepted', 501])
  })

  it('holds no more than a few trials at once', async () => {
    const { clock, send, tries } = createWorld((_, count) => (count === 1 ? NOBODY : new Promise(() => undefined)))
    send('first')
    await settled()
    numbered(1_000).forEach((name) => send(name))
    await settled()
    expect(tries.length).toBeLessThanOrEqual(9)
    await clock.advance(MINUTE_MS)
    expect(tries.length).toBeLessThanOrEqual(9)
  })
})

describe('a relay that answers', () => {
  it('is sent many at once, but not without end', async () => {
    const { send, tries } = createWorld(() => new Promise(() => undefined))
    numbered(1_000).forEach((name) => send(name))
    await settled()
    expect(tries).toHaveLength(256)
  })

  it('waits for one event that it puts off as little as for the others', async () => {
    const { clock, send, tries, ended } = createWorld((event) => (event === 'bad' ? FAULT : ACCEPTED))
    send('bad')
    await settled()
    numbered(50).forEach((name) => send(name))
    await settled()
    expect(ended).toHaveLength(50)
    await clock.advance(60 * MINUTE_MS)
    expect(tries.filter((name) => name === 'bad').length).toBeLessThan(20)
  })
})

describe('a relay that asks for patience', () => {
  it('is sent nothing at all until it has had some', async () => {
    const { clock, send, tries } = createWorld((_, count) => (count === 1 ? TOO_FAST : ACCEPTED))
    send('first')
    await settled()
    numbered(20).forEach((name) => send(name))
    await clock.advance(2_999)
    expect(tries).toHaveLength(1)
    await clock.advance(1)
    expect(tries).toHaveLength(22)
  })

  it('is given more of it each time', async () => {
    const { clock, send, tries } = createWorld(() => TOO_FAST)
    send('first')
    await clock.advance(3_000 + 6_000 + 12_000)
    expect(tries).toHaveLength(4)
    await clock.advance(23_999)
    expect(tries).toHaveLength(4)
  })

  it('is not hurried by what it had taken before it said so', async () => {
    const answers: ((verdict: PublishVerdict) => void)[] = []
    const { clock, send, tries } = createWorld(() => new Promise((resolve) => answers.push(resolve)))
    numbered(3).forEach((name) => send(name))
    await settled()
    answers[0]?.(TOO_FAST)
    answers[1]?.(ACCEPTED)
    answers[2]?.(ACCEPTED)
    await settled()
    send('new')
    await clock.advance(2_000)
    expect(tries).toHaveLength(3)
  })
})

describe('an event', () => {
  it('that waits in vain is given up in its time, though it was never sent', async () => {
    const { clock, send, tries, ended } = createWorld(() => NOBODY)
    send('long')
    await settled()
    for (let index = 0; index < 20; index += 1) send('other', { until: START_MS + 24 * 60 * MINUTE_MS })
    send('short', { until: START_MS + MINUTE_MS })
    await clock.advance(20 * MINUTE_MS)
    expect([tries.includes('short'), ended]).toEqual([false, ['short refused']])
  })

  it('that is not to be sent any more is dropped', async () => {
    const { clock, send, ended } = createWorld(() => NOBODY)
    let event: string | null = 'gone'
    send('gone', { event: () => event })
    await settled()
    event = null
    await clock.advance(MINUTE_MS)
    expect([ended, clock.timers()]).toEqual([['gone dropped'], 0])
  })
})

it('tells when nothing is left of it', async () => {
  const { send, idle } = createWorld(() => ACCEPTED)
  send('one')
  await settled()
  expect(idle()).toBe(1)
})

it('leaves no timer behind when it stops', async () => {
  const { clock, lane, send } = createWorld((event) => (event === 'bad' ? FAULT : NOBODY))
  send('bad')
  await settled()
  send('other')
  await settled()
  lane.stop()
  expect(clock.timers()).toBe(0)
})
