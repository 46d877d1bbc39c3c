/** Whatever stands where an invoice should, reading it ends in an answer, and soon. Seeds are fixed. */
import { describe, expect, it } from 'vitest'
import { isMalformed } from '../../src/core/identifiers.js'
import { decodeInvoice } from '../../src/l402/invoice.js'
import { craftInvoice, encodeBech32, USUAL_FIELDS } from '../support/craft-invoice.js'
import { fuzz, mutate, type Random } from '../support/fuzz.js'

const ASCII = Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)).join('')
const BOLT11 = craftInvoice()

describe('decodeInvoice', () => {
  it('text that looks like an invoice', () => {
    fuzz(6, 3_000, (random) => mutate(BOLT11, random, ASCII), decodeInvoice)
    const parts = ['ln', 'bc', 'tbs', '1', '9', 'n', 'p', 'q', 'z', 'B', ' ', '-']
    fuzz(7, 1_000, (random) => random.join(parts, 2_000), decodeInvoice)
  })

  it('signed invoices of any fields', () => {
    const field = (random: Random) => {
      const words = Array.from({ length: random.pick([0, 1, 7, 52, 53, random.below(80)]) }, () => random.below(32))
      return random.below(8) === 0
        ? { type: random.below(32), words, claimedLength: random.below(1024) }
        : { type: random.below(32), words }
    }
    let decoded = 0
    fuzz(
      8,
      1_000,
      (random) => {
        const extra = Array.from({ length: random.below(6) }, () => field(random))
        return craftInvoice({
          timestamp: random.below(2 ** 31),
          fields: random.below(4) === 0 ? extra : [...USUAL_FIELDS, ...extra],
        })
      },
      (bolt11) => {
        if (!isMalformed(decodeInvoice(bolt11))) decoded += 1
      },
    )
    expect(decoded).toBeGreaterThan(50)
  })

  it('a checksum that holds over any words', () => {
    fuzz(
      9,
      500,
      (random) =>
        encodeBech32(
          random.pick(['lnbc', 'lnbcrt1', 'lntbs20m']),
          Array.from({ length: 111 + random.below(300) }, () => random.below(32)),
        ),
      decodeInvoice,
    )
  })

  it('as many fields as fit', () => {
    for (const type of [0, 2, 3, 9, 31]) {
      const fields = Array.from({ length: 1_200 }, () => ({ type, words: [] }))
      fuzz(10, 3, () => craftInvoice({ fields: [...USUAL_FIELDS, ...fields] }), decodeInvoice)
    }
  })
})
