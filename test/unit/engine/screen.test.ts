/** Is a signature checked only where something could come of it? */
import { describe, expect, it } from 'vitest'
import type { NostrEvent } from '../../../src/core/event.js'
import { createScreen, type Screen } from '../../../src/engine/screen.js'
import { createRateLimit } from '../../../src/policies/rate.js'
import type { WaysIn } from '../../../src/policies/ways.js'
import { createFakeClock, settled } from '../../support/fake-clock.js'
import { createIntakeWorld } from '../../support/intake-world.js'
import { createReadableLog } from '../../support/pool-fixture.js'
import { customerPubkey, signJob } from '../../support/sign-jobs.js'

const [GOOD, BAD] = ['wss://good.test/', 'wss://bad.test/']
const OPEN: WaysIn = { any: [], allow: new Set(), deny: new Set(), workBits: 0, minRank: 0, unanswered: 'refuse' }

function createWorld(ways: Partial<WaysIn> = {}, refusals = createRateLimit(1, 100)) {
  const clock = createFakeClock()
  const log = createReadableLog()
  const screen = createScreen({ ways: { ...OPEN, ...ways }, refusals, clock, log })
  return { clock, log, screen, refusals }
}
const forge = (screen: Screen, relay: string, times: number): void => {
  for (let time = 0; time < times; time += 1) screen.forged(relay)
}

describe('a relay that sends forged events', () => {
  it('is ignored, and others are not, until some of it has been forgotten', async () => {
    const { screen, clock, log } = createWorld()
    forge(screen, BAD, 59)
    expect(screen.dismiss(signJob(), BAD)).toBeNull()
    forge(screen, BAD, 1)
    expect([screen.dismiss(signJob(), BAD), screen.dismiss(signJob(), GOOD)]).toEqual(['ignored', null])
    expect(log.lines.filter(({ event }) => event === 'relay sends forged events')).toHaveLength(1)
    await clock.advance(1_000)
    expect(screen.dismiss(signJob(), BAD)).toBeNull()
  })

  it('has none of its deletions and proofs looked at either, whichever of them it forges', async () => {
    const { screen } = createWorld()
    let looked = 0
    const look = (isGenuine: boolean | Promise<boolean>) => () => {
      looked += 1
      return isGenuine
    }
    for (let number = 0; number < 30; number += 1) screen.guard(BAD, look(false))
    for (let number = 0; number < 30; number += 1) screen.guard(BAD, look(Promise.resolve(false)))
    await settled()
    screen.guard(BAD, look(true))
    expect([looked, screen.dismiss(signJob(), BAD)]).toEqual([60, 'ignored'])
    for (let number = 0; number < 100; number += 1) screen.guard(GOOD, look(number % 2 === 0 || Promise.resolve(true)))
    expect([looked, screen.dismiss(signJob(), GOOD)]).toEqual([160, null])
  })

  it('costs few signature checks, and what it did not forge is heard elsewhere', async () => {
    const { screen } = createWorld()
    const { intake, store } = createIntakeWorld({ screen })
    for (let number = 1; number <= 1_000; number += 1) {
      intake.receive({ ...signJob({ number }), sig: '0'.repeat(128) }, BAD)
    }
    expect(intake.counts).toMatchObject({ forged: 60, ignored: 940 })
    const job = signJob({ number: 1_001 })
    intake.receive(job, BAD)
    expect(intake.knows(job.id)).toBe(false)
    intake.receive(job, GOOD)
    await settled()
    expect(store.get(job.id)?.state).toBe('quoting')
  })
})

describe('a job that would be refused even if it is what it claims', () => {
  const events: readonly [string, Partial<WaysIn>, NostrEvent][] = [
    ['from a key on the deny list', { deny: new Set([customerPubkey(1)]) }, signJob({ customer: 1 })],
    ['without the work', { any: ['work'], workBits: 20 }, signJob({ customer: 1 })],
    ['from a key that is not on the list', { any: ['allow'] }, signJob({ customer: 1 })],
  ]
  it.each(events)('%s is not checked once its refusal could not be said', (_, ways, event) => {
    const { screen, refusals, clock } = createWorld(ways)
    expect(screen.dismiss(event, GOOD)).toBeNull()
    expect(screen.dismiss(event, GOOD)).toBeNull() // looking takes nothing of what the key is owed
    refusals.take(event.pubkey, clock.now())
    expect(screen.dismiss(event, GOOD)).toBe('refusedSilently')
    expect(screen.dismiss(signJob({ customer: 2 }), GOOD)).toBeNull()
  })

  it('is checked where only a rank can tell', () => {
    const { screen, refusals, clock } = createWorld({ any: ['rank'] })
    const event = signJob({ customer: 1 })
    refusals.take(event.pubkey, clock.now())
    expect(screen.dismiss(event, GOOD)).toBeNull()
  })

  it('and whoever may ask is never kept out by refusals of others', () => {
    const { screen, refusals, clock } = createWorld({ any: ['allow'], allow: new Set([customerPubkey(2)]) })
    for (let key = 0; key < 200; key += 1) refusals.take(String(key), clock.now())
    expect(screen.dismiss(signJob({ customer: 2 }), GOOD)).toBeNull()
    expect(screen.dismiss(signJob({ customer: 3 }), GOOD)).toBe('refusedSilently')
  })
})
