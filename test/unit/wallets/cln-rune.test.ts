/** Which methods does a rune allow? */
import { describe, expect, it } from 'vitest'
import { isMalformed } from '../../../src/core/identifiers.js'
import { createRuneText } from '../../../src/dev/wallets/cln.js'
import { parseRune } from '../../../src/wallets/cln-rune.js'

const allows = (restrictions: readonly string[], method: string): boolean => {
  const rune = parseRune(createRuneText(restrictions))
  if (isMalformed(rune)) throw new Error(rune.malformed)
  return rune.allows(method)
}

describe('a rune', () => {
  it.each([
    ['nothing restricts it', [], 'withdraw', true],
    ['the method is named', ['method=listinvoices|method=getinfo'], 'getinfo', true],
    ['another is named', ['method=listinvoices|method=getinfo'], 'pay', false],
    ['every restriction has to hold', ['method^list', 'method=listpays'], 'listinvoices', false],
    ['every restriction holds', ['method^list|method=getinfo', 'method/listpays'], 'listinvoices', true],
    ['the method is excluded', ['method/pay'], 'pay', false],
    ['an end is asked for', ['method$invoices'], 'listinvoices', true],
    ['a part is asked for', ['method~pay'], 'listpays', true],
    ['what is compared with is escaped', ['method=pay\\|method=xpay'], 'xpay', false],
    ['an alternative depends on the call', ['method=getinfo|time<1893456000'], 'pay', true],
    ['a parameter of a command is bound', ['method=pay', 'pnameamount_msat<10000'], 'pay', true],
    ['a number is asked of the method', ['method<5'], 'pay', false],
    ['a comment stands in it', ['method#for the till'], 'getinfo', true],
  ] as const)('where %s', (_, restrictions, method, expected) => {
    expect(allows(restrictions, method)).toBe(expected)
  })

  it.each([
    '',
    'short',
    `${'A'.repeat(50)}!`,
    Buffer.concat([Buffer.alloc(32), Buffer.from([0xff, 0xfe])]).toString('base64url'),
    'x'.repeat(20_000),
  ])('is not %j, and it is not repeated', (text) => {
    const read = parseRune(text)
    expect(isMalformed(read)).toBe(true)
    if (text !== '') expect(JSON.stringify(read)).not.toContain(text)
  })
})
