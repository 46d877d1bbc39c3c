/** Is a payment that the wallet calls failed over? Only where its own look-up says so, too. */
import { describe, expect, it } from 'vitest'
import type { PaymentHash } from '../../../src/core/identifiers.js'
import { createHeldInvoices } from '../../../src/wallets/nwc-held.js'
import { payByNwc } from '../../../src/wallets/nwc-pay.js'
import type { NwcReply } from '../../../src/wallets/nwc-reply.js'

const HASH = '66687aadf862bd776c8fc18b8e9f8e20089714856ee233b3902a591d0d5f2925' as PaymentHash
const failed: NwcReply = { type: 'error', code: 'PAYMENT_FAILED' }
const outgoing = (state: string): NwcReply => ({
  type: 'result',
  result: { type: 'outgoing', state, payment_hash: HASH, amount: 21_000, created_at: 1, preimage: '00'.repeat(32) },
})

function pay(lookUp: NwcReply, reply = failed) {
  const asked: string[] = []
  const source = {
    ask: async (method: string) => {
      asked.push(method)
      return method === 'pay_invoice' ? reply : lookUp
    },
    now: () => 2_000,
    held: createHeldInvoices(),
  }
  return { asked, outcome: payByNwc(source, 'lnbcrt1', HASH) }
}

describe('a payment that the wallet calls failed', () => {
  it.each<[string, NwcReply]>([
    ['is under way by its look-up', outgoing('pending')],
    ['is paid by its look-up', outgoing('settled')],
    ['cannot be looked up', { type: 'error', code: 'NOT_IMPLEMENTED' }],
    ['is looked up in vain', { type: 'error', code: 'local:no-reply' }],
  ])('is unknown where it %s', async (_what, lookUp) => {
    expect((await pay(lookUp).outcome).type).toBe('unknown')
  })

  it.each<[string, NwcReply]>([
    ['says so, too', outgoing('failed')],
    ['knows of none', { type: 'error', code: 'NOT_FOUND' }],
  ])('is refused where its look-up %s', async (_what, lookUp) => {
    expect(await pay(lookUp).outcome).toEqual({ type: 'refused', reason: 'PAYMENT_FAILED' })
  })

  it('is looked up for that answer alone', async () => {
    const { asked, outcome } = pay(outgoing('pending'), { type: 'error', code: 'INSUFFICIENT_BALANCE' })
    expect(await outcome).toMatchObject({ type: 'refused' })
    expect(asked).toEqual(['pay_invoice'])
  })
})
