/** Is a frame read for what it is, whatever its sender intends? */
import { describe, expect, it } from 'vitest'
import { isMalformed } from '../../../src/core/identifiers.js'
import {
  claimedId,
  claimedTime,
  parseEventFrame,
  parseRelayMessage,
  subscriptionOf,
} from '../../../src/nostr/relay-frame.js'
import { shapeEvent } from '../../support/pool-fixture.js'

const JOBS = [{ kinds: [5800] }]
const wrong = (field: string, value: unknown) => JSON.stringify(['EVENT', 't1', { ...shapeEvent(), [field]: value }])

describe('an event frame', () => {
  it('tells its subscription, id and time without being parsed', () => {
    const event = shapeEvent({
      tags: [
        ['id', 'x'],
        ['e', 'f'.repeat(64)],
      ],
      content: '{"id":"0000","created_at":1}',
    })
    for (const frame of [
      JSON.stringify(['EVENT', 't1', event]),
      JSON.stringify(['EVENT', 't1', Object.fromEntries(Object.entries(event).reverse())]),
    ]) {
      expect([subscriptionOf(frame), claimedId(frame), claimedTime(frame)]).toEqual(['t1', event.id, event.created_at])
    }
  })
  it('yields its event, without fields that do not belong to it', () => {
    const event = shapeEvent({ tags: [['p', 'someone']] })
    expect(parseEventFrame(JSON.stringify(['EVENT', 't1', { ...event, extra: 1 }]), JOBS)).toEqual(event)
  })
  it('yields null where the event was not asked for', () => {
    expect(parseEventFrame(JSON.stringify(['EVENT', 't1', shapeEvent({ kind: 1 })]), JOBS)).toBeNull()
  })
  it.each([
    ['["EVENT","t1"'],
    ['["EVENT","t1"]'],
    ['["EVENT","t1",null]'],
    ['["EVENT","t1",[]]'],
    ['{"EVENT":"t1"}'],
    ['null'],
    ['['.repeat(100_000)],
    [wrong('id', 'short')],
    [wrong('id', 'F'.repeat(64))],
    [wrong('pubkey', 7)],
    [wrong('sig', '')],
    [wrong('kind', '5800')],
    [wrong('created_at', 1.5)],
    [wrong('created_at', -1)],
    [wrong('content', null)],
    [wrong('tags', [['p', 1]])],
    [wrong('tags', { 0: [] })],
    [wrong('tags', [null])],
  ])('is malformed: %.60s', (frame) => expect(isMalformed(parseEventFrame(frame, JOBS))).toBe(true))
})

describe('any other frame', () => {
  it.each([
    ['["EOSE","t1"]', { type: 'eose', subscription: 't1', hint: null }],
    ['["EOSE","t1","more"]', { type: 'eose', subscription: 't1', hint: 'more' }],
    ['["EOSE","t1","finish"]', { type: 'eose', subscription: 't1', hint: 'finish' }],
    ['["EOSE","t1",{}]', { type: 'eose', subscription: 't1', hint: null }],
    ['["CLOSED","t1","error: busy"]', { type: 'closed', subscription: 't1', reason: 'error: busy' }],
    ['["CLOSED","t1"]', { type: 'closed', subscription: 't1', reason: '' }],
    ['["OK","abc",false,"pow: 3"]', { type: 'ok', id: 'abc', accepted: false, reason: 'pow: 3' }],
    ['["OK","abc",true]', { type: 'ok', id: 'abc', accepted: true, reason: '' }],
    ['["NOTICE","hello"]', { type: 'notice', text: 'hello' }],
    ['["AUTH","challenge"]', { type: 'auth', challenge: 'challenge' }],
  ])('is read: %s', (frame, message) => expect(parseRelayMessage(frame)).toEqual(message))

  it.each([
    '',
    'garbage',
    '[]',
    '{}',
    'null',
    '["EOSE"]',
    '["EOSE",1]',
    '["OK","abc","true"]',
    '["COUNT","t1",{}]',
    '[1,2]',
    '"EOSE"',
  ])('is malformed: %s', (frame) => expect(isMalformed(parseRelayMessage(frame))).toBe(true))
})
