/** Does the outbox send each event to each relay until that relay has spoken, and not once more? */
import { describe, expect, it } from 'vitest'
import { standingOf } from '../../../src/core/delivery.js'
import type { Delivery, RelayVerdict } from '../../../src/core/job.js'
import { createOutbox } from '../../../src/engine/outbox.js'
import type { PublishVerdict } from '../../../src/ports.js'
import { createFakeClock, settled } from '../../support/fake-clock.js'
import { jobIn, sampleDelivery } from '../../support/sample-jobs.js'
import { ACCEPTED, createScriptedPool, LATER, REFUSED, TOO_LARGE } from '../../support/scripted-pool.js'
import { createLogRecorder } from '../../support/store-parts.js'

const [A, B, C] = ['wss://a.test/', 'wss://b.test/', 'wss://c.test/'] as const
const START_S = 1_800_000_000
const HOUR_MS = 3_600_000

function deliveryTo(relays: readonly string[], changes: Partial<Delivery> = {}): Delivery {
  const verdicts: Record<string, RelayVerdict> = {}
  for (const relay of relays) verdicts[relay] = 'pending'
  return { ...sampleDelivery('result'), relays: verdicts, counted: [...relays], ...changes }
}

function createWorld() {
  const [clock, pool, verdicts] = [createFakeClock(START_S * 1000), createScriptedPool(), [] as string[]]
  const outbox = createOutbox({
    relays: pool,
    clock,
    log: createLogRecorder(),
    retryMs: 24 * HOUR_MS,
    random: () => 0.5,
    onVerdict: (jobId) => void verdicts.push(jobId),
  })
  return { clock, pool, outbox, verdicts, job: jobIn('publishing') }
}

const sentTo = (pool: ReturnType<typeof createScriptedPool>, relay: string): number =>
  pool.published.filter((sent) => sent.relay === relay).length

