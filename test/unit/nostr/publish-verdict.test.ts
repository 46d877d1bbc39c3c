/** Is every OK read as what it means for delivery? */
import { describe, expect, it } from 'vitest'
import { parsePublishVerdict } from '../../../src/nostr/publish-verdict.js'

const OF_SIZE = [
  'invalid: event too large: 70000',
  'invalid: event size exceeded',
  'invalid: max event bytes is 65536',
  'blocked: content too long',
  'restricted: message is too big',
  'error: event too large',
  'event too large',
]
const REFUSED = [
  'invalid: bad signature',
  'blocked: not you',
  'restricted: members only',
  'mute: no one listens',
  'blocked: max 5 per hour',
]
const LATER = [
  'error: could not write to the database',
  'auth-required: tell me who you are',
  'try again',
  'whatever: an unknown prefix',
  'invalid without a colon',
  '',
]

describe('parsePublishVerdict', () => {
  it.each(['', 'stored', 'invalid: yet true'])('accepts whatever a true OK says: %j', (reason) => {
    expect(parsePublishVerdict(true, reason)).toEqual({ type: 'accepted' })
  })
  it('takes a duplicate as accepted', () => {
    expect(parsePublishVerdict(false, 'duplicate: have it')).toEqual({ type: 'accepted' })
  })
  it.each(OF_SIZE)('knows a refusal for size: %j', (reason) => {
    expect(parsePublishVerdict(false, reason)).toEqual({ type: 'refused', reason, tooLarge: true })
  })
  it.each(REFUSED)('knows a refusal for good: %j', (reason) => {
    expect(parsePublishVerdict(false, reason)).toEqual({ type: 'refused', reason, tooLarge: false })
  })
  it.each(LATER)('knows what may pass in time: %j', (reason) => {
    expect(parsePublishVerdict(false, reason)).toEqual({ type: 'later', reason, cause: 'said' })
  })
  it('knows that a relay asks for patience', () => {
    const reason = 'rate-limited: max events per minute, too many'
    expect(parsePublishVerdict(false, reason)).toEqual({ type: 'later', reason, cause: 'rateLimited' })
  })
  it.each([
    ['pow: 20 bits needed', 20],
    ['pow: difficulty 26 is less than 30', 30],
    ['pow: 28 bits needed. (2)', 28],
    ['pow: required: 21, got: 0', 21],
    ['pow: see rule 1024', null],
    ['pow: more, please', null],
    ['pow:', null],
  ])('knows how much work is asked for: %j', (reason, pow) => {
    expect(parsePublishVerdict(false, reason)).toEqual({ type: 'refused', reason, tooLarge: false, pow })
  })
  it('keeps no more than the beginning of a long reason', () => {
    const reason = `blocked: ${'x'.repeat(10_000)}`
    expect(parsePublishVerdict(false, reason)).toMatchObject({ reason: reason.slice(0, 300) })
  })
})
