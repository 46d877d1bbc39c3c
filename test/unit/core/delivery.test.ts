/** When is an event delivered, and when can it no longer be? */
import { describe, expect, it } from 'vitest'
import { standingOf } from '../../../src/core/delivery.js'
import type { RelayVerdict } from '../../../src/core/job.js'
import { sampleDelivery } from '../../support/sample-jobs.js'

const among = (...verdicts: RelayVerdict[]) => {
  const relays = Object.fromEntries(verdicts.map((verdict, index) => [`wss://relay-${index}.test/`, verdict]))
  return { ...sampleDelivery('result'), relays, counted: Object.keys(relays) }
}

describe('standingOf', () => {
  it.each([
    [1, ['accepted', 'pending'], 'delivered'],
    [2, ['accepted', 'pending'], 'pending'],
    [2, ['accepted', 'accepted'], 'delivered'],
    [3, ['accepted', 'accepted'], 'delivered'],
    [2, ['accepted', 'refused: blocked'], 'delivered'],
    [1, ['refused: blocked', 'pending'], 'pending'],
    [1, ['refused: blocked', 'refused: too large (65536)'], 'tooLarge'],
    [1, ['refused: blocked'], 'refused'],
  ] as [number, RelayVerdict[], string][])('with a quorum of %i of %j is %s', (quorum, verdicts, standing) => {
    expect(standingOf(among(...verdicts), quorum)).toBe(standing)
  })
})