describe('the outbox', () => {
  it('keeps one verdict per relay, and tells the lane of each', async () => {
    const { pool, outbox, verdicts, job } = createWorld()
    pool.script(B, REFUSED)
    pool.script(C, TOO_LARGE)
    const delivery = deliveryTo([A, B, C])
    outbox.send(job, delivery)
    await settled()
    expect(delivery.relays).toEqual({
      [A]: 'accepted',
      [B]: 'refused: blocked: not here',
      [C]: 'refused: too large (invalid: 70000 bytes)',
    })
    expect(verdicts).toEqual([job.id, job.id, job.id])
  })

  it('tries a relay that defers again, later each time, and the others no more', async () => {
    const { clock, pool, outbox, job } = createWorld()
    pool.script(A, LATER, LATER, LATER, ACCEPTED)
    const delivery = deliveryTo([A, B])
    outbox.send(job, delivery)
    await clock.advance(6_999)
    expect([sentTo(pool, A), sentTo(pool, B)]).toEqual([3, 1])
    await clock.advance(1)
    expect([sentTo(pool, A), delivery.relays[A]]).toEqual([4, 'accepted'])
    await clock.advance(24 * HOUR_MS)
    expect([sentTo(pool, A), sentTo(pool, B)]).toEqual([4, 1])
  })

  it('waits ten minutes at most between two tries', async () => {
    const { clock, pool, outbox, job } = createWorld()
    pool.script(A, LATER)
    outbox.send(job, deliveryTo([A]))
    await clock.advance(12 * HOUR_MS)
    const before = sentTo(pool, A)
    await clock.advance(HOUR_MS)
    expect(sentTo(pool, A) - before).toBe(6)
  })

  it('is idempotent: what is being sent is not sent beside itself', async () => {
    const { clock, pool, outbox, job } = createWorld()
    pool.script(A, LATER, ACCEPTED)
    const delivery = deliveryTo([A])
    for (let times = 0; times < 5; times += 1) outbox.send(job, delivery)
    await settled()
    for (let times = 0; times < 5; times += 1) outbox.send(job, delivery)
    await clock.advance(HOUR_MS)
    for (let times = 0; times < 5; times += 1) outbox.send(job, delivery)
    await clock.advance(HOUR_MS)
    expect(sentTo(pool, A)).toBe(2)
  })

  it('sends the same bytes every time', async () => {
    const { clock, pool, outbox, job } = createWorld()
    pool.script(A, LATER, LATER, ACCEPTED)
    outbox.send(job, deliveryTo([A]))
    await clock.advance(HOUR_MS)
    expect(new Set(pool.published.map(({ event }) => JSON.stringify(event))).size).toBe(1)
  })

  it('gives up after its patience, as if the relay had refused', async () => {
    const { clock, pool, outbox, job } = createWorld()
    pool.script(A, LATER)
    const delivery = deliveryTo([A])
    outbox.send(job, delivery)
    await clock.advance(23 * HOUR_MS)
    expect(delivery.relays[A]).toBe('pending')
    await clock.advance(2 * HOUR_MS)
    expect(delivery.relays[A]).toBe('refused: no answer in time')
    expect(clock.timers()).toBe(0)
  })

  it('sends nothing after its time', async () => {
    const { clock, pool, outbox, job } = createWorld()
    pool.script(A, LATER)
    const delivery = deliveryTo([A], { notAfter: START_S + 60 })
    outbox.send(job, delivery)
    await clock.advance(HOUR_MS)
    expect(delivery.relays[A]).toBe('refused: no answer in time')
    expect(sentTo(pool, A)).toBe(6) // at 0, 1, 3, 7, 15 and 31 seconds
  })

  it.each([
    ['offer', true],
    ['processing', true],
    ['result', false],
    ['error', false],
  ] as const)('after every relay has spoken it drops the event of %s: %s', async (purpose, dropped) => {
    const { pool, outbox, job } = createWorld()
    pool.script(B, REFUSED)
    const delivery = deliveryTo([A, B], { purpose })
    outbox.send(job, delivery)
    await settled()
    expect(delivery.event === null).toBe(dropped)
  })

  it('continues a delivery that an earlier run began: relays that have spoken are left alone', async () => {
    const { pool, outbox, job } = createWorld()
    const delivery = deliveryTo([A, B, C], { relays: { [A]: 'accepted', [B]: 'refused: blocked', [C]: 'pending' } })
    outbox.send(job, delivery)
    await settled()
    expect(pool.published.map(({ relay }) => relay)).toEqual([C])
  })

  it('sends nothing where nothing is left to send', async () => {
    const { pool, outbox, job } = createWorld()
    outbox.send(job, deliveryTo([A], { event: null }))
    await settled()
    expect(pool.published).toEqual([])
  })

  it('bounds what a relay may write into the store', async () => {
    const { pool, outbox, job } = createWorld()
    pool.script(A, { type: 'refused', reason: 'x'.repeat(100_000), tooLarge: false })
    const delivery = deliveryTo([A])
    outbox.send(job, delivery)
    await settled()
    expect(delivery.relays[A]?.length).toBeLessThan(300)
  })

  it('changes nothing after a stop, whatever is answered then', async () => {
    const { clock, pool, outbox, verdicts, job } = createWorld()
    let say = (_: PublishVerdict) => undefined as void
    pool.script(A, new Promise<PublishVerdict>((resolve) => (say = resolve)))
    pool.script(B, LATER)
    const delivery = deliveryTo([A, B])
    outbox.send(job, delivery)
    await settled()
    outbox.stop()
    say(ACCEPTED)
    await clock.advance(HOUR_MS)
    outbox.send(job, deliveryTo([C]))
    await settled()
    expect([delivery.relays[A], verdicts.length, clock.timers(), pool.published.length]).toEqual(['pending', 0, 0, 2])
  })
})

describe('how a delivery stands', () => {
  const standing = (quorum: number, ...verdicts: RelayVerdict[]) => {
    const relays = Object.fromEntries(verdicts.map((verdict, index) => [`wss://${index}.test/`, verdict]))
    return standingOf(deliveryTo(Object.keys(relays), { relays }), quorum)
  }
  it.each([
    [1, ['accepted', 'pending'], 'delivered'],
    [2, ['accepted', 'pending'], 'pending'],
    [2, ['accepted', 'accepted', 'refused: x'], 'delivered'],
    [5, ['accepted', 'accepted'], 'delivered'],
    [1, ['refused: x', 'pending'], 'pending'],
    [1, ['refused: x', 'refused: too large (y)'], 'tooLarge'],
    [1, ['refused: x', 'refused: y'], 'refused'],
  ] as const)('quorum %i of %j is %s', (quorum, verdicts, expected) => {
    expect(standing(quorum, ...verdicts)).toBe(expected)
  })

  it('counts only the relays where the customer reads', () => {
    const delivery = deliveryTo([A, B], { relays: { [A]: 'accepted', [B]: 'pending' }, counted: [B] })
    expect(standingOf(delivery, 1)).toBe('pending')
  })
})
