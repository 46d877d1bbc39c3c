/** Is each transaction read as what it proves, and no more? */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { isMalformed } from '../../../src/core/identifiers.js'
import { parseTransaction, settledIncoming, type NwcTransaction } from '../../../src/wallets/nwc-transaction.js'

const NOW = 1_800_000_000_000
const PREIMAGE = '5a'.repeat(32)
const HASH = createHash('sha256').update(PREIMAGE, 'hex').digest('hex')
const SETTLED = {
  type: 'incoming',
  state: 'settled',
  payment_hash: HASH,
  preimage: PREIMAGE,
  amount: 21_000,
  settled_at: 1_799_999_000,
}

const parse = (value: unknown): NwcTransaction => {
  const parsed = parseTransaction(value, NOW)
  if (isMalformed(parsed)) throw new Error(parsed.malformed)
  return parsed
}

describe('a NIP-47 transaction', () => {
  it('is read', () => {
    expect(parse({ ...SETTLED, invoice: 'lnbcrt1', description: 'a job' })).toEqual({
      type: 'incoming',
      state: 'settled',
      paymentHash: HASH,
      preimage: PREIMAGE,
      amountMsat: 21_000,
      feesMsat: null,
      settledAt: 1_799_999_000_000,
      invoice: 'lnbcrt1',
      settleDeadline: null,
    })
  })

  it.each([
    ['settled by its time where it names no state', { settled_at: 1 }, 'settled'],
    ['settled by its time where its state is empty', { state: '', settled_at: 1 }, 'settled'],
    ['pending where neither says otherwise', { settled_at: null }, 'pending'],
    ['pending where it was settled at no time', { settled_at: 0, expires_at: NOW / 1000 + 1 }, 'pending'],
    ['expired where its time is over', { expires_at: NOW / 1000 - 1 }, 'expired'],
    [
      'pending where it says so, whatever else it names',
      { state: 'pending', settled_at: 1, preimage: PREIMAGE },
      'pending',
    ],
    ['accepted', { state: 'accepted', preimage: '' }, 'accepted'],
    ['accepted where it names no state and a deadline', { settle_deadline: 900, expires_at: 1 }, 'accepted'],
    ['pending where it says so, with a deadline too', { state: 'pending', settle_deadline: 900 }, 'pending'],
    ['pending where its deadline is none', { settle_deadline: 0 }, 'pending'],
    ['cancelled in either spelling', { state: 'canceled' }, 'cancelled'],
  ])('is %s', (_, fields, state) => {
    expect(parse({ type: 'incoming', payment_hash: HASH, amount: 1, ...fields }).state).toBe(state)
  })

  it.each([
    ['absent', undefined],
    ['null', null],
    ['empty', ''],
    ['all zeros', '0'.repeat(64)],
  ])('is settled and proves nothing where the preimage is %s', (_, preimage) => {
    const transaction = parse({ ...SETTLED, preimage })
    expect(transaction).toMatchObject({ state: 'settled', preimage: null })
    expect(settledIncoming(transaction)).toBeNull()
  })

  it('proves a payment by a preimage in upper case', () => {
    expect(settledIncoming(parse({ ...SETTLED, preimage: PREIMAGE.toUpperCase() }))).toMatchObject({
      preimage: PREIMAGE,
    })
  })

  it.each([
    ['outgoing', { type: 'outgoing' }],
    ['of no direction', { type: undefined }],
    ['pending', { state: 'pending' }],
    ['accepted', { state: 'accepted' }],
    ['expired', { state: 'expired' }],
  ])('is no proof of an incoming payment where it is %s', (_, fields) => {
    expect(settledIncoming(parse({ ...SETTLED, ...fields }))).toBeNull()
  })

  it.each([
    ['no object', 'settled'],
    ['null', null],
    ['no payment hash', { ...SETTLED, payment_hash: undefined }],
    ['a payment hash in upper case', { ...SETTLED, payment_hash: HASH.toUpperCase() }],
    ['a foreign preimage', { ...SETTLED, preimage: 'ab'.repeat(32) }],
    ['a preimage that is none', { ...SETTLED, preimage: 'yes' }],
    ['no amount', { ...SETTLED, amount: undefined }],
    ['a negative amount', { ...SETTLED, amount: -1 }],
    ['half an amount', { ...SETTLED, amount: 0.5 }],
    ['a state of its own', { ...SETTLED, state: 'paid' }],
    ['a state that is no text', { ...SETTLED, state: 7 }],
  ])('is malformed with %s', (_, value) => {
    expect(isMalformed(parseTransaction(value, NOW))).toBe(true)
  })
})
