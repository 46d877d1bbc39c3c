/** When is a call whose outcome is unknown sent again? */
import { describe, expect, it } from 'vitest'
import { msatFromSats } from '../../../src/core/money.js'
import { mayRepeat, type Route } from '../../../src/core/route.js'

const ROUTE: Route = {
  name: 'orders',
  methods: new Set(['GET', 'POST']),
  matches: () => true,
  pattern: '/orders',
  maxMsat: msatFromSats(100),
  minMsat: msatFromSats(1),
  repeatable: new Set(['GET']),
  idempotencyKey: false,
  gated: false,
  priceMsat: null,
  description: null,
}
const call = (method: string) => ({
  upstream: 'api',
  route: 'orders',
  method,
  target: '/orders',
  headers: {},
  body: null,
})

describe('a call whose outcome is unknown', () => {
  it('is repeated where its method is idempotent', () => {
    expect(mayRepeat(ROUTE, call('GET'), true)).toBe(true)
    expect(mayRepeat(ROUTE, call('POST'), true)).toBe(false)
  })

  it('is repeated where the upstream honours our key, whatever the method', () => {
    expect(mayRepeat({ ...ROUTE, idempotencyKey: true }, call('POST'), true)).toBe(true)
  })

  it('is repeated behind a gate while it carries no credential, and not when it may have passed the gate', () => {
    expect(mayRepeat({ ...ROUTE, gated: true }, call('POST'), false)).toBe(true)
    expect(mayRepeat({ ...ROUTE, gated: true }, call('POST'), true)).toBe(false)
  })
})
