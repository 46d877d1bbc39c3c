import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { isMalformed, type PaymentHash } from '../../../src/core/identifiers.js'
import { proofOrNull, provenPreimage } from '../../../src/wallets/preimage.js'

const PREIMAGE = 'ab'.repeat(32)
const HASH = createHash('sha256').update(PREIMAGE, 'hex').digest('hex') as PaymentHash

describe('the preimage that a wallet gives', () => {
  it('proves the payment where its sha256 is the payment hash, however it is written', () => {
    expect([PREIMAGE, PREIMAGE.toUpperCase()].map((told) => provenPreimage(told, HASH))).toEqual([PREIMAGE, PREIMAGE])
  })

  it('is none where it is left out, empty or all zeros', () => {
    const none = [undefined, null, '', '0'.repeat(64)]
    expect(none.map((told) => provenPreimage(told, HASH))).toEqual([null, null, null, null])
  })

  it('is malformed where it is of another hash, or no 32 bytes of hex, and then proves nothing', () => {
    const wrong = ['cd'.repeat(32), 'ab', 'zz'.repeat(32), 7, {}]
    expect(wrong.map((told) => isMalformed(provenPreimage(told, HASH)))).toEqual(wrong.map(() => true))
    expect(wrong.map((told) => proofOrNull(told, HASH))).toEqual(wrong.map(() => null))
  })
})
