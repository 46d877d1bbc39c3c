/** Which events become jobs, each once, and which are counted and never answered? */
import { describe, expect, it } from 'vitest'
import type { NostrEvent } from '../../../src/core/event.js'
import { INTAKE_COUNTS, type IntakeCount } from '../../../src/engine/intake.js'
import { settled } from '../../support/fake-clock.js'
import { createIntakeWorld } from '../../support/intake-world.js'
import { customerPubkey, NOW_S, PROVIDER, signAs, signJob } from '../../support/sign-jobs.js'
import { OWN_RELAY, RUN } from '../../support/step-world.js'

const RELAY = 'wss://read.test/'
const params = [
  ['param', 'method', 'GET'],
  ['param', 'path', '/joke'],
]
const withTags = (...tags: string[][]): NostrEvent => signJob({ tags: [['p', PROVIDER], ...params, ...tags] })
const countsOf = (counts: Partial<Record<IntakeCount, number>>): Record<string, number> => ({
  ...Object.fromEntries(INTAKE_COUNTS.map((name) => [name, 0])),
  ...counts,
})

describe('an event that is no job for us', () => {
  const valid = signJob()
  const cases: [string, NostrEvent, IntakeCount][] = [
    ['of a kind without a handler', signAs(1, { kind: 5050, tags: [['p', PROVIDER], ...params] }), 'foreign'],
    ['addressed to nobody', signJob({ tags: params }), 'foreign'],
    ['addressed to somebody else', signJob({ tags: [['p', customerPubkey(9)], ...params] }), 'foreign'],
    ['with our key under another tag', signJob({ tags: [['q', PROVIDER], ...params] }), 'foreign'],
    ['just too old', signJob({ createdAt: NOW_S - 601 }), 'stale'],
    ['just too far ahead', signJob({ createdAt: NOW_S + 301 }), 'stale'],
    ['expired this second', withTags(['expiration', String(NOW_S)]), 'expired'],
    ['with an expiration that is no number', withTags(['expiration', 'soon']), 'expired'],
    ['with an empty expiration', withTags(['expiration', '']), 'expired'],
    ['with another content than was signed', { ...valid, content: 'x' }, 'forged'],
    ['under the name of somebody else', { ...valid, pubkey: customerPubkey(2) }, 'forged'],
    ['with a signature that is not its own', { ...valid, sig: signJob({ number: 2 }).sig }, 'forged'],
    ['with a key that is no point of the curve', { ...valid, pubkey: 'f'.repeat(64) as never }, 'forged'],
  ]
  it.each(cases)('is counted and never answered: %s', async (_, event, reason) => {
    const { intake, store, unrecorded } = createIntakeWorld()
    intake.receive(event, RELAY)
    await settled()
    expect(intake.counts).toEqual(countsOf({ [reason]: 1 }))
    expect([[...store.live()].length, unrecorded.length, intake.knows(event.id)]).toEqual([0, 0, false])
  })

  it.each([
    ['at the oldest', signJob({ createdAt: NOW_S - 600 })],
    ['at the latest', signJob({ createdAt: NOW_S + 300 })],
    ['that expires in a second', withTags(['expiration', String(NOW_S + 1)])],
    ['addressed to several', signJob({ tags: [['p', customerPubkey(9)], ['p', PROVIDER], ...params] })],
  ])('is taken on the right side of the border: %s', async (_, event) => {
    const { intake } = createIntakeWorld()
    intake.receive(event, RELAY)
    await settled()
    expect(intake.counts).toEqual(countsOf({ admitted: 1 }))
  })
})

describe('a job for us', () => {
  it('is stored with all that it says, its first call announced by the same save', async () => {
    const { intake, store } = createIntakeWorld()
    const event = withTags(
      ...[
        ['bid', '50000'],
        ['relays', 'wss://a.test', 'ws://127.0.0.1', 'wss://b.test', 'wss://c.test'],
      ],
      ['param', 'settlement', 'proof'],
    )
    intake.receive(event, RELAY)
    await settled()
    expect(store.get(event.id)).toEqual({
      ...{ id: event.id, kind: 5800, customer: event.pubkey, version: 1, state: 'quoting', outbox: [] },
      ...{ receivedAt: NOW_S * 1000, updatedAt: NOW_S * 1000, heardOn: RELAY, bidMsat: 50_000, proofPromised: true },
      replyRelays: ['wss://a.test/', 'wss://b.test/'],
      request: JSON.stringify(event),
      call: { upstream: 'api', route: 'joke', method: 'GET', target: '/joke', headers: {}, body: null },
      calls: { attempt: { run: RUN }, tries: 1, refusals: 0, breakages: 0, retryAt: 0, outcomeUnknown: false },
    })
  })

  it('is admitted once, though ten relays bring it three times each', async () => {
    const { intake, began } = createIntakeWorld()
    const event = signJob()
    for (let copy = 0; copy < 30; copy += 1) intake.receive({ ...event }, `wss://${copy % 10}.test/`)
    await settled()
    expect(intake.counts).toEqual(countsOf({ admitted: 1, duplicate: 29 }))
    expect(began).toHaveLength(1)
  })

  it('is kept out by no forged copy that came first', async () => {
    const { intake } = createIntakeWorld()
    const event = signJob()
    for (let copy = 0; copy < 5; copy += 1) intake.receive({ ...event, sig: '0'.repeat(128) }, RELAY)
    expect(intake.knows(event.id)).toBe(false)
    intake.receive(event, RELAY)
    await settled()
    expect(intake.counts).toEqual(countsOf({ forged: 5, admitted: 1 }))
  })

  it('is known after a restart, also once it is archived', async () => {
    const { intake, store } = createIntakeWorld()
    const event = signJob()
    intake.receive(event, RELAY)
    await settled()
    const later = createIntakeWorld({ store: () => store })
    later.intake.receive(event, RELAY)
    await settled()
    expect(later.intake.counts).toEqual(countsOf({ duplicate: 1 }))
  })

  it('is taken when it comes again after the store could not take it', async () => {
    const { intake, store } = createIntakeWorld()
    const event = signJob()
    await store.stop()
    intake.receive(event, RELAY)
    await settled()
    expect([intake.knows(event.id), intake.counts.admitted]).toEqual([false, 0])
  })

  it('is answered on our own relays where it names none that may be written to', async () => {
    const { intake, store } = createIntakeWorld()
    const event = withTags(['relays', 'ws://10.0.0.1', 'http://a.test', 'nonsense', `${OWN_RELAY}`])
    intake.receive(event, RELAY)
    await settled()
    expect(store.get(event.id)?.replyRelays).toEqual([OWN_RELAY])
  })
})
