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
  'rate-limited: max events per minute, too many',
  'error: could not write to the database',
  'auth-required: tell me who you are',
  'pow: 20 bits needed',
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
    expect(parsePublishVerdict(false, reason)).toEqual({ type: 'later', reason })
  })
  it('keeps no more than the beginning of a long reason', () => {
    const reason = `blocked: ${'x'.repeat(10_000)}`
    expect(parsePublishVerdict(false, reason)).toMatchObject({ reason: reason.slice(0, 300) })
  })
})
