import { describe, expect, it } from 'vitest'
import { isMalformed } from '../../../src/core/identifiers.js'
import { decodeInvoice, type Invoice } from '../../../src/l402/invoice.js'
import {
  craftInvoice,
  CRAFTED_AT,
  CRAFTED_HASH,
  CRAFTED_PAYEE,
  descriptionField,
  encodeBech32,
  featureField,
  hashField,
  numberField,
  payeeField,
  secretField,
  USUAL_FIELDS,
  wordsOf,
  type Field,
} from '../../support/craft-invoice.js'

const decoded = (bolt11: string): Invoice => {
  const invoice = decodeInvoice(bolt11)
  if (isMalformed(invoice)) throw new Error(invoice.malformed)
  return invoice
}
const refusal = (bolt11: string): string => {
  const invoice = decodeInvoice(bolt11)
  return isMalformed(invoice) ? invoice.malformed : 'decoded'
}
const withFields = (...fields: Field[]): string => craftInvoice({ fields })
const usualAnd = (...fields: Field[]): string => craftInvoice({ fields: [...USUAL_FIELDS, ...fields] })

describe('decodeInvoice', () => {
  it('reads what an offer needs', () => {
    expect(decoded(craftInvoice())).toEqual({
      network: 'regtest',
      amountMsat: 21_000,
      paymentHash: CRAFTED_HASH,
      payee: CRAFTED_PAYEE,
      timestamp: CRAFTED_AT * 1000,
      expiresAt: (CRAFTED_AT + 3600) * 1000,
      description: 'L402',
      descriptionHash: null,
      minFinalCltv: 18,
    })
  })

  it.each([
    ['lnbc210n', 'mainnet', 21_000],
    ['lntb210n', 'testnet', 21_000],
    ['lntbs210n', 'signet', 21_000],
    ['lnbcrt210n', 'regtest', 21_000],
    ['lntbs', 'signet', null],
    ['lnbcrt', 'regtest', null],
    ['lnbc', 'mainnet', null],
    ['lnbc1', 'mainnet', 100_000_000_000],
    ['lnbc2500u', 'mainnet', 250_000_000],
    ['lnbc20m', 'mainnet', 2_000_000_000],
    ['lnbc10n', 'mainnet', 1_000],
    ['lnbc10p', 'mainnet', 1],
    ['lnbc9678785340p', 'mainnet', 967_878_534],
  ])('reads network and amount of %s', (hrp, network, amountMsat) => {
    expect(decoded(craftInvoice({ hrp }))).toMatchObject({ network, amountMsat })
  })

  it.each([
    ['a pico amount that is no whole msat', 'lnbc15p'],
    ['a leading zero', 'lnbc010n'],
    ['an amount of zero', 'lnbc0n'],
    ['an unknown multiplier', 'lnbc10x'],
    ['more bitcoin than there are', 'lnbc22000000'],
    ['a network of nobody', 'lnsb210n'],
    ['liquid', 'lnlq210n'],
    ['digits without end', `lnbc${'9'.repeat(3000)}n`],
    ['no ln', 'xxbc210n'],
  ])('refuses %s', (_, hrp) => {
    expect(refusal(craftInvoice({ hrp }))).not.toBe('decoded')
  })

  it('reads upper case, as QR codes have it, and refuses mixed case', () => {
    const bolt11 = craftInvoice()
    expect(decoded(bolt11.toUpperCase())).toEqual(decoded(bolt11))
    expect(refusal(bolt11.slice(0, 20) + bolt11.slice(20).toUpperCase())).not.toBe('decoded')
  })

  it('refuses one wrong character', () => {
    const bolt11 = craftInvoice()
    for (const at of [12, 60, bolt11.length - 20, bolt11.length - 1]) {
      const other = bolt11.charAt(at) === 'q' ? 'p' : 'q'
      expect(refusal(bolt11.slice(0, at) + other + bolt11.slice(at + 1))).not.toBe('decoded')
    }
  })

  it('refuses a signature that recovers to no key', () => {
    const words = [...Array<number>(7).fill(1), ...wordsOf(Buffer.alloc(65, 0xff))]
    expect(refusal(encodeBech32('lnbcrt210n', words))).not.toBe('decoded')
  })

  it('recovers another payee when the invoice is altered: the signature alone proves nothing', () => {
    const words = Array.from(craftInvoice().slice('lnbcrt210n1'.length, -6), (c) =>
      'qpzry9x8gf2tvdw0s3jn54khce6mua7l'.indexOf(c),
    )
    expect(decoded(encodeBech32('lnbcrt110n', words)).payee).not.toBe(CRAFTED_PAYEE)
  })

  it('takes an n field that names the recovered key and refuses another', () => {
    expect(decoded(usualAnd(payeeField())).payee).toBe(CRAFTED_PAYEE)
    expect(
      refusal(usualAnd(payeeField(`02${'79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'}`))),
    ).toMatch(/signature/)
  })

  it.each([
    ['a payment hash', withFields(secretField(), descriptionField()), /payment hash/],
    ['a payment secret', withFields(hashField(), descriptionField()), /payment secret/],
    ['a description', withFields(hashField(), secretField()), /description/],
  ])('refuses an invoice without %s', (_, bolt11, reason) => {
    expect(refusal(bolt11)).toMatch(reason)
  })

  it.each([1, 6, 13, 16, 23, 24])('refuses a second field of type %i, of which wallets choose differently', (type) => {
    const field: Field = { type, words: [1, 16, 23].includes(type) ? wordsOf(Buffer.alloc(32, 9)) : [1] }
    expect(refusal(withFields(hashField(), secretField(), field, field))).toMatch(/two fields/)
  })

  it('skips hashes of the wrong length, as BOLT11 demands, and takes the right one', () => {
    const wrong = { type: 1, words: wordsOf(Buffer.alloc(33, 7)) }
    const wrongHash = { type: 23, words: wordsOf(Buffer.alloc(31, 7)) }
    expect(decoded(withFields(wrong, wrongHash, ...USUAL_FIELDS)).paymentHash).toBe(CRAFTED_HASH)
  })

  it('refuses a field that claims more than there is', () => {
    expect(refusal(usualAnd({ type: 2, words: [1, 2], claimedLength: 1000 }))).toMatch(/longer/)
    expect(refusal(usualAnd({ type: 13, words: [], claimedLength: 900 }))).toMatch(/longer/)
  })

  it('skips field types of the future', () => {
    expect(decoded(usualAnd({ type: 2, words: [1, 2, 3] }, { type: 31, words: [] })).amountMsat).toBe(21_000)
  })

  it('reads expiry and final CLTV, whose defaults are 3600 s and 18 blocks', () => {
    const invoice = decoded(usualAnd(numberField(6, 86_400), numberField(24, 80)))
    expect(invoice).toMatchObject({ expiresAt: (CRAFTED_AT + 86_400) * 1000, minFinalCltv: 80 })
    expect(refusal(usualAnd({ type: 6, words: Array<number>(40).fill(31) }))).not.toBe('decoded')
  })

  it('reads a description hash and text beyond ASCII', () => {
    const hash = { type: 23, words: wordsOf(Buffer.alloc(32, 5)) }
    expect(decoded(withFields(hashField(), secretField(), hash))).toMatchObject({
      description: null,
      descriptionHash: '05'.repeat(32),
    })
    expect(decoded(withFields(hashField(), secretField(), descriptionField('ナンセンス 1杯'))).description).toBe(
      'ナンセンス 1杯',
    )
    expect(decoded(withFields(hashField(), secretField(), descriptionField(''))).description).toBe('')
    const noText = { type: 13, words: wordsOf(Buffer.of(0xff, 0xfe)) }
    expect(refusal(withFields(hashField(), secretField(), noText))).toMatch(/UTF-8/)
  })

  it.each([
    [8, 14],
    [8, 14, 16],
    [8, 15, 17],
    [9, 15, 25],
    [8, 14, 48, 262],
    [9, 15, 99],
    [9, 15, 101, 149, 151, 263],
  ])('accepts the features %i, %i and more that are known or optional', (...bits) => {
    expect(decoded(withFields(hashField(), secretField(), descriptionField(), featureField(...bits))).amountMsat).toBe(
      21_000,
    )
  })

  it.each([0, 2, 4, 6, 10, 12, 18, 20, 22, 26, 30, 46, 50, 100, 148, 150, 260, 264, 1000])(
    'refuses the unknown even feature %i',
    (bit) => {
      const bolt11 = withFields(hashField(), secretField(), descriptionField(), featureField(9, 15, bit))
      expect(refusal(bolt11)).toBe(`the invoice requires the unknown feature ${bit}`)
    },
  )

  it.each([
    ['nothing', ''],
    ['text', 'not an invoice'],
    ['a URI', `lightning:${craftInvoice()}`],
    ['100 kB', `lnbc1${'q'.repeat(100_000)}`],
    ['100 kB of digits', `lnbc${'1'.repeat(100_000)}`],
    ['a short string', 'lnbc1qqqqqq'],
    ['a lone signature', encodeBech32('lnbc', Array<number>(104).fill(1))],
    ['NUL', 'lnbc1\0'.padEnd(200, '\0')],
  ])('refuses %s without throwing', (_, input) => {
    expect(refusal(input)).not.toBe('decoded')
  })

  it('reads the example of BOLT11 with features 8, 14 and 99', () => {
    const bolt11 =
      'lnbc25m1pvjluezpp5qqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqqqsyqcyq5rqwzqfqypqdq5vdhkven9v5sxyetpdeessp5zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zyg3zygs9q5sqqqqqqqqqqqqqqqqsgq2a25dxl5hrntdtn6zvydt7d66hyzsyhqs4wdynavys42xgl6sgx9c4g7me86a27t07mdtfry458rtjr0v92cnmswpsjscgt2vcse3sgpz3uapa'
    expect(decoded(bolt11)).toMatchObject({
      network: 'mainnet',
      amountMsat: 2_500_000_000,
      paymentHash: '0001020304050607080900010203040506070809000102030405060708090102',
      payee: '03e7156ae33b0a208d0744199163177e909e80176e55d97a2f221ede0f934dd9ad',
      description: 'coffee beans',
    })
  })
})
