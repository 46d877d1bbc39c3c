/** When is an event delivered, and when can it no longer be? */
import { describe, expect, it } from 'vitest'
import { standingOf, unworkedVerdict, workWanted } from '../../../src/core/delivery.js'
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
    [1, ['refused: pow 20 (pow: 20 bits)'], 'unworked'],
    [1, ['refused: pow (pow: more)', 'refused: too large (65536)'], 'unworked'],
    [1, ['refused: pow 20 (x)', 'pending'], 'pending'],
    [2, ['refused: pow 20 (x)', 'accepted'], 'delivered'],
    [1, [], 'refused'],
  ] as [number, RelayVerdict[], string][])('with a quorum of %i of %j is %s', (quorum, verdicts, standing) => {
    expect(standingOf(among(...verdicts), quorum)).toBe(standing)
  })

  it.each([
    ['accepted', 'refused'],
    ['pending', 'pending'],
  ] as const)('asks for no other result beside one that is %s elsewhere: it is %s', (verdict, standing) => {
    const result = among('refused: pow 20 (x)')
    const elsewhere = { ...result, relays: { ...result.relays, 'wss://own.test/': verdict } }
    expect(standingOf(elsewhere, 1)).toBe(standing)
    expect(standingOf({ ...elsewhere, purpose: 'offer' }, 1)).toBe('unworked')
  })

  it.each([
    [20, 'pow: 20 bits'],
    [null, 'pow: more, please'],
  ])('reads the work that a relay wants: %s', (bits, reason) => {
    expect(workWanted(unworkedVerdict(bits, reason))).toBe(bits)
  })

  it('finds no wish for work in other refusals', () => {
    expect([workWanted('refused: blocked: no pow 20'), workWanted('pending'), workWanted(undefined)]).toEqual([
      undefined,
      undefined,
      undefined,
    ])
  })
})
