import { describe, expect, it } from 'vitest'
import { isObject, parseJson, parseTime, parseWhole } from '../../../src/wallets/json.js'

const AT = Date.UTC(2026, 0, 2, 3, 4, 5)

describe('the JSON of a wallet', () => {
  it('tells a time in seconds, in their fractions, or as a date that means UTC where it names no zone', () => {
    const told = [
      AT / 1000,
      AT / 1000 + 0.25,
      '2026-01-02T03:04:05',
      '2026-01-02T03:04:05Z',
      '2026-01-02T04:04:05+01:00',
    ]
    expect(told.map(parseTime)).toEqual([AT, AT + 250, AT, AT, AT])
  })

  it('tells no time where it holds anything else', () => {
    expect([0, -1, Infinity, Number.NaN, '', 'soon', null, undefined, {}].map(parseTime)).toEqual(Array(9).fill(null))
  })

  it('tells a whole number as such or by its digits, and none that cannot be held exactly', () => {
    expect([0, 7, '7', '9007199254740991'].map(parseWhole)).toEqual([0, 7, 7, Number.MAX_SAFE_INTEGER])
    expect([-1, 1.5, '1.5', '', '9007199254740993', 2 ** 53, null, [7]].map(parseWhole)).toEqual(Array(8).fill(null))
  })

  it('is an object where it is neither null nor a list, and nothing where it cannot be read', () => {
    expect(['{}', '{"a":1}', '[]', 'null', '1', '{'].map((text) => isObject(parseJson(text)))).toEqual([
      ...[true, true],
      ...[false, false, false, false],
    ])
  })
})
