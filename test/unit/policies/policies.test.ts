/** Who may ask, how often, and where is the answer sent? */
import { describe, expect, it } from 'vitest'
import { admissionPolicies, applyPolicies } from '../../../src/policies/admission.js'
import { createRateLimit } from '../../../src/policies/rate.js'
import { admissibleRelays } from '../../../src/policies/reply-relays.js'
import type { Seen } from '../../../src/ports.js'

describe('admission', () => {
  const policies = admissionPolicies({ maxUnpaidPerCustomer: 2, maxOpenPerCustomer: 5, maxOpen: 10 })
  const calm: Seen = { openOfCustomer: 0, unpaidOfCustomer: 0, openInAll: 0, acceptsJobs: true }
  it.each([
    ['nothing', {}, undefined],
    ['one below each limit', { openOfCustomer: 4, unpaidOfCustomer: 1, openInAll: 9 }, undefined],
    ['a full disk before everything else', { acceptsJobs: false, openInAll: 99, openOfCustomer: 99 }, 'storage-full'],
    ['too many in all', { openInAll: 10 }, 'at-capacity'],
    ['too many of the customer', { openInAll: 10, openOfCustomer: 5, unpaidOfCustomer: 2 }, 'too-many-open'],
    ['too many unpaid', { unpaidOfCustomer: 2 }, 'too-many-unpaid'],
  ])('objects to %s', (_, seen, code) => {
    expect(applyPolicies(policies, {} as never, { ...calm, ...seen }, {} as never)?.rejected).toBe(code)
  })
})

describe('a rate', () => {
  const takes = (rate: ReturnType<typeof createRateLimit>, key: string, now: number, times: number): number =>
    Array.from({ length: times }, () => rate.take(key, now)).filter(Boolean).length

  it('allows a burst of a minute, and then as many a minute', () => {
    const rate = createRateLimit(6, 1_000)
    expect(takes(rate, 'a', 1_000, 20)).toBe(6)
    expect(takes(rate, 'a', 11_000, 20)).toBe(1)
    expect(takes(rate, 'a', 10_000_000, 20)).toBe(6)
  })

  it('keeps keys apart and bounds the whole', () => {
    const rate = createRateLimit(3, 5)
    expect([takes(rate, 'a', 0, 10), takes(rate, 'b', 0, 10), takes(rate, 'c', 0, 10)]).toEqual([3, 2, 0])
  })

  it('takes nothing of the whole from whoever is over their own', () => {
    const rate = createRateLimit(1, 3)
    expect([takes(rate, 'a', 0, 100), takes(rate, 'b', 0, 1), takes(rate, 'c', 0, 1)]).toEqual([1, 1, 1])
  })

  it('of nothing allows nothing', () => {
    expect(takes(createRateLimit(0, 10), 'a', 0, 5)).toBe(0)
    expect(takes(createRateLimit(10, 0), 'a', 0, 5)).toBe(0)
  })

  it('gives nothing for a clock that is set back', () => {
    const rate = createRateLimit(2, 10)
    expect([takes(rate, 'a', 60_000, 5), takes(rate, 'a', 0, 5), takes(rate, 'a', 1_000, 5)]).toEqual([2, 0, 0])
  })

  it('of twenty thousand keys is still bounded in all', () => {
    const rate = createRateLimit(5, 50)
    let taken = 0
    for (let key = 0; key < 20_000; key += 1) taken += rate.take(String(key), 0) ? 1 : 0
    expect(taken).toBe(50)
  })
})

describe('reply relays', () => {
  const rules = { max: 3, allowPrivate: false, own: new Set(['ws://127.0.0.1:7777/']) }
  it.each([
    ['in one spelling each, without repeats', ['wss://A.test', 'wss://a.test/', 'wss://a.test:443'], ['wss://a.test/']],
    ['no more than allowed', ['wss://a.test', 'wss://b.test', 'wss://c.test', 'wss://d.test'], 3],
    ['ws and wss only', ['https://a.test', 'a.test', 'ftp://a.test', '', 'ws://a.test'], ['ws://a.test/']],
    [
      'none on this machine',
      ['ws://localhost', 'ws://127.0.0.1:1', 'ws://[::1]', 'ws://2130706433', 'ws://0x7f.1'],
      [],
    ],
    ['none on a private network', ['ws://10.0.0.1', 'ws://192.168.1.1', 'ws://169.254.169.254', 'ws://a.local'], []],
    ['none behind an IPv4 address in IPv6', ['ws://[::ffff:127.0.0.1]', 'ws://[::ffff:10.0.0.1]'], []],
    ['our own wherever it is', ['ws://127.0.0.1:7777'], ['ws://127.0.0.1:7777/']],
    ['none with a password', ['wss://user:secret@a.test'], []],
  ])('are %s', (_, named, expected) => {
    const admitted = admissibleRelays(named, rules)
    expect(typeof expected === 'number' ? admitted.length : admitted).toEqual(expected)
  })

  it('may be private where the operator says so', () => {
    expect(admissibleRelays(['ws://127.0.0.1:1'], { ...rules, allowPrivate: true })).toEqual(['ws://127.0.0.1:1/'])
  })
})
