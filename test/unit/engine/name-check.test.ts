/** Is it said when our own domain does not name us, and never more than that? */
import { afterEach, describe, expect, it } from 'vitest'
import { checkName, type NameCheck } from '../../../src/engine/name-check.js'
import { createKeySigner } from '../../../src/nostr/signer.js'
import type { WebOutcome } from '../../../src/ports.js'
import { createFakeClock, settled } from '../../support/fake-clock.js'
import { createLogRecorder } from '../../support/store-parts.js'

const { pubkey } = createKeySigner(Buffer.alloc(32, 7))
const answer = (document: unknown, status = 200): WebOutcome => ({
  type: 'response',
  status,
  headers: {},
  body: Buffer.from(JSON.stringify(document)),
})

let check: NameCheck
afterEach(() => check.stop())

async function look(...outcomes: WebOutcome[]) {
  const [clock, log] = [createFakeClock(), createLogRecorder()]
  const asked: string[] = []
  const web = {
    send: async ({ url }: { url: string }) => {
      asked.push(url)
      return (outcomes.length > 1 ? outcomes.shift() : outcomes[0]) ?? answer({})
    },
    stop: async () => undefined,
  }
  check = checkName({ address: 'api@example.com', pubkey, relays: ['wss://read.test/'], web, clock, log })
  await settled()
  return { clock, log, asked }
}

describe('our internet name', () => {
  it('is looked up at its domain, without following it elsewhere', async () => {
    const { asked, log } = await look(answer({ names: { api: pubkey }, relays: { [pubkey]: ['wss://read.test'] } }))
    expect(asked).toEqual(['https://example.com/.well-known/nostr.json?name=api'])
    expect(check.verdict).toEqual({ address: 'api@example.com', named: true, reason: null })
    expect(log.entries).toEqual([])
  })

  it.each([
    ['another key', answer({ names: { api: 'ab'.repeat(32) } }), 'names another key'],
    ['nobody', answer({ names: {} }), 'does not name api'],
    ['what every object has', answer({ names: null }), 'does not name api'],
    ['a redirect', answer({}, 301), 'answers 301'],
    ['no JSON', { ...answer(''), body: Buffer.from('{') } as WebOutcome, 'no JSON'],
    ['too much', { type: 'tooLarge' } as const, 'too large'],
    ['other relays', answer({ names: { api: pubkey }, relays: { [pubkey]: ['wss://o.test'] } }), 'none of the relays'],
  ])('is a warning where the domain says %s', async (_what, outcome, reason) => {
    const { log, clock } = await look(outcome)
    expect(check.verdict?.reason).toContain(reason)
    expect(log.entries.map(({ level }) => level)).toEqual(['warn'])
    expect(clock.timers()).toBe(0)
  })

  it('is looked up again where the domain was not reached, and said once', async () => {
    const { clock, log, asked } = await look(
      { type: 'failed', reason: 'timeout' },
      answer({}, 502),
      answer({ names: { api: pubkey } }),
    )
    await clock.advance(3 * 3_600_000)
    expect(asked).toHaveLength(3)
    expect(check.verdict?.named).toBe(true)
    expect(log.entries.length).toBeLessThanOrEqual(2)
  })
})
