/** Is one relay always written the same way? */
import { expect, it } from 'vitest'
import { isMalformed } from '../../../src/core/identifiers.js'
import { parseRelayUrl } from '../../../src/nostr/relay-url.js'

it.each([
  ['wss://relay.example', 'wss://relay.example/'],
  ['WSS://Relay.Example/', 'wss://relay.example/'],
  ['wss://relay.example:443//inbox//', 'wss://relay.example/inbox'],
  ['ws://127.0.0.1:7777', 'ws://127.0.0.1:7777/'],
  ['wss://relay.example/?b=1&a=2#top', 'wss://relay.example/?a=2&b=1'],
])('writes %s as %s', (given, one) => expect(parseRelayUrl(given)).toBe(one))

it.each([
  'https://relay.example',
  'relay.example',
  'wss://',
  'wss://name:password@relay.example',
  'javascript:alert(1)',
  '',
  `wss://relay.example/${'x'.repeat(2_000)}`,
  7,
  null,
])('refuses %j', (given) => expect(isMalformed(parseRelayUrl(given))).toBe(true))
