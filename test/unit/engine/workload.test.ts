/** Is work done where it brings an answer to its customer, and nowhere else? */
import { describe, expect, it } from 'vitest'
import type { NostrEvent } from '../../../src/core/event.js'
import type { Delivery, Job, RelayVerdict } from '../../../src/core/job.js'
import { createWorkload } from '../../../src/engine/workload.js'
import { verifyEvent } from '../../../src/nostr/event.js'
import { proveWork } from '../../../src/nostr/proof-of-work.js'
import { createKeySigner } from '../../../src/nostr/signer.js'
import { provenWork } from '../../../src/nostr/work.js'
import type { RelayLimits } from '../../../src/ports.js'
import { createFakeClock } from '../../support/fake-clock.js'
import { jobIn, sampleDelivery } from '../../support/sample-jobs.js'
import { createLogRecorder } from '../../support/store-parts.js'

const [OWN, A, B] = ['wss://own.test/', 'wss://a.test/', 'wss://b.test/'] as const
const signer = createKeySigner(Buffer.alloc(32, 7))
const PAID = jobIn('publishing')
const FREE = { ...jobIn('publishing'), offer: undefined, payment: undefined, secrets: undefined } as Job

interface Options {
  readonly quorum?: number
  readonly maxBits?: number
  readonly minPow?: Readonly<Record<string, number>>
  readonly costMs?: number
}

function createWorld({ quorum = 1, maxBits = 12, minPow = {}, costMs = 0 }: Options = {}) {
  const clock = createFakeClock()
  const mined: number[] = []
  const workload = createWorkload({
    relays: { limits: (relay) => (relay in minPow ? ({ minPow: minPow[relay] ?? null } as RelayLimits) : null) },
    signer,
    clock,
    log: createLogRecorder(),
    quorum,
    own: new Set([OWN]),
    maxBits,
    prove: async (author, template, { bits }) => {
      mined.push(bits)
      await clock.advance(costMs)
      return proveWork(author, template, { bits, withinMs: 10_000, now: () => Date.now() })
    },
  })
  return { clock, workload, mined }
}

const signed = (tags: string[][] = []): Promise<NostrEvent> =>
  signer.sign({ kind: 6800, created_at: 1_000, tags: [['p', 'x'], ...tags], content: 'the answer' })

async function refusedBy(relays: Record<string, RelayVerdict>, changes: Partial<Delivery> = {}): Promise<Delivery> {
  const event = await signed()
  const counted = Object.keys(relays)
  return { ...sampleDelivery('result'), eventId: event.id, event: JSON.stringify(event), relays, counted, ...changes }
}

describe('the work of an answer', () => {
  it('is none where no relay asks for it', () => {
    expect(createWorld().workload.bitsFor(PAID, [A, B])).toBe(0)
  })

  it('is what the relay says of itself, or has said in this run', () => {
    const { workload } = createWorld({ minPow: { [A]: 8 } })
    expect(workload.bitsFor(FREE, [A])).toBe(8)
    workload.learn(A, 10)
    expect(workload.bitsFor(FREE, [A])).toBe(10)
  })

  it('is none where enough relays take it as it is', () => {
    const { workload } = createWorld({ minPow: { [A]: 8 } })
    expect(workload.bitsFor(FREE, [A, B])).toBe(0)
  })

  it('is enough for the quorum, and no more', () => {
    const { workload } = createWorld({ quorum: 2, minPow: { [A]: 8, [B]: 10 } })
    expect(workload.bitsFor(FREE, [A, B, 'wss://c.test/'])).toBe(8)
  })

  it('is for what was paid what every relay asks for that its customer chose; our own are served without', () => {
    const { workload } = createWorld({ minPow: { [A]: 8, [OWN]: 10 } })
    expect(workload.bitsFor(PAID, [A, B])).toBe(8)
    expect(workload.bitsFor(PAID, [OWN, B])).toBe(0)
  })

  it('is never more than the operator allows', () => {
    const { workload } = createWorld({ minPow: { [A]: 20, [B]: 6 } })
    expect(workload.bitsFor(PAID, [A, B])).toBe(6)
    expect(createWorld({ maxBits: 0, minPow: { [A]: 1 } }).workload.bitsFor(PAID, [A])).toBe(0)
  })

  it('is done before it is signed', async () => {
    const { workload } = createWorld()
    const event = await workload.add(PAID, await signed(), 8)
    expect([provenWork(event), verifyEvent(event), event.content]).toEqual([8, true, 'the answer'])
  })

  it('is not done for a gift wrap: its key is gone', async () => {
    const { workload, mined } = createWorld()
    const wrap = { ...(await signed()), pubkey: 'f'.repeat(64) as never }
    expect([await workload.add(PAID, wrap, 8), mined]).toEqual([wrap, []])
  })
})

