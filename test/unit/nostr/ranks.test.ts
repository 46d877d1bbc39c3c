/** What is known of a key's rank, and how often is it asked for? (NIP-85) */
import { describe, expect, it } from 'vitest'
import type { NostrEvent } from '../../../src/core/event.js'
import type { Pubkey } from '../../../src/core/identifiers.js'
import { createRanks } from '../../../src/nostr/ranks.js'
import { createFakeClock, settled } from '../../support/fake-clock.js'
import { createReadableLog } from '../../support/pool-fixture.js'
import { customerPubkey, signAs } from '../../support/sign-jobs.js'

const SUBJECT = 'd'.repeat(64) as Pubkey
const PROVIDERS = [1, 2].map((number) => ({
  name: `provider ${number}`,
  pubkey: customerPubkey(number),
  relay: `wss://ranks-${number}.test/`,
}))
const assertion = (provider: number, rank: string, changes: Partial<NostrEvent> = {}, subject: string = SUBJECT) =>
  signAs(provider, { kind: 30_382, tags: [['d', subject], ['rank', rank]], ...changes }) // prettier-ignore

/** What each relay holds; a relay that is not there does not answer. */
function createWorld(stored: Record<string, readonly NostrEvent[]>, providers = PROVIDERS) {
  const clock = createFakeClock()
  const asked: string[] = []
  const relays = {
    async fetch([relay = '']: readonly string[]) {
      asked.push(relay)
      await Promise.resolve()
      const events = stored[relay]
      return { events: [...(events ?? [])], answered: events ? 1 : 0 }
    },
  }
  return { clock, asked, ranks: createRanks({ providers, relays, clock, log: createReadableLog() }) }
}
const [FIRST, SECOND] = PROVIDERS.map(({ relay }) => relay) as [string, string]
const NOBODY = { rank: null, complete: true }

describe('the rank of a key', () => {
  const forged = { ...assertion(1, '99'), sig: '0'.repeat(128) }
  it.each([
    ['is what the provider says', [assertion(1, '89')], 89],
    ['is none where nobody knows the key', [], null],
    ['is what it says of this key, not of another', [assertion(1, '89', {}, 'e'.repeat(64))], null],
    ['is what this provider says, not what another published there', [assertion(3, '89')], null],
    ['is not what somebody forged', [forged], null],
    ['is what is behind the forgery', [forged, assertion(1, '12', { created_at: 5 })], 12],
    ['is no number that is none', [assertion(1, '1e2'), assertion(1, '-5'), assertion(1, '101')], null],
    ['is the latest', [assertion(1, '20', { created_at: 8 }), assertion(1, '30', { created_at: 9 })], 30],
    ['is not read from another kind', [assertion(1, '20', { kind: 30_383 })], null],
  ])('%s', async (_, events, rank) => {
    const { ranks } = createWorld({ [FIRST]: events, [SECOND]: [] })
    expect(await ranks.standingOf(SUBJECT)).toEqual({ rank, complete: true })
  })

  it('is the best that any of them gives', async () => {
    const { ranks } = createWorld({ [FIRST]: [assertion(1, '20')], [SECOND]: [assertion(2, '70')] })
    expect(await ranks.standingOf(SUBJECT)).toEqual({ rank: 70, complete: true })
  })

  it('is incomplete where one does not answer', async () => {
    const { ranks } = createWorld({ [FIRST]: [assertion(1, '20')] })
    expect(await ranks.standingOf(SUBJECT)).toEqual({ rank: 20, complete: false })
  })

  it('is unknown, and nothing breaks, where the relays fail', async () => {
    const relays = { fetch: () => Promise.reject(new Error('gone')) }
    const ranks = createRanks({ providers: PROVIDERS, relays, clock: createFakeClock(), log: createReadableLog() })
    expect(await ranks.standingOf(SUBJECT)).toEqual({ rank: null, complete: false })
  })
})

describe('a rank is asked for', () => {
  it('once by all who wait for it, and again after hours', async () => {
    const { ranks, asked, clock } = createWorld({ [FIRST]: [assertion(1, '89')], [SECOND]: [] })
    await Promise.all(Array.from({ length: 10 }, () => ranks.standingOf(SUBJECT)))
    await ranks.standingOf(SUBJECT)
    expect(asked).toHaveLength(2)
    await clock.advance(6 * 3_600_000)
    await ranks.standingOf(SUBJECT)
    expect(asked).toHaveLength(4)
  })

  it('again after minutes where there was none, and after seconds where nobody answered', async () => {
    const unranked = createWorld({ [FIRST]: [], [SECOND]: [] })
    expect(await unranked.ranks.standingOf(SUBJECT)).toEqual(NOBODY)
    await unranked.clock.advance(599_000)
    await unranked.ranks.standingOf(SUBJECT)
    expect(unranked.asked).toHaveLength(2)
    await unranked.clock.advance(1_000)
    await unranked.ranks.standingOf(SUBJECT)
    expect(unranked.asked).toHaveLength(4)

    const gone = createWorld({})
    await gone.ranks.standingOf(SUBJECT)
    await gone.clock.advance(29_000)
    await gone.ranks.standingOf(SUBJECT)
    expect(gone.asked).toHaveLength(2)
    await gone.clock.advance(1_000)
    await gone.ranks.standingOf(SUBJECT)
    expect(gone.asked).toHaveLength(4)
  })

  it('for few keys at one time, however many come', async () => {
    const { ranks, asked } = createWorld({ [FIRST]: [] }, PROVIDERS.slice(0, 1))
    const key = (number: number) => String(number).padStart(64, '0') as Pubkey
    const standings = await Promise.all(Array.from({ length: 500 }, (_, number) => ranks.standingOf(key(number))))
    expect(asked).toHaveLength(32)
    expect(standings.filter(({ complete }) => complete)).toHaveLength(32)
    await settled()
    await ranks.standingOf(key(499))
    expect(asked).toHaveLength(33)
  })
})
