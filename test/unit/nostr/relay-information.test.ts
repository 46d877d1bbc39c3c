/** Is it known what a relay takes, without anybody waiting for it? */
import { afterEach, describe, expect, it, vi } from 'vitest'
import { startRelay, type DevRelay } from '../../../src/dev/relay/relay.js'
import { createRelayInformation, loadInformationBy, parseRelayLimits } from '../../../src/nostr/relay-information.js'
import type { WebOutcome } from '../../../src/ports.js'
import { createWebClient } from '../../../src/web/client.js'
import { settled } from '../../support/fake-clock.js'
import { createMovedClock, createPoolFixture, shapeEvent, systemClock } from '../../support/pool-fixture.js'

const URL_ = 'wss://relay.example.com/'
const HOUR_MS = 3_600_000
const NOTHING = {
  maxMessageBytes: null,
  maxEventBytes: null,
  maxContentChars: null,
  maxTags: null,
  minPow: null,
  authRequired: null,
  paymentRequired: null,
  restrictedWrites: null,
  createdAtLower: null,
  createdAtUpper: null,
}
const DOCUMENT = { name: 'a relay', limitation: { max_message_length: 131_072 } }

describe('a document', () => {
  it('is read as NIP-11 names things', () => {
    const limitation = {
      max_message_length: 131_072,
      max_content_length: 65_000,
      max_event_tags: 2_000,
      min_pow_difficulty: 0,
      auth_required: true,
      payment_required: false,
      restricted_writes: true,
      created_at_lower_limit: 94_608_000,
      created_at_upper_limit: 900,
    }
    expect(parseRelayLimits({ limitation })).toEqual({
      maxMessageBytes: 131_072,
      maxEventBytes: null,
      maxContentChars: 65_000,
      maxTags: 2_000,
      minPow: 0,
      authRequired: true,
      paymentRequired: false,
      restrictedWrites: true,
      createdAtLower: 94_608_000,
      createdAtUpper: 900,
    })
  })

  it.each([
    [{}],
    [{ limitation: null }],
    [{ limitation: [] }],
    [
      {
        limitation: { max_message_length: '131072', max_content_length: -1, min_pow_difficulty: 1.5, auth_required: 1 },
      },
    ],
    [{ limitation: { max_message_length: 0, max_event_tags: Number.NaN, restricted_writes: 'no' } }],
  ])('of no use says nothing: %j', (document) => {
    expect(parseRelayLimits(document)).toEqual(NOTHING)
  })

  it.each([null, [], 'text', 7, true])('that is none is none: %j', (value) => {
    expect(parseRelayLimits(value)).toBeNull()
  })
})

describe('what is known', () => {
  function scene(answers: unknown[]) {
    const clock = createMovedClock()
    const load = vi.fn(async () => {
      const answer = answers.shift() ?? null
      if (answer instanceof Error) throw answer
      return answer
    })
    return { clock, load, information: createRelayInformation({ clock, load }) }
  }

  it('is nothing at once, and all of it the next time; it is asked for by http and kept for hours', async () => {
    const { clock, load, information } = scene([DOCUMENT, DOCUMENT])
    expect([information.limits(URL_), information.limits(URL_)]).toEqual([null, null])
    expect(load.mock.calls).toEqual([['https://relay.example.com/']])
    await settled()
    expect(information.limits(URL_)?.maxMessageBytes).toBe(131_072)
    clock.advance(5.9 * HOUR_MS)
    information.limits(URL_)
    expect(load).toHaveBeenCalledTimes(1)
    clock.advance(0.2 * HOUR_MS)
    expect(information.limits(URL_)?.maxMessageBytes).toBe(131_072)
    expect(load).toHaveBeenCalledTimes(2)
  })

  it.each([[new Error('no answer')], [null]])(
    'is missed for an hour where there is no document: %s',
    async (answer) => {
      const { clock, load, information } = scene([answer, DOCUMENT])
      information.limits(URL_)
      await settled()
      clock.advance(0.9 * HOUR_MS)
      expect(information.limits(URL_)).toBeNull()
      expect(load).toHaveBeenCalledTimes(1)
      clock.advance(0.2 * HOUR_MS)
      information.limits(URL_)
      await settled()
      expect(information.limits(URL_)).not.toBeNull()
    },
  )

  it('is kept where the relay later says nothing', async () => {
    const { clock, information } = scene([DOCUMENT, null])
    information.limits(URL_)
    await settled()
    clock.advance(7 * HOUR_MS)
    information.limits(URL_)
    await settled()
    expect(information.limits(URL_)?.maxMessageBytes).toBe(131_072)
  })

  it('holds the smallest event that was refused as too large, for a day', async () => {
    const { clock, information } = scene([])
    information.rememberTooLarge(URL_, 70_000)
    information.rememberTooLarge(URL_, 66_000)
    information.rememberTooLarge(URL_, 90_000)
    expect(information.limits(URL_)).toEqual({ ...NOTHING, maxEventBytes: 65_999 })
    clock.advance(25 * HOUR_MS)
    expect(information.limits(URL_)).toBeNull()
  })

  it('is of a thousand relays at most', async () => {
    const { load, information } = scene([])
    for (let count = 0; count < 3_000; count++) information.limits(`wss://${count}.example.com/`)
    await settled()
    information.limits('wss://0.example.com/')
    expect(load).toHaveBeenCalledTimes(3_001)
  })
})

describe('over HTTP', () => {
  let relay: DevRelay | undefined
  afterEach(() => relay?.stop())

  it('a relay tells the pool, and what it refuses as too large is remembered by itself', async () => {
    relay = await startRelay({ maxMessageBytes: 100_000, auth: false })
    const { url } = relay
    const web = createWebClient({ allowPrivate: true })
    const { pool } = createPoolFixture(systemClock, { information: loadInformationBy(web) })
    expect(pool.limits(url)).toBeNull()
    await vi.waitFor(() => expect(pool.limits(url)).toMatchObject({ maxMessageBytes: 100_000, authRequired: false }))
    const event = shapeEvent({ content: 'x'.repeat(70_000) })
    expect(await pool.publish(event, url)).toMatchObject({ type: 'refused', tooLarge: true })
    expect(pool.limits(url)?.maxEventBytes).toBe(Buffer.byteLength(JSON.stringify(event)) - 1)
    expect(pool.limits('no relay')).toBeNull()
    await pool.stop()
    await web.stop()
  })

  it.each<[string, WebOutcome]>([
    ['a page for people', { type: 'response', status: 200, headers: {}, body: Buffer.from('<html>') }],
    ['not found', { type: 'response', status: 404, headers: {}, body: Buffer.from('{}') }],
    ['too large', { type: 'tooLarge' }],
    ['no answer', { type: 'failed', reason: 'refused' }],
  ])('%s is no document', async (_what, outcome) => {
    const send = vi.fn(async () => outcome)
    expect(await loadInformationBy({ send })('https://relay.example.com/')).toBeNull()
    expect(send).toHaveBeenCalledWith(
      expect.objectContaining({ headers: { accept: 'application/nostr+json' }, maxBytes: 65_536 }),
    )
  })
})