describe('an answer that no relay took', () => {
  it('is signed anew with the work that was asked for, for those who asked', async () => {
    const { workload } = createWorld()
    const first = await refusedBy({ [A]: 'refused: pow 8 (pow: 8 bits)', [B]: 'refused: blocked' })
    const anew = (await workload.rework(PAID, first)) as Delivery
    const event = JSON.parse(anew.event ?? '') as NostrEvent
    expect(anew).toMatchObject({ eventId: event.id, relays: { [A]: 'pending', [B]: 'refused: blocked' } })
    expect([provenWork(event), verifyEvent(event), event.id === first.eventId]).toEqual([8, true, false])
  })

  it('is worked on by the most that is allowed where the relay names no number', async () => {
    const { workload, mined } = createWorld({ maxBits: 9 })
    workload.learn(A, null)
    await workload.rework(PAID, await refusedBy({ [A]: 'refused: pow (pow: more, please)' }))
    expect(mined).toEqual([9])
  })

  it.each([
    ['a relay holds it', { [A]: 'refused: pow 8 (x)', [B]: 'accepted' }],
    ['a relay may hold it', { [A]: 'refused: pow 8 (x)', [B]: 'pending' }],
    ['nobody asks for work', { [A]: 'refused: blocked' }],
  ] as const)('is left as it is where %s', async (_, relays) => {
    const { workload, mined } = createWorld()
    const first = await refusedBy({ ...relays }, { counted: [A] })
    expect([await workload.rework(PAID, first), mined, first.relays]).toEqual([null, [], relays])
  })

  it('shows its invoice anew although a relay holds it where the customer does not read', async () => {
    const { workload } = createWorld()
    const first = await refusedBy({ [A]: 'refused: pow 8 (x)', [OWN]: 'accepted' }, { purpose: 'offer', counted: [A] })
    expect(await workload.rework(jobIn('awaiting'), first)).toMatchObject({
      relays: { [A]: 'pending', [OWN]: 'accepted' },
    })
  })

  it.each([
    ['more than is allowed', 'refused: pow 13 (x)'],
    ['what was done already', 'refused: pow 8 (x)'],
  ] as const)('is given up where the relay asks for %s', async (_, verdict) => {
    const { workload, mined } = createWorld()
    const worked = await createWorld().workload.add(PAID, await signed(), 8)
    const first = await refusedBy({ [A]: verdict }, { event: JSON.stringify(worked) })
    expect([await workload.rework(PAID, first), mined]).toEqual([null, []])
    expect(first.relays[A]).toBe('refused: asks for work that is not done')
  })
})

describe('what nobody has paid for', () => {
  it('is worked on for a tenth of the time at most', async () => {
    const { clock, workload, mined } = createWorld({ costMs: 2_000 })
    await workload.add(FREE, await signed(), 8)
    await clock.advance(17_000)
    expect(provenWork(await workload.add(FREE, await signed(), 8))).toBe(0)
    await clock.advance(1_000)
    expect(provenWork(await workload.add(FREE, await signed(), 8))).toBe(8)
    expect(mined).toHaveLength(2)
  })

  it('does not keep what was paid waiting for its turn', async () => {
    const { workload, mined } = createWorld()
    const events = await Promise.all([signed([['n', '1']]), signed([['n', '2']]), signed([['n', '3']])])
    await Promise.all([
      workload.add(FREE, events[0], 8),
      workload.add(FREE, events[1], 8),
      workload.add(PAID, events[2], 9),
    ])
    expect(mined).toEqual([8, 9])
  })

  it('and comes together waits its turn: none of it is given up', async () => {
    const { clock, workload, mined } = createWorld({ costMs: 50 })
    const offers = await Promise.all([1, 2, 3].map(() => refusedBy({ [A]: 'refused: pow 8 (x)' }, { notAfter: null })))
    const answers = await Promise.all(offers.map((offer) => workload.rework(FREE, offer)))
    const turns = answers.filter((answer) => typeof answer === 'number')
    expect([mined, turns.length, new Set(turns).size]).toEqual([[8], 2, 2])
    for (const offer of offers.slice(1)) {
      let answer = await workload.rework(FREE, offer)
      for (let tries = 0; typeof answer === 'number' && tries < 5; tries += 1) {
        await clock.advance(answer - clock.now())
        answer = await workload.rework(FREE, offer)
      }
      expect(answer).toMatchObject({ relays: { [A]: 'pending' } })
    }
    expect(mined).toHaveLength(3)
  })

  it('is given up where its turn would come too late', async () => {
    const { clock, workload } = createWorld({ costMs: 50 })
    const notAfter = Math.floor(clock.now() / 1000)
    const offers = await Promise.all([1, 2].map(() => refusedBy({ [A]: 'refused: pow 8 (x)' }, { notAfter })))
    const answers = await Promise.all(offers.map((offer) => workload.rework(FREE, offer)))
    expect(answers[1]).toBeNull()
    expect(offers[1]!.relays[A]).toBe('refused: asks for work that is not done')
  })
})
