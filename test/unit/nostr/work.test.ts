/** Does work count only as far as it was meant? (NIP-13) */
import { expect, it } from 'vitest'
import type { EventId } from '../../../src/core/identifiers.js'
import { leadingZeroBits, provenWork } from '../../../src/nostr/work.js'

const id = (start: string): EventId => start.padEnd(64, 'f') as EventId

it.each([
  ['f', 0],
  ['8', 0],
  ['7', 1],
  ['3', 2],
  ['1', 3],
  ['0f', 4],
  ['000000000e9d97', 36],
  ['002f', 10],
  ['0'.repeat(64), 256],
])('%s begins with %i zero bits', (start, bits) => {
  expect(leadingZeroBits(id(start))).toBe(bits)
})

it.each([
  ['the target, where the id reaches it', '0000', ['nonce', '7', '16'], 16],
  ['no more than the target, however lucky the id', '00000', ['nonce', '7', '4'], 4],
  ['nothing, where the id falls short of the target', '0000', ['nonce', '7', '17'], 0],
  ['nothing without a target', '00000', ['nonce', '7'], 0],
  ['nothing for a target that is no number', '00000', ['nonce', '7', '1e1'], 0],
  ['nothing for a negative one', '00000', ['nonce', '7', '-1'], 0],
  ['nothing without a nonce', '00000', ['other', '7', '16'], 0],
])('proves %s', (_, start, tag, bits) => {
  expect(provenWork({ id: id(start), tags: [tag] })).toBe(bits)
})
