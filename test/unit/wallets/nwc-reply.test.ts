/** Is each reply read as what it proves, and no more? */
import { describe, expect, it } from 'vitest'
import { parsePaymentHash, type PaymentHash } from '../../../src/core/identifiers.js'
import { paymentOutcome } from '../../../src/wallets/nwc-pay.js'
import { parseReply } from '../../../src/wallets/nwc-reply.js'

const read = (value: unknown) => parseReply(JSON.stringify(value), 'pay_invoice')
const MALFORMED = { type: 'error', code: 'local:malformed' }

describe('a reply of the wallet', () => {
  it('is a result', () => {
    const result = { preimage: 'x' }
    expect(read({ result_type: 'pay_invoice', error: null, result })).toEqual({ type: 'result', result })
    expect(read({ result })).toEqual({ type: 'result', result })
    expect(read({ result_type: 'pay_invoice', error: { code: '', message: '' }, result })).toEqual({
      type: 'result',
      result,
    })
  })

  it('is a refusal by its code alone', () => {
    const error = { code: 'QUOTA_EXCEEDED', message: 'the preimage is …' }
    expect(read({ result_type: 'pay_invoice', error, result: null })).toEqual({ type: 'error', code: 'QUOTA_EXCEEDED' })
    expect(read({ error, result: {} })).toEqual({ type: 'error', code: 'QUOTA_EXCEEDED' })
  })

  it('has no code that it could not have', () => {
    expect(read({ error: { code: 'local:refused-by-relays' } })).toEqual({ type: 'error', code: 'OTHER' })
    expect(read({ error: { code: 'the preimage is …' } })).toEqual({ type: 'error', code: 'OTHER' })
  })

  it('is empty with neither result nor error, and malformed where it does not name its method either', () => {
    const empty = { type: 'error', code: 'local:empty' }
    expect(read({ result_type: 'pay_invoice', error: null, result: null })).toEqual(empty)
    expect(read({ result_type: 'pay_invoice' })).toEqual(empty)
    expect(read({ error: null, result: null })).toEqual(MALFORMED)
  })

  it.each([
    ['both', { error: { code: 'INTERNAL' }, result: { preimage: 'x' } }],
    ['an answer to another method', { result_type: 'get_info', result: { methods: [] } }],
    ['a bare text as result', { result: 'paid' }],
    ['a list as result', { result: [] }],
    ['a text as error', { error: 'INTERNAL' }],
    ['no object', 'paid'],
    ['null', null],
  ])('is malformed with %s', (_, value) => {
    expect(read(value)).toEqual(MALFORMED)
  })

  it('is malformed where it is no JSON', () => {
    expect(parseReply('paid', 'pay_invoice')).toEqual(MALFORMED)
  })
})

describe('the outcome of a payment', () => {
  const hash = parsePaymentHash('66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925') as PaymentHash
  const outcomeOf = (code: string) => paymentOutcome({ type: 'error', code }, hash).type

  it.each([
    'INSUFFICIENT_BALANCE',
    'QUOTA_EXCEEDED',
    'RESTRICTED',
    'UNAUTHORIZED',
    'NOT_IMPLEMENTED',
    'UNSUPPORTED_ENCRYPTION',
    'RATE_LIMITED',
    'local:refused-by-relays',
  ])('is refused by %s', (code) => expect(outcomeOf(code)).toBe('refused'))

  it.each([
    'INTERNAL',
    'OTHER',
    'PAYMENT_FAILED',
    'NOT_FOUND',
    'EXPIRED',
    'BAD_REQUEST',
    'local:no-reply',
    'local:not-taken',
    'local:stopped',
    'local:unreadable',
    'local:malformed',
    'local:failed',
  ])('is unknown by %s', (code) => expect(outcomeOf(code)).toBe('unknown'))

  it.each([
    ['nothing', {}],
    ['an empty preimage', { preimage: '' }],
    ['a null preimage', { preimage: null }],
    ['all zeros', { preimage: '0'.repeat(64) }],
    ['a preimage that is none', { preimage: 'paid' }],
    ['a foreign preimage', { preimage: 'ab'.repeat(32) }],
  ])('is unknown with %s', (_, result) => {
    expect(paymentOutcome({ type: 'result', result }, hash).type).toBe('unknown')
  })
})
